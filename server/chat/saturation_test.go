package chat_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/chat"
)

// A saturated room sheds without asking the store, until the very moment at which the
// store accepts again, and in any second accepts as many as it may.
func TestSaturationIsExact(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.change(t, room.SettingsChange{Rate: new(10)})
		p := as("u", live.RoleViewer)
		accepted, shed := 0, 0
		for range 10_000 { // 10 s, a message a millisecond
			got, err := h.Send(t.Context(), p, "r", text("x"))
			switch {
			case err != nil:
				t.Fatal(err)
			case got.Outcome == feed.Accepted:
				accepted++
			case got.Outcome != feed.RateLimited || got.RetryAfter <= 0 || got.RetryAfter > time.Second:
				t.Fatalf("%+v", got)
			default:
				shed++
			}
			time.Sleep(time.Millisecond)
		}
		if accepted != 100 || shed != 9900 {
			t.Errorf("accepted %d, shed %d", accepted, shed)
		}
		if asked := h.log.appends.Load(); asked > 200 {
			t.Errorf("the store was asked %d times", asked)
		}
	})
}

// What the retry delay says is when the next is accepted, and not before.
func TestRetryAfterIsExact(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.change(t, room.SettingsChange{Rate: new(1)})
		p := as("u", live.RoleViewer)
		send := func() feed.Receipt {
			got, err := h.Send(t.Context(), p, "r", text("x"))
			if err != nil {
				t.Fatal(err)
			}
			return got.Receipt
		}
		send()
		for range 2 { // by the store, then without it
			time.Sleep(100 * time.Millisecond)
			wait := send().RetryAfter
			if wait <= 0 {
				t.Fatal("not shed")
			}
		}
		time.Sleep(send().RetryAfter - time.Microsecond)
		if got := send(); got.Outcome != feed.RateLimited {
			t.Errorf("too early: %+v", got)
		}
		time.Sleep(time.Microsecond)
		if got := send(); got.Outcome != feed.Accepted {
			t.Errorf("when it said: %+v", got)
		}
	})
}

func TestSaturationIsOfOneBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.change(t, room.SettingsChange{Rate: new(1)})
		image := chat.Outgoing{Content: feed.Content{Kind: feed.KindImage, Text: "x"}}
		for i, tt := range []struct {
			role live.Role
			out  chat.Outgoing
			want feed.Outcome
		}{
			{live.RoleViewer, text("x"), feed.Accepted},
			{live.RoleViewer, text("x"), feed.RateLimited},
			{live.RoleViewer, image, feed.Accepted}, // LOW is shed first
			{live.RoleViewer, image, feed.RateLimited},
			{live.RoleViewer, text("x"), feed.RateLimited},
			{live.RoleHost, text("x"), feed.Accepted}, // WHITELIST counts apart
		} {
			got, err := h.Send(t.Context(), as("u", tt.role), "r", tt.out)
			if err != nil || got.Outcome != tt.want {
				t.Errorf("%d: %+v, %v", i, got, err)
			}
		}
	})
}

func TestARaisedRateHoldsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.change(t, room.SettingsChange{Rate: new(1)})
		p := as("u", live.RoleViewer)
		for _, want := range []feed.Outcome{feed.Accepted, feed.RateLimited, feed.RateLimited} {
			if got, err := h.Send(t.Context(), p, "r", text("x")); err != nil || got.Outcome != want {
				t.Fatal(got, err)
			}
		}
		h.change(t, room.SettingsChange{Rate: new(2)})
		if got, err := h.Send(t.Context(), p, "r", text("x")); err != nil || got.Outcome != feed.Accepted {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// Who repeats a message that was accepted is told so, in a saturated room too.
func TestRepeatedInASaturatedRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.change(t, room.SettingsChange{Rate: new(1)})
		u, v := as("u", live.RoleViewer), as("v", live.RoleViewer)
		m := text("x")
		m.Content.ClientMessageID = "1"
		first, err := h.Send(t.Context(), u, "r", m)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, err := h.Send(t.Context(), v, "r", m); err != nil || got.Outcome != feed.RateLimited {
				t.Fatalf("another's: %+v, %v", got, err)
			}
			got, err := h.Send(t.Context(), u, "r", m)
			if err != nil || !got.Duplicate || got.Place != first.Place || got.Outcome != feed.Accepted {
				t.Errorf("repeated: %+v, %v", got, err)
			}
		}
	})
}

func TestASaturatedRoomThatEndsSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.change(t, room.SettingsChange{Rate: new(1)})
		p := as("u", live.RoleViewer)
		for range 2 {
			if _, err := h.Send(t.Context(), p, "r", text("x")); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.rooms.End(t.Context(), as("b", live.RoleBackend), "r"); err != nil {
			t.Fatal(err)
		}
		if got, err := h.Send(t.Context(), p, "r", text("x")); err == nil {
			t.Errorf("%+v", got)
		}
	})
}
