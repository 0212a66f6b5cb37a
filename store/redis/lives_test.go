package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// patience is how long a test waits for what must happen.
const patience = time.Minute

// eventually waits until a condition holds.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-ticks.C {
		if time.Now().After(deadline) {
			tb.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// back waits until a store answers, and returns the head of a room.
func back(tb testing.TB, s *redis.Store, id live.RoomID) (head store.Head) {
	tb.Helper()
	eventually(tb, "the store answers", func() bool {
		var err error
		head, err = s.Head(tb.Context(), id)
		return err == nil
	})
	return head
}

// send appends messages and returns the last's receipt.
func send(tb testing.TB, s *redis.Store, id live.RoomID, from, n int64) (receipt feed.Receipt) {
	tb.Helper()
	for i := from; i < from+n; i++ {
		var err error
		receipt, err = s.Append(tb.Context(), id, text(i), roomy)
		if err != nil || receipt.Outcome != feed.Accepted {
			tb.Fatalf("Append = %+v, %v", receipt, err)
		}
	}
	return receipt
}

func TestRedisThatStartsAgainBeginsAnotherLife(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	s := connect(t, redis.Config{URL: r.URL()})
	id := begin(t, s, 1)[0]
	send(t, s, id, 0, 5)
	before, err := s.Head(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	held, _, err := s.Read(t.Context(), id, feed.Cursor{Epoch: before.Cursor.Epoch}, 3)
	if err != nil {
		t.Fatal(err)
	}
	r.Restart(t)
	after := back(t, s, id)
	want := store.Head{Heads: before.Heads, Ancestry: feed.Ancestry{before.Cursor}}
	want.Cursor.Epoch = after.Cursor.Epoch
	if after != want || after.Cursor.Epoch == before.Cursor.Epoch {
		t.Errorf("Head = %+v\nwant %+v in another epoch", after, want)
	}
	receipt := send(t, s, id, 5, 1)
	if receipt.Epoch != after.Cursor.Epoch || receipt.Place.Sequence != 6 {
		t.Errorf("Append = %+v, want the sixth, in the epoch %q", receipt, after.Cursor.Epoch)
	}
	again, err := s.Append(t.Context(), id, text(0), roomy)
	if err != nil || !again.Duplicate || again.Epoch != after.Cursor.Epoch || again.Place != held.Messages[0].Place() {
		t.Errorf("Append of the first again = %+v, %v; want its place", again, err)
	}
	rest, head, err := s.Read(t.Context(), id, held.Cursor, 10)
	if err != nil || rest.Resync || len(rest.Messages) != 3 || rest.Cursor != head.Cursor || head.Sequence != 1 {
		t.Errorf("Read on from the life before = %+v, %+v, %v; want the other three", rest, head, err)
	}
	r.Restart(t)
	twice := back(t, s, id)
	if twice.Ancestry != (feed.Ancestry{head.Cursor, before.Cursor}) {
		t.Errorf("after another start the ancestry is %+v, want %+v, then %+v", twice.Ancestry, head.Cursor, before.Cursor)
	}
}

func TestRedisThatStartsEmptyKnowsNoRoom(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL()})
	id := begin(t, s, 1)[0]
	old := send(t, s, id, 0, 3)
	r.RestartEmpty(t)
	eventually(t, "the store answers", func() bool {
		_, err := s.Head(t.Context(), id)
		return !errors.Is(err, store.ErrUnavailable)
	})
	for name, call := range map[string]func() error{
		"Head":   func() error { _, err := s.Head(t.Context(), id); return err },
		"Append": func() error { _, err := s.Append(t.Context(), id, text(9), roomy); return err },
		"Read":   func() error { _, _, err := s.Read(t.Context(), id, feed.Cursor{}, 9); return err },
		"Recent": func() error { _, _, err := s.Recent(t.Context(), id, feed.Cursor{}, 9); return err },
		"Follow": func() error { _, err := s.Follow(t.Context(), id, func(store.Publication) {}); return err },
	} {
		if err := call(); !errors.Is(err, store.ErrRoomNotFound) {
			t.Errorf("%s: %v, want ErrRoomNotFound", name, err)
		}
	}
	begin(t, s, 1)
	if receipt := send(t, s, id, 0, 1); receipt.Epoch == old.Epoch || receipt.Place.Sequence != 1 {
		t.Errorf("Append = %+v, want the first of another epoch than %q", receipt, old.Epoch)
	}
	if batch, _, err := s.Read(t.Context(), id, feed.Cursor{Epoch: old.Epoch}, 9); err != nil || !batch.Resync {
		t.Errorf("Read = %+v, %v; want to begin anew", batch, err)
	}
}

func TestRedisThatDoesNotAnswerIsNotWaitedForByEveryone(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Timeout: 2 * time.Second})
	id := begin(t, s, 1)[0]
	send(t, s, id, 0, 1)
	r.Pause(t)
	_, err := s.Append(t.Context(), id, text(1), roomy)
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("Append = %v, want ErrUnavailable", err)
	}
	eventually(t, "a call is turned away without waiting", func() bool {
		_, err := s.Head(t.Context(), id)
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("Head = %v, want ErrUnavailable", err)
		}
		return errors.Is(err, redis.ErrAway)
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Head(ctx, id); !errors.Is(err, context.Canceled) {
		t.Errorf("Head = %v, want the context's own error", err)
	}
	r.Resume(t)
	back(t, s, id)
	send(t, s, id, 2, 1)
}

func TestRedisThatRefusesToWorkIsUnavailable(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL()})
	id := begin(t, s, 1)[0]
	r.Do(t, "CONFIG", "SET", "maxmemory", "1")
	if _, err := s.Append(t.Context(), id, text(1), roomy); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("Append without memory: %v, want ErrUnavailable", err)
	}
	r.Do(t, "CONFIG", "SET", "maxmemory", "0")
	send(t, s, id, 1, 1)
	r.Do(t, "SCRIPT", "FLUSH")
	send(t, s, id, 2, 1)
}

func TestLimitsThatAreAheadAreTold(t *testing.T) {
	t.Parallel()
	told := make(chan live.RoomID, 10)
	s := connect(t, redis.Config{URL: services.SharedRedis(t), OnBehind: func(id live.RoomID) { told <- id }})
	id := begin(t, s, 1)[0]
	limits := store.Limits{Limits: roomy.Limits, Revision: 1}
	receipt, err := s.Append(t.Context(), id, text(1), limits)
	if err != nil || len(told) != 0 {
		t.Fatalf("%v, told %d times of limits of the copy's own revision", err, len(told))
	}
	limits.Revision = 2
	if _, err := s.Append(t.Context(), id, text(2), limits); err != nil || len(told) != 1 {
		t.Fatalf("%v, told %d times of later limits, want once", err, len(told))
	}
	recall := feed.Recall{Timestamp: receipt.Place.Timestamp, By: "host", Staff: true}
	if _, err := s.Recall(t.Context(), id, recall, limits); err != nil || len(told) != 2 {
		t.Fatalf("%v, told %d times, want of the recall too", err, len(told))
	}
	if of := <-told; of != id {
		t.Errorf("told of %q, want %q", of, id)
	}
}

// calls returns how many commands of some names a Redis has had, not counting those
// that scripts call: none of ours does.
func calls(tb testing.TB, r *services.Redis, names ...string) (n int) {
	tb.Helper()
	stats := fmt.Sprint(r.Do(tb, "INFO", "commandstats"))
	for _, name := range names {
		n += callsIn(tb, stats, name)
	}
	return n
}

func TestRecentAsksNothingWhileNothingChanges(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s, other := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"}), connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
	id := begin(t, s, 1)[0]
	send(t, s, id, 0, 20)
	recent := func(s *redis.Store) (feed.Batch, store.Head) {
		batch, head, err := s.Recent(t.Context(), id, feed.Cursor{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		return batch, head
	}
	recent(other)
	// A cached value lives for a second at most: some of these may ask for it again.
	before, begun := calls(t, r, "evalsha", "eval", "hmget"), time.Now()
	for range 1000 {
		if batch, _ := recent(other); len(batch.Messages) != 10 {
			t.Fatalf("%d messages, want 10", len(batch.Messages))
		}
	}
	asked, most := calls(t, r, "evalsha", "eval", "hmget")-before, 2+2*int(time.Since(begun)/time.Second)
	if asked > most {
		t.Errorf("1,000 reads of what does not change took %d calls, want %d at most", asked, most)
	}
	receipt := send(t, s, id, 20, 1)
	if _, head := recent(s); head.Cursor.At[feed.Low] != receipt.Place {
		t.Errorf("Recent is at %+v after this store's own message at %+v", head.Cursor, receipt.Place)
	}
	eventually(t, "another store has heard of the message", func() bool {
		_, head := recent(other)
		return head.Cursor.At[feed.Low] == receipt.Place
	})
}

// callsIn reads how often a command was called from a server's statistics.
func callsIn(tb testing.TB, stats, name string) (n int) {
	tb.Helper()
	_, rest, ok := strings.Cut(stats, "cmdstat_"+name+":calls=")
	if !ok {
		return 0
	}
	number, _, _ := strings.Cut(rest, ",")
	n, err := strconv.Atoi(number)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// What a node knows by its cache is asked again before a room counts as not there: it may
// have begun a moment ago.
func TestRecentFindsARoomThatHasJustBegun(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL()})
	id := begin(t, s, 1)[0]
	for range 200 {
		if _, _, err := s.Recent(t.Context(), id, feed.Cursor{}, 10); err != nil {
			t.Fatalf("Recent: %v", err)
		}
		r.Do(t, "FLUSHALL")
		eventually(t, "the room is not there", func() bool {
			_, _, err := s.Recent(t.Context(), id, feed.Cursor{}, 10)
			return errors.Is(err, store.ErrRoomNotFound)
		})
		begin(t, s, 1)
	}
}

// A look into an index answers as many rooms as it was asked for.
func TestManyRoomsAreDue(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
	var members []string
	for i := range 5000 {
		members = append(members, strconv.Itoa(i+1), fmt.Sprint("room ", i))
	}
	r.Do(t, append([]string{"ZADD", "p:{due:00}"}, members...)...)
	due, err := s.DueIn(t.Context(), 0, 5000)
	if err != nil || due != 5000 {
		t.Errorf("%d rooms are due, %v; want 5000", due, err)
	}
}
