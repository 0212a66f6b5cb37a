package rooms_test

import (
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/rooms"
)

// subscribe opens a stream, and returns what ends it.
func (h house) subscribe(t *testing.T, s room.Session) (leave func()) {
	t.Helper()
	sub, _, err := h.hub.Subscribe(t.Context(), hub.Subscription{Room: "r", Session: s}, hub.NewBell())
	if err != nil {
		t.Fatal(err)
	}
	return func() { h.hub.Unsubscribe(sub) }
}

// What the keeper keeps is counted, and what it loses and ends.
func TestKeepingIsCounted(t *testing.T) {
	t.Parallel()
	keeping(t, func(t *testing.T, h house) {
		enter := func(user live.UserID, session live.SessionID) room.Session {
			t.Helper()
			got, _, err := h.Enter(t.Context(), as(user, live.RoleViewer), "r", session, rooms.StreamLease)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		a, b, c := enter("a", ""), enter("b", ""), enter("c", "")
		enter("d", "") // whom nobody keeps
		defer h.subscribe(t, a)()
		defer h.subscribe(t, b)()
		h.keeper.Pulled("r", "c", c.ID)
		time.Sleep(11 * time.Second) // one renewal
		for name, want := range map[string]float64{
			`sessions{by="stream"}`: 2, `sessions{by="pull"}`: 1, "leases_renewed_total": 3,
			`leases_lost_total{how="gone"}`: 0, `leases_lost_total{how="resumed"}`: 0, "sessions_expired_total": 0,
		} {
			if got := h.value(t, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		enter("a", a.ID) // elsewhere
		if err := h.Over(t.Context(), "r", b); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		for name, want := range map[string]float64{
			`sessions{by="pull"}`: 0, "sessions_expired_total": 1,
			`keeper_failures_total{task="renew"}`: 0, `keeper_failures_total{task="expire"}`: 0,
		} {
			if got := h.value(t, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		for _, name := range []string{`leases_lost_total{how="gone"}`, `leases_lost_total{how="resumed"}`} {
			if h.value(t, name) == 0 { // as often as their streams, which do not end here, are renewed
				t.Errorf("no %s", name)
			}
		}
	})
}
