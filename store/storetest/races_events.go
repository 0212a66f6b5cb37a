package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

var eventsRaces = []test{
	{"ReadersSkipNothing", readersSkipNothing},
	{"EventIsRecordedOnceByWhoever", eventIsRecordedOnceByWhoever},
	{"EventsInterruptedAreAllOrNone", eventsInterruptedAreAllOrNone},
}

var consumersRaces = []test{
	{"ConsumerAcknowledgedAtOnceIsAtTheLatest", consumerAcknowledgedAtOnceIsAtTheLatest},
	{"ConsumerIsOpenedOnce", consumerIsOpenedOnce},
	{"WebhookIsOneNodes", webhookIsOneNodes},
}

// readersSkipNothing reads while many append: whoever goes on from page to page sees all,
// each once, and those of each writer in its order. Some write much at once, which takes
// longer, and so begins before what is written sooner.
func readersSkipNothing(t *testing.T, s *rig) {
	const rounds = 20
	each := func(n int) int { return 1 + n%4*30 } // at once
	written := meanwhile(func() {
		parallel(crowd, func(n int) {
			room := live.RoomID(fmt.Sprint(n))
			for i := range rounds {
				several := make([]store.Event, each(n))
				for j := range several {
					several[j] = event(fmt.Sprint(n, " ", i*each(n)+j), room)
				}
				s.record(several...)
			}
		})
	})
	parallel(3, func(n int) {
		q := store.EventQuery{Limit: []int{50, 100_000, 100_000}[n]} // behind the writers, or at their heels
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
		for writer := range crowd {
			if got := seen[live.RoomID(fmt.Sprint(writer))]; got != rounds*each(writer) {
				t.Errorf("reader %d saw %d events of room %d, want %d", n, got, writer, rounds*each(writer))
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
	s.openAs("c", "owner", store.StartEarliest)
	parallel(crowd, func(n int) {
		for i := n; i < len(all); i += crowd {
			if c := s.acknowledge("c", all[i].Position); c.Acknowledged < all[i].Position {
				t.Errorf("having acknowledged %d it is at %d", all[i].Position, c.Acknowledged)
			}
		}
	})
	s.wantAt("c", all[len(all)-1].Position, 0)
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

func consumerIsOpenedOnce(t *testing.T, s *rig) {
	s.record(event("a", "r"))
	owners := make([]bool, crowd)
	parallel(crowd, func(n int) {
		s.openAs("c", fmt.Sprint(n), store.StartLatest)
		for range 5 {
			_, err := s.Consumers.KeepConsumer(t.Context(), "c", fmt.Sprint(n), time.Hour, 0)
			owners[n] = err == nil
		}
	})
	parallel(crowd, func(n int) {
		_, err := s.Consumers.KeepConsumer(t.Context(), "c", fmt.Sprint(n), time.Hour, 0)
		owners[n] = err == nil
	})
	if n := len(slices.DeleteFunc(owners, func(is bool) bool { return !is })); n != 1 {
		t.Errorf("%d are the owner, want one", n)
	}
}

func webhookIsOneNodes(t *testing.T, s *rig) {
	const hooks = 10
	for i := range hooks {
		s.putHook(fmt.Sprint("hook ", i), aWebhook, store.StartLatest)
	}
	got := make([][]store.ClaimedWebhook, crowd)
	parallel(crowd, func(n int) {
		for range 3 {
			got[n] = s.claimHooks(store.NodeID(fmt.Sprint(n)), 2, time.Hour)
		}
	})
	owners := make(map[string]int)
	for _, claimed := range got {
		for _, c := range claimed {
			owners[c.Name]++
		}
	}
	for i := range hooks {
		if name := fmt.Sprint("hook ", i); owners[name] != 1 {
			t.Errorf("%q is owned by %d nodes", name, owners[name])
		}
	}
}
