package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// outlived returns what Expire says of a session whose room has ended, when nothing was
// known of it after an instant.
func outlived(r room.Room, s room.Session, seen live.Timestamp) store.Ended {
	return store.Ended{Room: r.ID, Session: s, LastSeen: seen, At: r.Ended}
}

// Who is not known to have been there until the end was last seen when their lease was.
func endLeavesWhenTheyWereSeen(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	ann, _ := s.joinFor("r", stay("ann", "a"), 10*time.Second)
	clock.Advance(4 * time.Second)
	bob, _ := s.joinFor("r", stay("bob", "b"), time.Minute)
	s.renew("r", 20*time.Second, ann)
	seen := clock.Now()
	clock.Advance(15 * time.Second)
	r := s.end("r")
	if got, more := s.lapsed(10); len(got) != 0 || more {
		t.Fatalf("Expire = %+v, %v, before any lease is over", got, more)
	}
	clock.Advance(5 * time.Second)
	first := outlived(r, ann, seen)
	if got := s.allLapsed(); !slices.Equal(got, []store.Ended{first}) {
		t.Fatalf("Expire = %+v\nwant %+v", got, first)
	}
	clock.Advance(10 * time.Minute)
	all := []store.Ended{first, outlived(r, bob, bob.Joined)}
	if got := s.allLapsed(); !slices.Equal(got, all) {
		t.Fatalf("Expire = %+v\nwant %+v", got, all)
	}
	s.settle(all[:1])
	clock.Advance(10 * time.Minute)
	if got := s.allLapsed(); !slices.Equal(got, all[1:]) {
		t.Fatalf("Expire = %+v, when one is settled\nwant %+v", got, all[1:])
	}
	s.settle(all)
	clock.Advance(10 * time.Minute)
	if got := s.allLapsed(); len(got) != 0 {
		t.Errorf("Expire = %+v, when all are settled", got)
	}
}

// Who claims their session when the room has ended was there until then.
func endIsOutlivedByWhoRenews(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	ann := s.enter("r", "ann", "a")
	bob := s.enter("r", "bob", "b")
	stale := s.enter("r", "cy", "c")
	cy := s.enter("r", "cy", "c")
	clock.Advance(time.Second)
	r := s.end("r")
	clock.Advance(time.Second)
	claims := []store.Lease{
		store.LeaseOf(ann), {Session: "b", User: "bob"}, store.LeaseOf(stale), {Session: "a", User: "bob"}, {Session: "x", User: "ann"},
	}
	lost := s.renewAll("r", time.Hour, claims...)
	if len(lost) != len(claims) {
		t.Fatalf("Renew = %+v, want that all are lost", lost)
	}
	want := []store.Ended{outlived(r, ann, r.Ended), outlived(r, bob, r.Ended)}
	for i, l := range lost {
		if l.Lease != claims[i] || l.Resumed != (i == 2) || (l.Ended != nil) != (i < 2) || i < 2 && *l.Ended != want[i] {
			t.Errorf("%d: %+v, ended %+v", i, l, l.Ended)
		}
	}
	for _, again := range s.renewAll("r", time.Hour, claims...) {
		if again.Ended != nil {
			t.Errorf("again: %+v", again.Ended)
		}
	}
	s.settle(want[:1])
	clock.Advance(time.Hour) // as long as a backend may take
	if got := s.allLapsed(); !slices.Equal(got, []store.Ended{want[1], outlived(r, cy, cy.Joined)}) {
		t.Errorf("Expire = %+v, want %+v and cy's", got, want[1])
	}
}

// Whoever was there is nobody's business any more: they are not counted, do not come back and
// do not leave, and what is theirs stays as it was at the end.
func endLeavesNobody(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	ann, _ := s.joinFor("r", stay("ann", "a"), time.Second)
	s.joinFor("r", stay("bob", "b"), time.Second)
	s.apply("r", by("ann", batch("", seat("seat", "1"))))
	r := s.end("r")
	head := s.head("r")
	if _, _, err := s.Presence.Join(t.Context(), "r", stay("ann", "a"), time.Hour); !errors.Is(err, store.ErrRoomEnded) {
		t.Errorf("Join: %v", err)
	}
	for _, session := range []live.SessionID{"a", ""} {
		if got := s.depart(store.Departure{Room: "r", User: "ann", Session: session}); len(got) != 0 {
			t.Errorf("Leave = %+v", got)
		}
	}
	s.wantOnline("r", 0, 0)
	if got := s.members("r", "", 10); len(got) != 0 {
		t.Errorf("Members = %+v", got)
	}
	clock.Advance(time.Minute)
	if got := s.allLapsed(); len(got) != 2 || got[0] != outlived(r, ann, ann.Joined) {
		t.Errorf("Expire = %+v, want ann's session and bob's", got)
	}
	s.wantHead("r", head)
	if got := s.snapshot("r").Attributes; len(got) != 1 {
		t.Errorf("the room has %+v, want ann's seat", got)
	}
}

// However many there were, they are returned in portions.
func endIsToldInPortions(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	const many = 700
	for i := range many {
		s.joinFor("r", stay(live.UserID(fmt.Sprint(i%9)), live.SessionID(fmt.Sprint(i))), time.Second)
	}
	s.end("r")
	clock.Advance(time.Second)
	seen := make(map[live.SessionID]bool)
	for more := true; more; {
		var some []store.Ended
		if some, more = s.lapsed(50); len(some) > 50 {
			t.Fatalf("Expire returned %d", len(some))
		}
		for _, e := range some {
			if seen[e.ID] {
				t.Errorf("%q has ended twice", e.ID)
			}
			seen[e.ID] = true
		}
		s.settle(some)
	}
	if len(seen) != many {
		t.Errorf("%d have ended, want %d", len(seen), many)
	}
	clock.Advance(time.Hour)
	if got := s.allLapsed(); len(got) != 0 {
		t.Errorf("%d are returned again, though settled", len(got))
	}
}
