package redis_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
	"github.com/ovation-live/ovation/store/storetest"
)

// twice opens two stores over what is one, as two nodes do.
func twice(tb testing.TB, url string) (a, b *redis.Store) {
	tb.Helper()
	c := redis.Config{URL: url, Prefix: rand.Text() + ":"}
	return connect(tb, c), connect(tb, c)
}

// setting returns a batch by the host that sets keys, each to a value.
func setting(value string, keys ...string) store.AttributeUpdate {
	u := store.AttributeUpdate{
		Actor: attribute.Actor{User: "host", Privileged: true}, Limits: attribute.DefaultLimits(), Revision: 1,
	}
	for _, key := range keys {
		u.Updates = append(u.Updates, attribute.Update{Key: key, Value: []byte(value)})
	}
	return u
}

func update(tb testing.TB, s *redis.Store, id live.RoomID, u store.AttributeUpdate) store.AttributePosition {
	tb.Helper()
	at, err := s.UpdateAttributes(tb.Context(), id, u)
	if err != nil {
		tb.Fatalf("UpdateAttributes: %v", err)
	}
	return at
}

func snapshot(tb testing.TB, s *redis.Store, id live.RoomID, keys ...string) attribute.Snapshot {
	tb.Helper()
	delta, err := s.AttributeSnapshot(tb.Context(), id, keys)
	if err != nil || delta.Snapshot == nil {
		tb.Fatalf("AttributeSnapshot: %+v, %v", delta, err)
	}
	return *delta.Snapshot
}

func since(tb testing.TB, s *redis.Store, id live.RoomID, epoch live.Epoch, after live.Timestamp) store.AttributeDelta {
	tb.Helper()
	delta, err := s.AttributesSince(tb.Context(), id, epoch, after)
	if err != nil {
		tb.Fatalf("AttributesSince: %v", err)
	}
	return delta
}

// A node that has the map reads it without Redis, until somebody changes it.
func TestSnapshotsAreServedFromMemory(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t)
	a, b := twice(t, server.URL())
	id := begin(t, a, 1)[0]
	update(t, b, id, setting("1", "k", "l"))
	asked := func() int { return calls(t, server, "evalsha", "eval", "hmget") }
	quiet := func() int {
		before := asked()
		for range 50 {
			snapshot(t, a, id)
			snapshot(t, a, id, "k", "absent")
		}
		return asked() - before
	}
	snapshot(t, a, id)
	eventually(t, "100 snapshots are read without a call", func() bool { return quiet() == 0 })
	at := update(t, b, id, setting("2", "k"))
	eventually(t, "another's change is there", func() bool { return snapshot(t, a, id).Timestamp == at.Timestamp })
	for i := range 20 {
		at = update(t, a, id, setting(fmt.Sprint("mine ", i), "k"))
		if got := snapshot(t, a, id); got.Timestamp != at.Timestamp {
			t.Errorf("a snapshot at %d after the store's own change at %d", got.Timestamp, at.Timestamp)
		}
	}
}

// What a user leaves behind is gone at once for the store that let them leave.
func TestSnapshotsAreNeverBehindALeave(t *testing.T) {
	t.Parallel()
	a, b := twice(t, services.SharedRedis(t))
	id := begin(t, a, 1)[0]
	for i := range 20 {
		join(t, a, id, "ann", "s", time.Hour)
		seat := setting("1", "seat")
		seat.Updates[0].Own, seat.Updates[0].DeleteOnLeave, seat.Actor.User = true, true, "ann"
		update(t, []*redis.Store{a, b}[i%2], id, seat)
		snapshot(t, a, id)
		leave(t, a, store.Departure{Room: id, User: "ann"})
		if got := snapshot(t, a, id).Attributes; len(got) != 0 {
			t.Fatalf("%d: ann has left, and %+v", i, got)
		}
	}
}

// Two nodes that change one map lose nothing of each other's, and refuse nothing for what
// their own copy says wrongly.
func TestBatchesOfTwoNodes(t *testing.T) {
	t.Parallel()
	a, b := twice(t, services.SharedRedis(t))
	id := begin(t, a, 1)[0]
	const each = 50
	var refused atomic.Int64
	count := func(s *redis.Store) {
		for done := 0; done < each; {
			var n int
			var at live.Timestamp
			for _, held := range since(t, s, id, "", 0).Snapshot.Attributes {
				n, at = len(held.Value), held.Timestamp
			}
			u := setting(string(make([]byte, n+1)), "count")
			u.Updates[0].IfTimestamp = &at
			_, err := s.UpdateAttributes(t.Context(), id, u)
			var conflict *attribute.ConflictError
			switch {
			case err == nil:
				done++
			case errors.As(err, &conflict) && conflict.Timestamp > at:
				refused.Add(1)
			default:
				t.Errorf("UpdateAttributes: %v, after %d", err, at)
				return
			}
		}
	}
	both(func() { count(a) }, func() { count(b) })
	if n := len(snapshot(t, a, id).Attributes[0].Value); n != 2*each {
		t.Errorf("counted %d of %d, with %d refused", n, 2*each, refused.Load())
	}
	update(t, a, id, setting("", "key"))
	for i := range 20 { // b's copy is always behind
		at := update(t, a, id, setting(fmt.Sprint(i), "key")).Timestamp
		u := setting("b's", "key")
		u.Updates[0].IfTimestamp = &at
		update(t, b, id, u)
	}
}

// both calls two functions at once.
func both(f, g func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	g()
	<-done
}

// A batch that was answered is answered again so by any node, whatever has become of the
// map and whatever that node knows of it.
func TestRequestsAreRememberedForEveryNode(t *testing.T) {
	t.Parallel()
	a, b := twice(t, services.SharedRedis(t))
	id := begin(t, a, 1)[0]
	absent := live.Timestamp(0)
	u := setting("1", "k")
	u.RequestID, u.Updates[0].IfTimestamp = "request", &absent
	first := update(t, a, id, u)
	if again := update(t, b, id, u); again != first {
		t.Errorf("again: %+v, want %+v", again, first)
	}
	if again := update(t, a, id, u); again != first {
		t.Errorf("again where it was made, and the key is there: %+v, want %+v", again, first)
	}
	u.Updates[0].Value = []byte("2")
	if _, err := b.UpdateAttributes(t.Context(), id, u); !errors.Is(err, store.ErrRequestReused) {
		t.Errorf("another batch: %v, want ErrRequestReused", err)
	}
}

// What is remembered of requests is let go of.
func TestRequestsAreForgotten(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t)
	clock := storetest.NewClock(1_893_553_445_000_000)
	s := connect(t, redis.Config{URL: server.URL(), Prefix: "p:", Clock: clock.Now})
	id := begin(t, s, 1)[0]
	kept := func() (n int64) {
		for _, key := range []string{":requests0", ":requests1"} {
			count, _ := server.Do(t, "HLEN", "p:{"+string(id)+"}"+key).(int64)
			n += count
		}
		return n
	}
	for i := range 300 {
		u := setting(fmt.Sprint(i), "k")
		u.RequestID = fmt.Sprint(i)
		first := update(t, s, id, u)
		clock.Advance(10 * time.Second)
		if again := update(t, s, id, u); again != first {
			t.Fatalf("10 seconds later: %+v, want %+v", again, first)
		}
	}
	if n := kept(); n < 30 || n > 70 {
		t.Errorf("%d requests are kept where one comes each 10 seconds", n)
	}
}

// Readers who are far behind are brought on as well as those who are near.
func TestSinceOfALongLog(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	id := begin(t, s, 1)[0]
	truth, limits := attribute.NewMap(), attribute.DefaultLimits()
	limits.Log = 200
	places := []live.Timestamp{0}
	var epoch live.Epoch
	for i := range 150 {
		u := setting(fmt.Sprint(i), "a", fmt.Sprint("key ", i%7), fmt.Sprint("key ", 7+i%5))
		u.Updates = u.Updates[i%3:]
		u.Limits = limits
		plan, err := truth.Plan(u.Actor, limits, u.Updates)
		if err != nil {
			t.Fatal(err)
		}
		at := update(t, s, id, u)
		truth.Commit(plan, at.Timestamp, limits)
		epoch, places = at.Epoch, append(places, at.Timestamp, at.Timestamp-1)
	}
	for _, after := range places {
		want, ok := truth.Since(after)
		got := since(t, s, id, epoch, after)
		if ok != (got.Changes != nil) || ok && !reflect.DeepEqual(append([]attribute.Change{}, want.List...), got.Changes.List) {
			t.Fatalf("since %d: %+v, want %+v, %v", after, got.Changes, want, ok)
		}
		if !ok && !reflect.DeepEqual(*got.Snapshot, truth.Snapshot()) {
			t.Fatalf("since %d: %+v, want the whole map", after, got.Snapshot)
		}
	}
}

// A batch under later limits than the copy of the room has is told to whoever mends copies;
// one under earlier limits is under the room's own.
func TestLimitsOfAnotherRevision(t *testing.T) {
	t.Parallel()
	behind := make(chan live.RoomID, 10)
	s := connect(t, redis.Config{URL: services.SharedRedis(t), OnBehind: func(id live.RoomID) { behind <- id }})
	id := begin(t, s, 1)[0]
	u := setting("too long", "k")
	update(t, s, id, u)
	u.Revision, u.Updates[0].Key, u.Limits.ValueBytes = 0, "l", 1
	update(t, s, id, u)
	if len(behind) > 0 {
		t.Fatal("limits of the copy's revision, and before, are told")
	}
	u.Revision, u.Updates[0].Key = 2, "m"
	_, err := s.UpdateAttributes(t.Context(), id, u)
	var limit *attribute.LimitError
	if !errors.As(err, &limit) || limit.Key != "m" || limit.Max != 1 {
		t.Errorf("%v, want that m is too long", err)
	}
	if len(behind) != 1 || <-behind != id {
		t.Error("limits of a later revision are not told")
	}
}

// Whose Redis has started again goes on with the map that is left, in another epoch.
func TestAttributesOutliveAProcess(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	s := connect(t, redis.Config{URL: server.URL()})
	id := begin(t, s, 1)[0]
	first := update(t, s, id, setting("1", "k"))
	if got := snapshot(t, s, id); got.Timestamp != first.Timestamp {
		t.Fatalf("a snapshot at %d, want %d", got.Timestamp, first.Timestamp)
	}
	server.Kill()
	server.Start(t)
	var second store.AttributePosition
	eventually(t, "a batch is committed again", func() (done bool) {
		var err error
		second, err = s.UpdateAttributes(t.Context(), id, setting("2", "l"))
		return err == nil
	})
	if second.Epoch == first.Epoch || second.Timestamp <= first.Timestamp {
		t.Errorf("%+v after %+v, want another epoch and a later timestamp", second, first)
	}
	got, err := s.AttributeSnapshot(t.Context(), id, nil)
	if err != nil || got.Epoch != second.Epoch || len(got.Snapshot.Attributes) != 2 {
		t.Errorf("a snapshot %+v, %v; want both keys, in epoch %s", got, err, second.Epoch)
	}
	if delta := since(t, s, id, first.Epoch, first.Timestamp); delta.Snapshot == nil {
		t.Errorf("since the life before: %+v, want a snapshot", delta)
	}
	if delta := since(t, s, id, second.Epoch, first.Timestamp); delta.Changes == nil || len(delta.Changes.List) != 1 {
		t.Errorf("since within this life: %+v, want one change", delta)
	}
}

// A batch does not wait for ever for those before it.
func TestBatchesAreRefusedWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t)
	s := connect(t, redis.Config{URL: server.URL(), Timeout: 100 * time.Millisecond})
	id := begin(t, s, 1)[0]
	server.Pause(t)
	defer server.Resume(t)
	done := make(chan error, 20)
	for i := range cap(done) {
		go func() {
			_, err := s.UpdateAttributes(t.Context(), id, setting(fmt.Sprint(i), "k"))
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%v, want ErrUnavailable", err)
		}
	}
}
