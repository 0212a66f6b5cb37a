package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// Every message is counted once, by what became of it, and every call of the store is
// timed.
func TestMessagesAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		h.change(t, room.SettingsChange{Rate: new(1)})
		send := func(user live.UserID, id string, role live.Role) {
			out := text("x")
			out.Content.ClientMessageID = id
			if _, err := h.Send(t.Context(), as(user, role), "r", out); err != nil {
				t.Fatal(err)
			}
		}
		send("u", "1", live.RoleViewer) // accepted
		send("u", "1", live.RoleViewer) // again
		send("u", "2", live.RoleViewer) // beyond the rate
		send("u", "3", live.RoleViewer) // and so without asking the store
		send("h", "4", live.RoleHost)
		h.change(t, room.SettingsChange{Rate: new(100), SlowMode: new(time.Minute)})
		time.Sleep(10 * time.Second)
		send("v", "5", live.RoleViewer)
		send("v", "6", live.RoleViewer) // too soon
		h.log.failure = store.ErrUnavailable
		if _, err := h.Send(t.Context(), as("w", live.RoleViewer), "r", text("x")); !errors.Is(err, store.ErrUnavailable) {
			t.Fatal(err)
		}
		h.log.failure = store.ErrRoomEnded
		if _, err := h.Send(t.Context(), as("w", live.RoleViewer), "r", text("x")); !errors.Is(err, store.ErrRoomEnded) {
			t.Fatal(err)
		}
		for name, want := range map[string]float64{
			`appends_total{bucket="low",outcome="accepted"}`:       2,
			`appends_total{bucket="low",outcome="duplicate"}`:      1,
			`appends_total{bucket="low",outcome="rate_limited"}`:   1,
			`appends_total{bucket="low",outcome="shed"}`:           1,
			`appends_total{bucket="low",outcome="slow_mode"}`:      1,
			`appends_total{bucket="low",outcome="failed"}`:         1,
			`appends_total{bucket="low",outcome="refused"}`:        1,
			`appends_total{bucket="whitelist",outcome="accepted"}`: 1,
			`append_seconds_count`:                                 float64(h.log.appends.Load()),
		} {
			if got := h.value(t, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	})
}

// The end of every stream is counted and logged, once, by why.
func TestStreamEndingsAreCounted(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("broken pipe")
	for reason, end := range map[string]func(t *testing.T, h house, leave func()){
		"disconnected":  func(_ *testing.T, _ house, leave func()) { leave() },
		"write_failed":  func(t *testing.T, h house, _ func()) { t.Helper(); h.speak(t) },
		"token_expired": func(*testing.T, house, func()) { time.Sleep(time.Hour) },
		"room_ended": func(t *testing.T, h house, _ func()) {
			t.Helper()
			if _, err := h.rooms.End(t.Context(), as("b", live.RoleBackend), "r"); err != nil {
				t.Fatal(err)
			}
		},
		"departed": func(t *testing.T, h house, _ func()) {
			t.Helper()
			if err := h.rooms.Leave(t.Context(), as("u", live.RoleViewer), "r", ""); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				w := &breaking{frames: make(frames, 1000)}
				if reason == "write_failed" {
					w.err = errBroken
				}
				over := make(chan error, 1)
				go func() { over <- h.follow(ctx, expiring(time.Hour), chat.Stream{Room: "r"}, w) }()
				<-w.frames // the welcome
				synctest.Wait()
				end(t, h, leave)
				err := <-over
				if got := h.value(t, fmt.Sprintf("stream_endings_total{reason=%q}", reason)); got != 1 {
					t.Errorf("counted %v, the stream ended with %v", got, err)
				}
				for _, want := range []string{"stream ended", "room_id=r", "session_id=", "reason=" + reason, "took_ms="} {
					if !strings.Contains(h.logs.String(), want) {
						t.Errorf("no %s in the log: %s", want, h.logs)
					}
				}
			})
		})
	}
}

// breaking is a writer that fails, if it is to, after the welcome.
type breaking struct {
	frames
	err     error
	written int
}

// WriteFrames implements hub.Writer.
func (b *breaking) WriteFrames(frames ...*wire.Frame) error {
	if b.written++; b.written > 1 && b.err != nil {
		return b.err
	}
	return b.frames.WriteFrames(frames...)
}

// speak says something in the room.
func (h house) speak(t *testing.T) {
	t.Helper()
	got, err := h.Send(t.Context(), as("v", live.RoleViewer), "r", text("x"))
	if err != nil || got.Outcome != feed.Accepted {
		t.Fatalf("%+v, %v", got, err)
	}
}
