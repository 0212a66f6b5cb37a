package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// nodes is who has been announced. The zero value is empty and ready to use.
type nodes struct {
	mu    sync.Mutex
	known map[store.NodeID]announcement
}

// announcement is a node, and the instant from which it no longer counts.
type announcement struct {
	store.Node
	until live.Timestamp
}

// Announce implements store.Nodes.
func (s *Store) Announce(ctx context.Context, n store.Node, lease time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.nodes.mu.Lock()
	defer s.nodes.mu.Unlock()
	if s.nodes.known == nil {
		s.nodes.known = make(map[store.NodeID]announcement)
	}
	s.nodes.known[n.ID] = announcement{n, s.now().Add(lease)}
	return nil
}

// Withdraw implements store.Nodes.
func (s *Store) Withdraw(ctx context.Context, id store.NodeID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.nodes.mu.Lock()
	defer s.nodes.mu.Unlock()
	delete(s.nodes.known, id)
	return nil
}

// Nodes implements store.Nodes. What has lapsed is forgotten.
func (s *Store) Nodes(ctx context.Context) ([]store.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.nodes.mu.Lock()
	defer s.nodes.mu.Unlock()
	now := s.now()
	maps.DeleteFunc(s.nodes.known, func(_ store.NodeID, a announcement) bool { return a.until <= now })
	all := make([]store.Node, 0, len(s.nodes.known))
	for _, a := range s.nodes.known {
		all = append(all, a.Node)
	}
	slices.SortFunc(all, func(a, b store.Node) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}
