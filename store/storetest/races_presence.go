package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var presenceRaces = []test{
	{"SameSessionIsOneUsers", sameSessionIsOneUsers},
	{"UserIsGoneOnce", userIsGoneOnce},
	{"CountsComeBackToNobody", countsComeBackToNobody},
	{"WhoReturnsKeepsWhatTheyTake", whoReturnsKeepsWhatTheyTake},
	{"LastToJoinHoldsTheSession", lastToJoinHoldsTheSession},
	{"EndLosesNobody", endLosesNobody},
}

func sameSessionIsOneUsers(t *testing.T, s *rig) {
	s.create("r")
	var joined atomic.Int32
	parallel(crowd, func(i int) {
		_, _, err := s.Presence.Join(t.Context(), "r", stay(live.UserID(fmt.Sprint(i)), "s"), time.Hour)
		if err == nil {
			joined.Add(1)
		} else if !errors.Is(err, store.ErrSessionTaken) {
			t.Errorf("Join: %v", err)
		}
	})
	if n := joined.Load(); n != 1 {
		t.Errorf("joined for %d users", n)
	}
	s.wantOnline("r", 1, 1)
}

func userIsGoneOnce(t *testing.T, s *rig) {
	s.create("r")
	for i := range crowd {
		s.join("r", "ann", live.SessionID(fmt.Sprint(i)))
	}
	var gone atomic.Int32
	parallel(crowd, func(i int) {
		if s.leave("r", "ann", live.SessionID(fmt.Sprint(i))) {
			gone.Add(1)
		}
		if s.leave("r", "ann", "") {
			gone.Add(1)
		}
	})
	if n := gone.Load(); n != 1 {
		t.Errorf("gone %d times", n)
	}
	s.wantOnline("r", 0, 0)
}

func countsComeBackToNobody(t *testing.T, s *rig) {
	s.create("r")
	var gone atomic.Int32
	parallel(crowd, func(n int) {
		user := live.UserID(fmt.Sprint("user ", n/2)) // two of each
		for i := range 20 {
			session := live.SessionID(fmt.Sprint(n, " ", i))
			joined, _ := s.joinFor("r", stay(user, session), moment)
			s.renew("r", time.Hour, joined)
			if i%2 == 0 {
				s.renew("r", time.Microsecond, joined)
			}
			gone.Add(int32(len(s.expire(3)))) //nolint:gosec // small
			if s.leave("r", user, session) {
				gone.Add(1)
			}
		}
	})
	s.lapse()
	if left := s.expire(1000); len(left) != 0 {
		t.Errorf("Expire = %+v after all have left", left)
	}
	s.wantOnline("r", 0, 0)
	if n := gone.Load(); n < crowd/2 || n > 20*crowd {
		t.Errorf("users were gone %d times", n)
	}
}

// A user who leaves by one session and returns by another has the seat that they take
// then, whichever comes first.
func whoReturnsKeepsWhatTheyTake(t *testing.T, s *rig) {
	s.create("r")
	take := by("ann", batch("", seat("seat", "1")))
	for i := range 50 {
		before, after := live.SessionID(fmt.Sprint(i)), live.SessionID(fmt.Sprint(i+1))
		s.join("r", "ann", before)
		s.apply("r", take)
		parallel(2, func(n int) {
			if n == 0 {
				s.leave("r", "ann", before)
				return
			}
			s.join("r", "ann", after)
			s.apply("r", take)
		})
		if got := s.snapshot("r").Attributes; len(got) != 1 {
			t.Fatalf("%d: ann is there, and her seat is not", i)
		}
	}
	s.leave("r", "ann", "")
	if got := s.snapshot("r").Attributes; len(got) != 0 {
		t.Errorf("ann is gone, and left %+v", got)
	}
}

func lastToJoinHoldsTheSession(t *testing.T, s *rig) {
	s.create("r")
	var joined [crowd]room.Session
	parallel(crowd, func(i int) { joined[i] = s.enter("r", "ann", "s") })
	slices.SortFunc(joined[:], func(a, b room.Session) int { return cmp.Compare(a.Incarnation, b.Incarnation) })
	for i, stale := range joined[:crowd-1] {
		if stale.Incarnation == joined[i+1].Incarnation {
			t.Errorf("two incarnations are %d", stale.Incarnation)
		}
	}
	parallel(crowd-1, func(i int) {
		d := store.Departure{Room: "r", User: "ann", Session: "s", Incarnation: joined[i].Incarnation}
		if ended := s.depart(d); len(ended) != 0 {
			t.Errorf("a stale incarnation ended %+v", ended)
		}
	})
	if lost := s.renewAll("r", time.Hour, store.LeaseOf(joined[crowd-1])); len(lost) != 0 {
		t.Errorf("the last incarnation is lost: %+v", lost)
	}
}

// Whatever else happens while a room ends, every session ends once.
func endLosesNobody(t *testing.T, s *rig) {
	s.create("r")
	var mu sync.Mutex
	joined, ended := make(map[room.Incarnation]bool), make(map[room.Incarnation]store.Ended)
	tell := func(all ...store.Ended) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range all {
			if _, again := ended[e.Incarnation]; again {
				t.Errorf("%+v has ended twice", e)
			}
			ended[e.Incarnation] = e
		}
		s.settle(all)
	}
	parallel(crowd, func(n int) {
		user := live.UserID(fmt.Sprint(n % 5))
		for i := range 20 {
			if n == 0 && i == 10 {
				s.end("r")
			}
			session, _, err := s.Presence.Join(t.Context(), "r", stay(user, live.SessionID(fmt.Sprint(n, " ", i))), moment)
			if errors.Is(err, store.ErrRoomEnded) {
				break
			}
			if err != nil {
				t.Errorf("Join: %v", err)
				break
			}
			mu.Lock()
			joined[session.Incarnation] = true
			mu.Unlock()
			switch i % 4 {
			case 0:
				tell(s.depart(store.Departure{Room: "r", User: user, Session: session.ID})...)
			case 1:
				for _, l := range s.renewAll("r", moment, store.LeaseOf(session)) {
					if l.Ended != nil {
						tell(*l.Ended)
					}
				}
			case 2:
				some, _ := s.lapsed(3)
				tell(some...)
			}
		}
	})
	end := s.end("r").Ended
	s.eventually("all have ended", func() bool {
		some, _ := s.lapsed(100)
		tell(some...)
		return len(ended) >= len(joined)
	})
	for i, e := range ended {
		if !joined[i] || e.At == end && e.LastSeen > end {
			t.Errorf("%+v has ended, in a room that ended at %d", e, end)
		}
	}
	s.wantOnline("r", 0, 0)
}
