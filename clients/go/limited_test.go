package ovation

import (
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
)

// Who is over a limit waits as long as the server says, whatever they do, and does not
// give up.
func TestWaitsWhereLimited(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		const wait = 30 * time.Second
		var mu sync.Mutex
		refused := make(map[string]time.Time)
		once := func(what string) error {
			mu.Lock()
			defer mu.Unlock()
			first, ok := refused[what]
			if !ok {
				refused[what] = time.Now()
				return failure(connect.CodeResourceExhausted, ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED, wait)
			}
			if time.Since(first) < wait {
				t.Errorf("%s: again after %v", what, time.Since(first))
			}
			return nil
		}
		f.onJoin = func() error { return once("join") }
		f.onSend = func(int) error { return once("send") }
		f.onPull = func(*ovationv1.PullRequest) error { return once("pull") }
		f.onSubscribe = func(_ int, s *subscription) error {
			if err := once("subscribe"); err != nil {
				return err
			}
			return f.plainStream(s)
		}
		room := f.join()
		if r := next[*Reconnecting](t, room); r.After < wait {
			t.Errorf("told to wait %v, it waits %v", wait, r.After)
		}
		if _, err := room.SendText(t.Context(), "sent"); err != nil {
			t.Error(err)
		}
		f.say(feed.Low, "said")
		if got := read(t, room, 2); got[1] != "said" {
			t.Errorf("read %v", got)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, what := range []string{"join", "subscribe", "send", "pull"} {
			if refused[what].IsZero() {
				t.Errorf("%s was never refused", what)
			}
		}
	})
}
