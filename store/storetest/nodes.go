package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

var nodesTests = []test{
	{"NodesAreInOrderOfIDBytes", nodesAreInOrderOfIDBytes},
	{"NodeIsAsAnnouncedLast", nodeIsAsAnnouncedLast},
	{"NodeWithdrawnIsGone", nodeWithdrawnIsGone},
	{"NodeLeaseIsOverAtItsInstant", nodeLeaseIsOverAtItsInstant},
	{"NodeLeaseIsTheLast", nodeLeaseIsTheLast},
	{"NodesAnnouncedAtOnceAreAllThere", nodesAnnouncedAtOnceAreAllThere},
	{"NodesAreAsAModelHasThem", nodesAreAsAModelHasThem},
}

func (s *rig) announce(n store.Node, lease time.Duration) {
	s.t.Helper()
	if err := s.Nodes.Announce(s.t.Context(), n, lease); err != nil {
		s.t.Fatalf("Announce: %v", err)
	}
}

func (s *rig) withdraw(id store.NodeID) {
	s.t.Helper()
	if err := s.Nodes.Withdraw(s.t.Context(), id); err != nil {
		s.t.Fatalf("Withdraw: %v", err)
	}
}

// wantNodes waits until these nodes are there, which may take a second.
func (s *rig) wantNodes(want ...store.Node) {
	s.t.Helper()
	var got []store.Node
	s.eventually(fmt.Sprintf("the nodes are %+v", want), func() bool {
		var err error
		got, err = s.Nodes.Nodes(s.t.Context())
		must(s, "Nodes", got, err)
		return slices.Equal(got, want)
	})
}

// nodeOf returns a node with something in every field.
func nodeOf(id store.NodeID) store.Node {
	return store.Node{
		ID: id, Endpoint: "https://" + string(id) + ".example.com", Viewers: 7,
		Started: live.Timestamp(1_893_553_445_000_001),
	}
}

func nodesAreInOrderOfIDBytes(_ *testing.T, s *rig) {
	s.wantNodes()
	ids := []store.NodeID{" ", "10", "9", "B", "a", "a b", "a:b", "a{b}", "\u00c4", "\u65e5", "\U0001F3A4"}
	slices.Sort(ids)
	want := make([]store.Node, len(ids))
	for i := range ids {
		at := (i * 5) % len(ids)
		want[at] = nodeOf(ids[at])
		s.announce(want[at], time.Hour)
	}
	s.wantNodes(want...)
}

func nodeIsAsAnnouncedLast(_ *testing.T, s *rig) {
	first := nodeOf("a")
	s.announce(first, time.Hour)
	s.wantNodes(first)
	last := store.Node{ID: "a", Draining: true}
	s.announce(last, time.Hour)
	s.wantNodes(last)
}

func nodeWithdrawnIsGone(_ *testing.T, s *rig) {
	s.withdraw("a")
	s.announce(nodeOf("a"), time.Hour)
	s.announce(nodeOf("b"), time.Hour)
	s.withdraw("a")
	s.withdraw("a")
	s.wantNodes(nodeOf("b"))
	s.announce(nodeOf("a"), time.Hour)
	s.wantNodes(nodeOf("a"), nodeOf("b"))
}

func nodeLeaseIsOverAtItsInstant(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.announce(nodeOf("a"), time.Hour)
	s.announce(nodeOf("b"), 2*time.Hour)
	clock.Advance(time.Hour - time.Millisecond)
	if got, err := s.Nodes.Nodes(t.Context()); err != nil || len(got) != 2 {
		t.Errorf("a millisecond before: %+v, %v", got, err)
	}
	clock.Advance(time.Millisecond)
	s.wantNodes(nodeOf("b"))
}

func nodeLeaseIsTheLast(_ *testing.T, s *rig) {
	s.announce(nodeOf("a"), moment)
	s.announce(nodeOf("b"), time.Hour)
	s.announce(nodeOf("a"), time.Hour)
	s.announce(nodeOf("b"), moment)
	s.lapse()
	s.wantNodes(nodeOf("a"))
}

func nodesAnnouncedAtOnceAreAllThere(_ *testing.T, s *rig) {
	want := make([]store.Node, crowd)
	for i := range want {
		want[i] = nodeOf(store.NodeID(fmt.Sprintf("node-%02d", i)))
	}
	parallel(crowd, func(i int) {
		for range 10 {
			s.announce(want[i], time.Hour)
		}
	})
	s.wantNodes(want...)
}

func nodesAreAsAModelHasThem(t *testing.T, s *rig) {
	id := rapid.SampledFrom([]store.NodeID{"a", "A", "b", "\u65e5"})
	s.check(t, func(t *rapid.T, s *rig, _ live.RoomID) {
		model := make(map[store.NodeID]store.Node)
		for _, id := range []store.NodeID{"a", "A", "b", "\u65e5"} { // what an earlier check left
			s.withdraw(id)
		}
		t.Repeat(map[string]func(*rapid.T){
			"announce": func(t *rapid.T) {
				n := store.Node{
					ID:       id.Draw(t, "id"),
					Endpoint: rapid.SampledFrom([]string{"", "http://a:1", `h"<&ttp`}).Draw(t, "endpoint"),
					Draining: rapid.Bool().Draw(t, "draining"),
					Viewers:  rapid.IntRange(0, 1<<40).Draw(t, "viewers"),
					Started:  live.Timestamp(rapid.Int64Range(0, 1<<53).Draw(t, "started")),
				}
				s.announce(n, time.Hour)
				model[n.ID] = n
			},
			"withdraw": func(t *rapid.T) {
				gone := id.Draw(t, "id")
				s.withdraw(gone)
				delete(model, gone)
			},
		})
		var want []store.Node
		for _, id := range []store.NodeID{"A", "a", "b", "\u65e5"} {
			if n, ok := model[id]; ok {
				want = append(want, n)
			}
		}
		s.wantNodes(want...)
	})
}

// nodesCalls is every method of Nodes.
var nodesCalls = []call{
	{"Announce", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return s.Nodes.Announce(ctx, nodeOf("new"), time.Hour)
	}},
	{"Withdraw", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return s.Nodes.Withdraw(ctx, "old")
	}},
	{"Nodes", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Nodes.Nodes(ctx)
		return err
	}},
}
