package redis_test

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// listener follows a room and keeps what it hears.
type listener struct {
	mu    sync.Mutex
	heard []store.Publication
}

func listen(tb testing.TB, s *redis.Store, id live.RoomID) *listener {
	tb.Helper()
	l := &listener{}
	stop, err := s.Follow(tb.Context(), id, l.hear)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(stop)
	return l
}

func (l *listener) hear(p store.Publication) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, p)
}

// until waits until something was heard.
func (l *listener) until(tb testing.TB, what string, is func(store.Publication) bool) (found store.Publication) {
	tb.Helper()
	eventually(tb, what, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, p := range l.heard {
			if is(p) {
				found = p
				return true
			}
		}
		return false
	})
	return found
}

// nothing says whether a publication tells only how far the room is.
func nothing(p store.Publication) bool {
	return p.Message == nil && p.Attributes == nil && p.Room == nil && p.Departure == nil
}

func TestFollowersHearAtOnceThatTheyMayHaveMissedSomething(t *testing.T) {
	t.Parallel()
	url := services.SharedRedis(t)
	cable := newCable(t, url)
	prefix := rand.Text() + ":"
	far, near := connect(t, redis.Config{URL: cable.URL(), Prefix: prefix}), connect(t, redis.Config{URL: url, Prefix: prefix})
	id := begin(t, near, 1)[0]
	l := listen(t, far, id)
	send(t, near, id, 0, 3)
	l.until(t, "the third message is heard", func(p store.Publication) bool { return p.Sequence == 3 })
	cable.cut()
	send(t, near, id, 3, 3)
	// What came while the subscription was away is not heard; where the room is, is.
	l.until(t, "the loss shows", func(p store.Publication) bool { return p.Sequence >= 6 })
	send(t, near, id, 6, 1)
	l.until(t, "what comes after is heard", func(p store.Publication) bool { return p.Sequence == 7 && p.Message != nil })
}

func TestFollowersHearOfAnotherLife(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	s := connect(t, redis.Config{URL: r.URL()})
	id := begin(t, s, 1)[0]
	l := listen(t, s, id)
	epoch := send(t, s, id, 0, 3).Epoch
	r.Restart(t)
	p := l.until(t, "another life is heard of", func(p store.Publication) bool { return p.Epoch != epoch })
	if head := back(t, s, id); !nothing(p) || p.Epoch != head.Cursor.Epoch || p.Sequence != 0 {
		t.Errorf("heard %+v, want that the room is at %+v", p, head)
	}
	send(t, s, id, 3, 1)
	l.until(t, "what comes after is heard", func(p store.Publication) bool { return p.Epoch != epoch && p.Message != nil })
}

func TestFollowersHearNothingOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	url := services.SharedRedis(t)
	var mu sync.Mutex
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(writer(func(b []byte) {
		mu.Lock()
		defer mu.Unlock()
		log.Write(b)
	}), nil))
	prefix := rand.Text() + ":"
	s := connect(t, redis.Config{URL: url, Prefix: prefix, Logger: logger})
	id := begin(t, s, 1)[0]
	l := listen(t, s, id)
	option, err := rueidis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rueidis.NewClient(option)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	publish := func(message string) {
		command := client.B().Spublish().Channel(prefix + "{" + string(id) + "}:bus").Message(message).Build()
		if err := client.Do(t.Context(), command).Error(); err != nil {
			t.Fatal(err)
		}
	}
	publish("?")
	publish("\x05\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x01epoch\x00\x00\x00\x01?")
	lost := l.until(t, "one is lost", func(p store.Publication) bool { return p.Epoch == "epoch" })
	if !nothing(lost) || lost.Sequence != 9 {
		t.Errorf("heard %+v, want nothing, of sequence 9", lost)
	}
	send(t, s, id, 0, 1)
	l.until(t, "what can be read is heard", func(p store.Publication) bool { return p.Message != nil })
	mu.Lock()
	defer mu.Unlock()
	if n := strings.Count(log.String(), "cannot be read"); n != 1 {
		t.Errorf("logged %d times, want once:\n%s", n, log.String())
	}
}

// writer is a function as an io.Writer.
type writer func([]byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

func TestFollowAgainWhileAnotherStops(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	id := begin(t, s, 1)[0]
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for range 25 {
				stop, err := s.Follow(t.Context(), id, func(store.Publication) {})
				if err != nil {
					t.Errorf("%d: %v", n, err)
					return
				}
				stop()
			}
		})
	}
	all.Wait()
	l := listen(t, s, id)
	place := send(t, s, id, 0, 1).Place
	p := l.until(t, "a message is heard", func(p store.Publication) bool { return p.Message != nil })
	if p.Message.Place() != place || p.Message.Bucket != feed.Low {
		t.Errorf("heard %+v, want the message at %+v", p, place)
	}
}

func TestNothingIsHeardOnceTheStoreIsClosed(t *testing.T) {
	t.Parallel()
	prefix := rand.Text() + ":"
	s := connect(t, redis.Config{URL: services.SharedRedis(t), Prefix: prefix})
	closed, err := redis.Open(t.Context(), redis.Config{URL: services.SharedRedis(t), Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	id := begin(t, s, 1)[0]
	l := &listener{}
	stop, err := closed.Follow(t.Context(), id, l.hear)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	other := listen(t, s, id)
	send(t, s, id, 0, 1)
	other.until(t, "another hears a message", func(p store.Publication) bool { return p.Message != nil })
	stop()
	if len(l.heard) != 0 {
		t.Errorf("heard %+v", l.heard)
	}
	if _, err := closed.Follow(t.Context(), id, l.hear); err == nil {
		t.Error("a closed store follows a room")
	}
}
