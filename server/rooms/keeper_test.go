package rooms_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// unended is presence whose lapsed sessions cannot be ended while it is away.
type unended struct {
	store.Presence
	away atomic.Bool
}

func (u *unended) Expire(ctx context.Context, limit int) ([]store.Ended, bool, error) {
	if u.away.Load() {
		return nil, false, store.ErrUnavailable
	}
	return u.Presence.Expire(ctx, limit)
}

// An outage of the store is in the log once, and its end.
func TestOutageIsLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := memory.New().Set()
		presence := &unended{Presence: set.Presence}
		set.Presence = presence
		h := open(t, set, 0)
		var log bytes.Buffer
		h.keeper = rooms.NewKeeper(h.Service, slog.New(slog.NewTextHandler(&log, nil)), nil)
		h.keep(t)
		for range 2 {
			presence.away.Store(true)
			time.Sleep(5500 * time.Millisecond)
			presence.away.Store(false)
			time.Sleep(5 * time.Second)
		}
		synctest.Wait()
		for _, line := range []string{"cannot end all lapsed sessions", "lapsed sessions are ended again"} {
			if got := strings.Count(log.String(), line); got != 2 {
				t.Errorf("%q is %d times in the log of two outages:\n%s", line, got, &log)
			}
		}
	})
}
