package visit_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/visit"
	"github.com/ovation-live/ovation/store"
)

// Every event is judged for itself: what breaks a rule is set aside at once, once, and says
// what is wrong.
func TestEventsAreJudgedOneAtATime(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		good := stay("ann", live.At(time.Now()))[0]
		tests := []struct {
			change func(*rules.Event)
			reason rules.SetAside
			detail string
		}{
			{func(e *rules.Event) { e.Room = "" }, rules.Malformed, "room_id"},
			{func(e *rules.Event) { e.Room = "-r" }, rules.Malformed, "room_id"},
			{func(e *rules.Event) { e.Room = live.RoomID(strings.Repeat("r", 65)) }, rules.Malformed, "room_id"},
			{func(e *rules.Event) { e.User = "" }, rules.Malformed, "user_id"},
			{func(e *rules.Event) { e.User = live.UserID(strings.Repeat("u", 129)) }, rules.Malformed, "user_id"},
			{func(e *rules.Event) { e.Session = "" }, rules.Malformed, "session_id"},
			{func(e *rules.Event) { e.Session = live.SessionID(strings.Repeat("s", 65)) }, rules.Malformed, "session_id"},
			{func(e *rules.Event) { e.Version = 0 }, rules.Malformed, "version"},
			{func(e *rules.Event) { e.At = 0 }, rules.Malformed, "at "},
			{func(e *rules.Event) { e.At = e.At.Add(6 * time.Minute) }, rules.InFuture, "future"},
		}
		events := []rules.Event{good}
		for _, tt := range tests {
			bad := good
			tt.change(&bad)
			events = append(events, bad)
		}
		for range 2 { // again is the same
			accepted, aside, err := n.Report(t.Context(), backend, events)
			if err != nil || accepted != 1 || len(aside) != len(tests) {
				t.Fatalf("Report = %d, %+v, %v", accepted, aside, err)
			}
			for i, tt := range tests {
				if a := aside[i]; a.Event != events[i+1] || a.Reason != tt.reason || !strings.Contains(a.Detail, tt.detail) || a.ID == "" {
					t.Errorf("%+v, want %v and %q", a, tt.reason, tt.detail)
				}
			}
		}
		all, _, err := n.Aside(t.Context(), backend, "", 100, "")
		if err != nil || len(all) != len(tests) {
			t.Errorf("%d are set aside, %v, want %d", len(all), err, len(tests))
		}
		pass(time.Second)
		if got := n.visits(t); len(got) != 1 {
			t.Errorf("visits: %+v", got)
		}
	})
}

// However long ids are, no more is kept of them than 256 bytes, in whole characters; and what
// was cut is not merged when it is replayed.
func TestLongIDsAreCut(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		good := stay("ann", live.At(time.Now()))[0]
		long := strings.Repeat("ä", 1<<16)
		tests := []struct{ came, kept rules.Event }{{good, good}, {good, good}, {good, good}, {good, good}}
		tests[0].came.User, tests[0].kept.User = live.UserID(long[:256]), live.UserID(long[:256])
		tests[1].came.User, tests[1].kept.User = live.UserID("u"+long), live.UserID("u"+long[:254])
		tests[2].came.Room, tests[2].kept.Room = live.RoomID("r"+long), live.RoomID("r"+long[:254])
		tests[3].came.Session, tests[3].kept.Session = live.SessionID(long), live.SessionID(long[:256])
		events := []rules.Event{good}
		for _, tt := range tests {
			events = append(events, tt.came)
		}
		accepted, aside, err := n.Report(t.Context(), backend, events)
		if err != nil || accepted != 1 || len(aside) != len(tests) {
			t.Fatalf("Report = %d, %d aside, %v", accepted, len(aside), err)
		}
		var ids []string
		for i, tt := range tests {
			if a := aside[i]; a.Event != tt.kept || a.Reason != rules.Malformed {
				t.Errorf("%d: %d, %d, %d bytes kept, %v", i, len(a.Event.Room), len(a.Event.User), len(a.Event.Session), a.Reason)
			}
			ids = append(ids, aside[i].ID)
		}
		merged, again, err := n.Replay(t.Context(), backend, ids)
		if err != nil || merged != 0 || len(again) != len(tests) {
			t.Errorf("Replay = %d, %d again, %v", merged, len(again), err)
		}
		pass(time.Second)
		if got := n.visits(t); len(got) != 1 {
			t.Errorf("%d visits, want 1", len(got))
		}
	})
}

func TestTooManyWait(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t, func(c *visit.Config) { c.MaxWaiting = 3 })
		b.truthAway.Store(true)
		n.report(t, stay("ann", live.At(time.Now())))
		var busy *visit.BusyError
		if _, _, err := n.Report(t.Context(), backend, stay("bob", live.At(time.Now()))); !errors.As(err, &busy) || busy.Retry() <= 0 {
			t.Errorf("Report = %v, want a BusyError", err)
		}
		n.join(t, "cy", "c", time.Hour) // sessions of the server are taken always
		b.truthAway.Store(false)
		pass(time.Minute)
		n.report(t, stay("bob", live.At(time.Now())))
		pass(time.Minute)
		if got := n.visits(t); len(got) != 3 {
			t.Errorf("visits: %+v", got)
		}
	})
}

func TestWhoMayAsk(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		host := auth.Principal{User: "h", Role: live.RoleHost, Rooms: []live.RoomID{"r"}}
		if _, err := n.Watch(t.Context(), host, visit.WatchQuery{Room: "r", User: "ann"}); err != nil {
			t.Errorf("a host in their room: %v", err)
		}
		for _, q := range []visit.WatchQuery{{User: "ann"}, {Room: "other"}} {
			if _, err := n.Watch(t.Context(), host, q); !errors.Is(err, auth.ErrRoleForbidden) && !errors.Is(err, auth.ErrRoomForbidden) {
				t.Errorf("a host of %+v: %v", q, err)
			}
		}
		if _, _, err := n.Report(t.Context(), host, stay("ann", 1)); !errors.Is(err, auth.ErrRoleForbidden) {
			t.Errorf("a host reports: %v", err)
		}
		if _, err := n.Watch(t.Context(), backend, visit.WatchQuery{Room: "none"}); !errors.Is(err, store.ErrRoomNotFound) {
			t.Errorf("a room that is not there: %v", err)
		}
		if _, err := n.Attendance(t.Context(), backend, visit.AttendanceQuery{Room: "none"}); !errors.Is(err, store.ErrRoomNotFound) {
			t.Errorf("a room that is not there: %v", err)
		}
		if _, _, err := n.List(t.Context(), backend, visit.Query{Room: "r", Size: 1, Token: "x"}); !errors.Is(err, page.ErrToken) {
			t.Errorf("a token that is none: %v", err)
		}
		for _, q := range []visit.WatchQuery{
			{Room: "r", From: 2, Until: 1},
			{Room: "r", Zone: "Mars/Olympus"},
			{Room: "r", Zone: "Local"},
			{Room: "r", ByDay: true, From: 1, Until: live.Timestamp(1).Add(367 * 24 * time.Hour)},
		} {
			var field *visit.FieldError
			if _, err := n.Watch(t.Context(), backend, q); !errors.As(err, &field) {
				t.Errorf("%+v: %v, want a FieldError", q, err)
			}
		}
	})
}

// Figures are of what was taken in before as_of, and say so.
func TestAttendanceSaysAsOfWhen(t *testing.T) {
	inBubble(t, func(t *testing.T, b *backing) {
		n := b.node(t)
		b.truthAway.Store(true)
		put := live.At(time.Now())
		n.report(t, stay("ann", put))
		pass(time.Hour)
		a, err := n.Attendance(t.Context(), backend, visit.AttendanceQuery{Room: "r"})
		if err != nil || a.AsOf > put || a.Visits != 0 {
			t.Errorf("%+v, %v; want it as of %d", a, err, put)
		}
		b.truthAway.Store(false)
		pass(time.Minute)
		a, err = n.Attendance(t.Context(), backend, visit.AttendanceQuery{Room: "r", Curve: true, Retention: true})
		if err != nil || a.AsOf != live.At(time.Now()) || a.Visits != 1 || a.Peak != 1 || len(a.Curve) == 0 || len(a.Retention) != 2 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}
