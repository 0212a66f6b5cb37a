package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

var eventsRaces = []test{
	{"ReadersSkipNothing", readersSkipNothing},
	{"EventIsRecordedOnceByWhoever", eventIsRecordedOnceByWhoever},
	{"ConsumerAcknowledgedAtOnceIsAtTheLatest", consumerAcknowledgedAtOnceIsAtTheLatest},
	{"EventsInterruptedAreAllOrNone", eventsInterruptedAreAllOrNone},
}

// readersSkipNothing reads while many append: whoever goes on from page to page sees all,
// each once, and those of each writer in its order.
func readersSkipNothing(t *testing.T, s *rig) {
	const each = 20
	written := meanwhile(func() {
		parallel(crowd, func(n int) {
			room := live.RoomID(fmt.Sprint(n))
			for i := range each {
				s.record(event(fmt.Sprint(n, " ", 2*i), room), event(fmt.Sprint(n, " ", 2*i+1), room))
			}
		})
	})
	parallel(3, func(n int) {
		q := store.EventQuery{Limit: 1 + 10*n}
		if n == 2 {
			q.Kinds = []store.EventKind{5} // all that there are
		}
		seen := make(map[live.RoomID]int)
		for over := false; ; {
			page := s.page(q)
			for _, e := range page.Events {
				if want := fmt.Sprint(e.Room, " ", seen[e.Room]); e.ID != want || e.Position <= q.After {
					t.Errorf("reader %d was at %d, and saw %q at %d, want %q", n, q.After, e.ID, e.Position, want)
					return
				}
				seen[e.Room]++
				q.After = e.Position
			}
			if q.After = page.Next; over && !page.More {
				break
			}
			select {
			case <-written:
				over = true
			default:
			}
		}
		if len(seen) != crowd {
			t.Errorf("reader %d saw events of %d rooms, want %d", n, len(seen), crowd)
		}
		for room, count := range seen {
			if count != 2*each {
				t.Errorf("reader %d saw %d events of room %q, want %d", n, count, room, 2*each)
			}
		}
	})
	<-written
}

func eventIsRecordedOnceByWhoever(_ *testing.T, s *rig) {
	want := []store.Event{event("a", "r"), event("b", "r"), event("c", "r")}
	parallel(crowd, func(int) {
		for range 5 {
			s.record(want...)
		}
	})
	s.wantEvents(s.events(store.EventQuery{Limit: 2}), want...)
}

func consumerAcknowledgedAtOnceIsAtTheLatest(t *testing.T, s *rig) {
	s.record(event("a", "r"))
	for i := range 4 * crowd {
		s.record(event(fmt.Sprint(i), "r"))
	}
	all := s.events(store.EventQuery{Limit: 100})
	parallel(crowd, func(n int) {
		for i := n; i < len(all); i += crowd {
			if at := s.acknowledge("c", all[i].Position); at < all[i].Position {
				t.Errorf("having acknowledged %d it is at %d", all[i].Position, at)
			}
		}
	})
	s.wantConsumer("c", true, all[len(all)-1].Position)
}

func eventsInterruptedAreAllOrNone(t *testing.T, s *rig) {
	parallel(4, func(n int) {
		for i := range 50 {
			a, b := event(fmt.Sprint(n, " ", i, " a"), "r"), event(fmt.Sprint(n, " ", i, " b"), "r")
			s.interrupted(i, func(ctx context.Context) error { return s.Events.AppendEvents(ctx, []store.Event{a, b}) })
		}
	})
	all := s.events(store.EventQuery{Limit: 7})
	for i := 0; i+1 < len(all); i += 2 {
		if half := len(all[i].ID) - 1; all[i].ID[:half] != all[i+1].ID[:half] {
			t.Errorf("%q is followed by %q", all[i].ID, all[i+1].ID)
		}
	}
	if len(all)%2 != 0 {
		t.Errorf("half of an append was recorded: %d events", len(all))
	}
}
