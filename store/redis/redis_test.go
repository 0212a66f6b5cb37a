package redis_test

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/store/redis"
	"github.com/ovation-live/ovation/store/storetest"
)

func TestMain(m *testing.M) { services.Main(m, lateRefresh) }

// lateRefresh is what rueidis waits in before it looks at a cluster again: it does not look
// whether the client was closed meanwhile.
var lateRefresh = goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1")

// rooms is the directory of rooms over a store that holds copies alone: the truth is in
// memory, and handed over after every change.
type rooms struct {
	*memory.Store
	hot *redis.Store
	mu  sync.Mutex
}

func (r *rooms) CreateRoom(ctx context.Context, created room.Room, request string) (room.Room, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	created, err := r.Store.CreateRoom(ctx, created, request)
	if err == nil {
		err = r.hot.Begin(ctx, created)
	}
	return created, err
}

func (r *rooms) UpdateRoom(ctx context.Context, id live.RoomID, c room.Change) (room.Room, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed, err := r.Store.UpdateRoom(ctx, id, c)
	if err == nil {
		err = r.hot.Take(ctx, changed)
	}
	return changed, err
}

func (r *rooms) EndRoom(ctx context.Context, id live.RoomID) (room.Room, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ended, err := r.Store.EndRoom(ctx, id)
	if err == nil {
		err = r.hot.Take(ctx, ended)
	}
	return ended, err
}

// history is what the log holds: here nothing keeps what it drops.
type history struct{ log *redis.Store }

func (h history) History(
	ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int,
) ([]*feed.Message, error) {
	return h.log.Between(ctx, id, after, until, limit)
}

// connect opens a store under a prefix of its own until the test is over.
func connect(tb testing.TB, c redis.Config) *redis.Store {
	tb.Helper()
	if c.Prefix == "" {
		c.Prefix = rand.Text() + ":"
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute // machines may be slow; nothing here waits for it
	}
	if c.PutAgain == 0 {
		c.PutAgain = time.Nanosecond // nothing that these slots have was lost
	}
	s, err := redis.Open(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// backend is the store with its rooms, as the suite takes it.
func backend(s *redis.Store, options ...memory.Option) storetest.Backend {
	truth := memory.New(options...)
	return storetest.Backend{Set: store.Set{
		Rooms: &rooms{Store: truth, hot: s}, Sanctions: truth, Words: truth,
		Log: s, Attributes: s, Presence: s, Bus: s, History: history{s}, Nodes: s, Events: truth,
		Answers: s, Reports: s,
	}}
}

// open opens a store whose clock the suite moves.
func open(tb testing.TB) storetest.Backend {
	tb.Helper()
	clock := storetest.NewClock(live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)))
	s := connect(tb, redis.Config{URL: services.SharedRedis(tb), Clock: clock.Now})
	b := backend(s, memory.WithClock(clock.Now))
	b.Clock, b.Checks = clock, 10
	return b
}

// openReal opens a store on the server's clock.
func openReal(tb testing.TB) storetest.Backend {
	tb.Helper()
	return backend(connect(tb, redis.Config{URL: services.SharedRedis(tb)}))
}

// openCut is openReal with connections that the suite may cut.
func openCut(tb testing.TB) storetest.Backend {
	tb.Helper()
	cable := newCable(tb, services.SharedRedis(tb))
	b := backend(connect(tb, redis.Config{URL: cable.URL()}))
	b.Break, b.Checks = cable.cut, 5 // the other run does the most
	return b
}

// notTheCopys is what the truth of a room decides, and not those who hold a copy.
var notTheCopys = storetest.Exclude{
	Test:   "rooms/EndIsLaterThanEveryEntry",
	Reason: "when a room has ended is said by its backend of truth, here one that knows of no entries",
}

// here is the roles that Redis has a part in. Sanctions, words and events are whole in the
// memory beside it, whose own tests go through them.
var here = []string{
	"rooms", "log", "attributes", "presence", "bus", "follow", "history", "nodes", "answers", "reports",
	"log_races", "rooms_races", "attributes_races", "presence_races", "answers_races", "reports_races",
	"interrupted", "refusals",
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.RunRoles(t, open, here, notTheCopys)
}

func TestStoreOnTheServersClock(t *testing.T) {
	t.Parallel()
	storetest.RunRoles(t, openCut, here, notTheCopys)
}

// TestStoreWithoutCache: what is cached is a matter of how much is asked, not of what is
// answered.
func TestStoreWithoutCache(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t), NoCache: true, Replicas: 1})
	ids := begin(t, s, 2)
	for i := range int64(6) {
		id := ids[i%2] // of which one replica is held
		place := send(t, s, id, i, 1).Place
		for range 2 {
			batch, head, err := s.Recent(t.Context(), id, feed.Cursor{}, 10)
			if err != nil || head.Cursor.At[feed.Low] != place || len(batch.Messages) != int(i/2+1) {
				t.Errorf("%d: Recent = %d messages, %+v, %v; want all up to %+v", i, len(batch.Messages), head, err, place)
			}
		}
	}
}
