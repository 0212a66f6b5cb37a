package redis

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

var (
	announceScript = load("announce")
	withdrawScript = load("withdraw")
	nodesScript    = load("nodes")
)

// nodesKey names a hash of the nodes. What is kept with it has the same tag, which no
// room has.
func (s *Store) nodesKey() string { return s.config.Prefix + "{%nodes}:nodes" }

// nodeRecord is what is kept of a node, for people to read too. Later builds read it.
type nodeRecord struct {
	Endpoint string         `json:"endpoint,omitempty"`
	Draining bool           `json:"draining,omitempty"`
	Viewers  int            `json:"viewers"`
	Started  live.Timestamp `json:"started"`
}

// Announce implements store.Nodes.
func (s *Store) Announce(ctx context.Context, n store.Node, lease time.Duration) error {
	encoded, err := json.Marshal(nodeRecord{n.Endpoint, n.Draining, n.Viewers, n.Started})
	if err != nil {
		return fmt.Errorf("redis: node: %w", err)
	}
	_, _, err = s.runOn(ctx, announceScript, s.nodesKey(), string(n.ID), decimal(lease.Microseconds()), string(encoded))
	return err
}

// Withdraw implements store.Nodes.
func (s *Store) Withdraw(ctx context.Context, id store.NodeID) error {
	_, _, err := s.runOn(ctx, withdrawScript, s.nodesKey(), string(id))
	return err
}

// Nodes implements store.Nodes. A node asks once a second: that is from no cache, which
// every node's announcement would empty, and it is by Redis' own clock.
func (s *Store) Nodes(ctx context.Context) ([]store.Node, error) {
	_, list, err := s.runOn(ctx, nodesScript, s.nodesKey())
	if err != nil {
		return nil, err
	}
	nodes := make([]store.Node, 0, len(list)/2)
	for pair := range slices.Chunk(list, 2) {
		n, err := nodeFrom(pair)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b store.Node) int { return cmp.Compare(a.ID, b.ID) })
	return nodes, nil
}

// nodeFrom reads a node from its id and its record.
func nodeFrom(pair []rueidis.RedisMessage) (store.Node, error) {
	if len(pair) != 2 {
		return store.Node{}, errMalformed
	}
	id, err := pair[0].ToString()
	if err != nil {
		return store.Node{}, err
	}
	var r nodeRecord
	if err := pair[1].DecodeJSON(&r); err != nil {
		return store.Node{}, fmt.Errorf("redis: node %q: %w", id, err)
	}
	return store.Node{
		ID: store.NodeID(id), Endpoint: r.Endpoint, Draining: r.Draining, Viewers: r.Viewers, Started: r.Started,
	}, nil
}
