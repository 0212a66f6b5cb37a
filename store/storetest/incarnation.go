package storetest

import (
	"slices"
	"testing"

	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

func leaveSaysWhatEnded(t *testing.T, s *rig) {
	s.create("r")
	one, another := s.enter("r", "ann", "one"), s.enter("r", "ann", "another")
	s.join("r", "bob", "b")
	first := s.depart(store.Departure{Room: "r", User: "ann", Session: "one"})
	if len(first) != 1 || first[0].Session != one || first[0].Room != "r" || first[0].Gone ||
		first[0].LastSeen < one.Joined || first[0].At < first[0].LastSeen {
		t.Errorf("Leave = %+v, want %+v", first, one)
	}
	second := s.depart(store.Departure{Room: "r", User: "ann", Reason: store.ReasonModerated})
	if len(second) != 1 || second[0].Session != another || !second[0].Gone {
		t.Errorf("Leave = %+v, want %+v, and ann gone", second, another)
	}
	if again := s.depart(store.Departure{Room: "r", User: "ann"}); len(again) != 0 {
		t.Errorf("again: %+v", again)
	}
}

func joinsAreIncarnations(t *testing.T, s *rig) {
	s.create("r")
	last := room.Incarnation(0)
	for i := range 6 {
		joined := s.enter("r", "ann", "s")
		if joined.Incarnation <= last {
			t.Errorf("joined as %d after %d", joined.Incarnation, last)
		}
		last = joined.Incarnation
		if i%2 == 1 {
			s.leave("r", "ann", "s")
		}
	}
	if other := s.enter("r", "ann", "other"); other.Incarnation <= last {
		t.Errorf("another session joined as %d after %d", other.Incarnation, last)
	}
}

func staleIncarnationEndsNothing(t *testing.T, s *rig) {
	s.create("r")
	stale := s.enter("r", "ann", "s")
	s.apply("r", by("ann", batch("", seat("seat", "1"))))
	for range 2 {
		present := s.enter("r", "ann", "s")
		head := s.head("r")
		for _, i := range []room.Incarnation{stale.Incarnation, present.Incarnation + 1} {
			d := store.Departure{Room: "r", User: "ann", Session: "s", Incarnation: i}
			if ended := s.depart(d); len(ended) != 0 {
				t.Errorf("incarnation %d ended %+v", i, ended)
			}
		}
		s.wantHead("r", head)
		s.wantOnline("r", 1, 1)
		ended := s.depart(store.Departure{Room: "r", User: "ann", Session: "s", Incarnation: present.Incarnation})
		if len(gone(ended)) != 1 {
			t.Errorf("the present incarnation ended %+v, want ann gone", ended)
		}
	}
}

func staleIncarnationShortensNothing(t *testing.T, s *rig) {
	s.create("r")
	stale := s.enter("r", "ann", "s")
	present := s.enter("r", "ann", "s")
	if lost := s.renewAll("r", moment, store.LeaseOf(stale)); !slices.Equal(lost, []store.Lost{{Lease: store.LeaseOf(stale), Resumed: true}}) {
		t.Errorf("Renew of a stale incarnation = %+v, want it lost, and resumed", lost)
	}
	s.lapse()
	if ended, _ := s.lapsed(10); len(ended) != 0 {
		t.Errorf("Expire = %+v, want that the lease was not shortened", ended)
	}
	if lost := s.renewAll("r", moment, store.LeaseOf(present)); len(lost) != 0 {
		t.Errorf("Renew of the present incarnation = %+v", lost)
	}
	s.lapse()
	if ended, _ := s.lapsed(10); len(ended) != 1 || ended[0].Session != present {
		t.Errorf("Expire = %+v, want %+v", ended, present)
	}
}
