package visit_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/visit"
)

// stay is the two events of a visit.
func stay(user live.UserID, at live.Timestamp) []rules.Event {
	enter := rules.Event{Room: "r", User: user, Session: "s", Version: 1, At: at}
	exit := enter
	exit.Version, exit.At = 2, at.Add(time.Minute)
	return []rules.Event{enter, exit}
}

func (n *node) report(t *testing.T, events []rules.Event) {
	t.Helper()
	if accepted, aside, err := n.Report(t.Context(), backend, events); err != nil || accepted != len(events) || len(aside) != 0 {
		t.Fatalf("Report = %d, %+v, %v", accepted, aside, err)
	}
}

// While what merges is away reports are taken all the same, and merged after.
func TestTruthAway(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n, other := b.node(t), b.node(t)
		b.truthAway.Store(true)
		for i := range 20 {
			n.report(t, stay(live.UserID(fmt.Sprint(i)), live.At(time.Now())))
		}
		pass(5 * time.Minute)
		if got := n.visits(t); len(got) != 0 {
			t.Fatalf("visits: %+v", got)
		}
		if got := n.value(t, "waiting_events"); got != 40 {
			t.Errorf("%v events wait, want 40", got)
		}
		b.truthAway.Store(false)
		pass(time.Minute)
		if got := n.visits(t); len(got) != 20 {
			t.Errorf("%d visits, want 20", len(got))
		}
		if got := n.value(t, "merged_events_total") + other.value(t, "merged_events_total"); got != 40 {
			t.Errorf("%v events were merged, want 40", got)
		}
	})
}

// What takes too long is merged in smaller steps.
func TestStepsThatTakeTooLongAreSmaller(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		b.slow.Store(500)
		n := b.node(t)
		const users = 6000
		for i := range users {
			n.report(t, stay(live.UserID(fmt.Sprint(i)), live.At(time.Now())))
		}
		pass(10 * time.Minute)
		if got := len(n.visits(t)); got != users {
			t.Errorf("%d visits, want %d", got, users)
		}
	})
}

// While nothing can be merged the log says so once, and not that it is over: that comes when
// something was merged.
func TestOutageOfMergingIsSaidOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		var log bytes.Buffer
		n := b.node(t, func(c *visit.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		said := func(failing, over int) {
			t.Helper()
			if s := log.String(); strings.Count(s, "visits cannot be merged") != failing || strings.Count(s, "visits are merged again") != over {
				t.Errorf("want it said %d times, and %d times that it is over:\n%s", failing, over, s)
			}
		}
		b.truthAway.Store(true)
		n.report(t, stay("ann", live.At(time.Now())))
		pass(5 * time.Minute)
		said(1, 0)
		b.truthAway.Store(false)
		pass(time.Minute)
		said(1, 1)
	})
}

// What spoils a batch is found and set aside; all else is merged. It can be replayed.
func TestSpoiltEventIsSetAside(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		bad := live.UserID("7")
		b.spoilt.Store(&bad)
		n := b.node(t)
		var all []rules.Event
		for i := range 50 {
			all = append(all, stay(live.UserID(fmt.Sprint(i)), live.At(time.Now()))...)
		}
		n.report(t, all)
		pass(time.Minute)
		if got := n.visits(t); len(got) != 49 {
			t.Errorf("%d visits, want 49", len(got))
		}
		aside, next, err := n.Aside(t.Context(), backend, "r", 10, "")
		if err != nil || next != "" || len(aside) != 2 || aside[0].Reason != rules.MergeFailed || aside[0].Event.User != bad {
			t.Fatalf("set aside: %+v, %v", aside, err)
		}
		ids := []string{aside[0].ID, aside[1].ID, "none"}
		if merged, again, err := n.Replay(t.Context(), backend, ids); err != nil || merged != 0 || len(again) != 2 || again[0].ID != ids[0] {
			t.Errorf("Replay = %d, %+v, %v", merged, again, err)
		}
		b.spoilt.Store(nil)
		if merged, again, err := n.Replay(t.Context(), backend, ids); err != nil || merged != 2 || len(again) != 0 {
			t.Errorf("Replay = %d, %+v, %v", merged, again, err)
		}
		if got := n.visits(t); len(got) != 50 {
			t.Errorf("%d visits, want 50", len(got))
		}
		if aside, _, err := n.Aside(t.Context(), backend, "", 10, ""); err != nil || len(aside) != 0 {
			t.Errorf("set aside still: %+v, %v", aside, err)
		}
	})
}

// What names a room that is not there is set aside, and merged once it is.
func TestReplayOnceTheRoomIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		events := stay("ann", live.At(time.Now()))
		for i := range events {
			events[i].Room = "later"
		}
		n.report(t, append(events, stay("bob", live.At(time.Now()))...))
		pass(5 * time.Second)
		aside, _, err := n.Aside(t.Context(), backend, "later", 10, "")
		if err != nil || len(aside) != 2 || aside[0].Reason != rules.RoomNotFound {
			t.Fatalf("set aside: %+v, %v", aside, err)
		}
		ids := []string{aside[0].ID, aside[1].ID}
		if merged, again, err := n.Replay(t.Context(), backend, ids); err != nil || merged != 0 || len(again) != 2 {
			t.Errorf("Replay = %d, %+v, %v", merged, again, err)
		}
		b.create(t, "later")
		if merged, again, err := n.Replay(t.Context(), backend, ids); err != nil || merged != 2 || len(again) != 0 {
			t.Errorf("Replay = %d, %+v, %v", merged, again, err)
		}
		w, err := n.Watch(t.Context(), backend, visit.WatchQuery{Room: "later"})
		if err != nil || w.Visits != 1 || w.Total != rules.Span(time.Minute.Microseconds()) {
			t.Errorf("Watch = %+v, %v", w, err)
		}
	})
}
