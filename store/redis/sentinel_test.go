package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// TestSentinel lets Sentinels replace the primary under a room that one node sends to and
// another follows: in good order, then because it is killed. The room goes on in another life,
// and the follower ends equal.
func TestSentinel(t *testing.T) {
	t.Parallel()
	const id = live.RoomID("room 0")
	r := services.NewSentinel(t)
	sender := connect(t, redis.Config{URL: r.URL(), Prefix: "s:"})
	follower := connect(t, redis.Config{URL: r.URL(), Prefix: "s:"})
	begin(t, sender, 1)
	m := newMirror(t, follower, id)
	for i, step := range []struct {
		name    string
		happens func(t *testing.T)
	}{
		{"a replica takes over in good order", func(t *testing.T) { r.Failover(t) }},
		{"the primary is killed", func(t *testing.T) { r.Kill(t) }},
	} {
		t.Run(step.name, func(t *testing.T) {
			stop := traffic(t, sender, id)
			more(t, sender, id, 50)
			receipts, _ := stop()
			last := send(t, sender, id, int64(2*i+1)<<40, 1)
			r.Await(t)
			step.happens(t)
			eventually(t, "another has taken over", func() bool {
				head, err := sender.Head(t.Context(), id)
				return err == nil && head.Cursor.At[feed.Low] == last.Place && head.Cursor.Epoch != last.Epoch
			})
			m.wantAll(t, append(receipts, last, send(t, sender, id, int64(2*i+2)<<40, 1)))
		})
	}
}

// Sentinels that ask who one is are told so by parameters of their own.
func TestSentinelsWithPasswords(t *testing.T) {
	t.Parallel()
	r := services.NewSentinel(t)
	for _, sentinel := range r.Sentinels {
		sentinel.Do(t, "ACL", "SETUSER", "guard", "on", ">hush", "+@all", "allchannels", "allkeys")
		sentinel.Do(t, "ACL", "SETUSER", "default", "off")
	}
	if s, err := redis.Open(t.Context(), redis.Config{URL: r.URL(), Timeout: 5 * time.Second}); err == nil {
		s.Close()
		t.Error("they let anybody in")
	} else if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("a stranger is told %v", err)
	}
	begin(t, connect(t, redis.Config{URL: r.URL() + "&sentinel_username=guard&sentinel_password=hush"}), 1)
}

// A Sentinel that is taken for a server is found out at once, and not by every call.
func TestSentinelThatIsTakenForAServer(t *testing.T) {
	t.Parallel()
	url, _, _ := strings.Cut(services.NewSentinel(t).URL(), "?")
	for _, uncached := range []bool{false, true} {
		s, err := redis.Open(t.Context(), redis.Config{URL: url, NoCache: uncached})
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, redis.ErrSentinel) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Open = %v, want ErrSentinel", err)
		}
	}
}
