package hub_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

// wakes is a Waker that counts.
type wakes struct{ n *atomic.Int64 }

// Wake implements hub.Waker.
func (w wakes) Wake() { w.n.Add(1) }

// crowd subscribes n viewers, all in the store's presence, and counts how often any
// of them is woken.
func (s *stage) crowd(n int) *atomic.Int64 {
	s.Helper()
	count := new(atomic.Int64)
	for i := range n {
		who := room.Session{ID: live.SessionID(userNumber(i)), User: userNumber(i)}
		enter(s, who)
		_, _, err := s.hub.Subscribe(s.ctx(), hub.Subscription{Room: theRoom, Session: who, Delivery: hub.Inline}, wakes{count})
		s.must(err)
	}
	passing(time.Second)
	count.Store(0)
	return count
}

// Whoever leaves is told; those who stay have nothing to hear of it.
func TestDeparturesWakeNobodyElse(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		woken := s.crowd(100)
		for i := range 20 {
			_, err := s.store.now().Leave(s.ctx(), store.Departure{Room: theRoom, User: userNumber(i)})
			s.must(err)
			passing(time.Millisecond)
		}
		if got := woken.Load(); got != 20 {
			s.Fatalf("20 departures woke %d times", got)
		}
	})
}

func TestEverybodyIsWokenOnceForWhatConcernsAll(t *testing.T) {
	t.Parallel()
	title := "another"
	for name, do := range map[string]func(*stage){
		"a change": func(s *stage) { s.change(room.Change{Title: &title}) },
		"a count":  func(s *stage) { s.hub.SetOnline(theRoom, room.Online{Users: 7}) },
		"the end":  (*stage).end,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				woken := s.crowd(100)
				do(s)
				passing(time.Second)
				if got := woken.Load(); got != 100 {
					s.Fatalf("woke %d times", got)
				}
				_, err := s.store.now().Leave(s.ctx(), store.Departure{Room: theRoom, User: "user 1"})
				s.must(err)
				passing(time.Second)
				if got := woken.Load(); got > 101 {
					s.Fatalf("a departure afterwards woke %d times", got-100)
				}
			})
		})
	}
}
