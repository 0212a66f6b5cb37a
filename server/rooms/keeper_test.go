package rooms_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
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

// unrenewed is presence that renews nothing while it is away, and notes what has ended.
type unrenewed struct {
	store.Presence
	away  atomic.Bool
	ended sync.Map // store.Ended by user
}

func (u *unrenewed) Expire(ctx context.Context, limit int) ([]store.Ended, bool, error) {
	ended, more, err := u.Presence.Expire(ctx, limit)
	for _, e := range ended {
		u.ended.Store(e.User, e)
	}
	return ended, more, err
}

func (u *unrenewed) Renew(
	ctx context.Context, leases map[live.RoomID][]store.Lease, term time.Duration,
) (map[live.RoomID][]store.Lost, error) {
	if u.away.Load() {
		return nil, store.ErrUnavailable
	}
	return u.Presence.Renew(ctx, leases, term)
}

// Who was in a room until its end is told as soon as the store can be told, and who pulls
// after it too.
func TestOutlived(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := memory.New().Set()
		presence := &unrenewed{Presence: set.Presence}
		set.Presence = presence
		h := open(t, set, 0)
		h.create(t, "r")
		enter := func(user live.UserID) room.Session {
			s, _, err := h.Enter(t.Context(), as(user, live.RoleViewer), "r", "", rooms.StreamLease)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		ann, bob := enter("ann"), enter("bob")
		gone, stale := enter("gone"), enter("cy")
		if _, _, err := h.Enter(t.Context(), as("cy", live.RoleViewer), "r", stale.ID, rooms.StreamLease); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r, err := h.End(t.Context(), backend, "r")
		if err != nil {
			t.Fatal(err)
		}
		presence.away.Store(true)
		h.keep(t)
		h.keeper.Outlived("r", ann)
		h.keeper.Outlived("r", stale)
		time.Sleep(5 * time.Second)
		presence.away.Store(false)
		h.keeper.Pulled("r", "bob", bob.ID)
		time.Sleep(2 * time.Minute)
		want := map[live.UserID]live.Timestamp{"ann": r.Ended, "bob": r.Ended, "gone": gone.Joined, "cy": gone.Joined}
		for user, at := range want {
			if e, _ := presence.ended.Load(user); e == nil || e.(store.Ended).LastSeen != at {
				t.Errorf("%+v of %s has ended, want it last seen at %d", e, user, at)
			}
		}
		if h.value(t, `keeper_failures_total{task="renew"}`) < 4 || h.value(t, `leases_lost_total{how="gone"}`) > 1 {
			t.Error("what failed is not counted, or what did not is")
		}
	})
}
