package redis_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
	"github.com/ovation-live/ovation/store/storetest"
)

// BenchmarkStore is the suite's benchmarks of every role.
func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, openReal) }

// BenchmarkAppend measures appends through Redis with all that goes with them: the rate's
// policy, what is remembered by client id, the ring, the publication. So many callers each
// wait for their receipt before they send again; each message has an id of its own.
//
//	go test ./store/redis -run '^$' -bench BenchmarkAppend/room/callers=512 -benchtime 3s
func BenchmarkAppend(b *testing.B) {
	for _, rooms := range []int{1, 1000} {
		for _, callers := range []int{1, 16, 64, 512} {
			b.Run(fmt.Sprintf("rooms=%d/callers=%d", rooms, callers), func(b *testing.B) {
				benchmarkAppend(b, rooms, callers)
			})
		}
	}
}

// roomy is limits that refuse nothing, however fast the machine.
var roomy = store.Limits{Limits: feed.Limits{Rate: 1 << 30, WhitelistRate: 1 << 30}, Revision: 1 << 40}

// begin hands rooms over that a store is to hold.
func begin(tb testing.TB, s *redis.Store, n int) []live.RoomID {
	tb.Helper()
	ids := make([]live.RoomID, n)
	for i := range ids {
		ids[i] = live.RoomID(fmt.Sprint("room ", i))
		r := room.Room{ID: ids[i], State: room.Live, Revision: 1, Settings: room.DefaultSettings()}
		if err := s.Begin(tb.Context(), r); err != nil {
			tb.Fatal(err)
		}
	}
	return ids
}

// text is a message as most are, with an id.
func text(n int64) feed.Draft {
	return feed.Draft{
		Content: feed.Content{
			Kind: feed.KindText, Sender: live.UserID(fmt.Sprint("user ", n%1000)), SenderName: "Somebody",
			Text: "A text of the length that most are of.", ClientMessageID: fmt.Sprint(n),
		},
		Bucket: feed.Low,
	}
}

func benchmarkAppend(b *testing.B, rooms, callers int) {
	b.Helper()
	s := connect(b, redis.Config{URL: services.SharedRedis(b)})
	ids := begin(b, s, rooms)
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				receipt, err := s.Append(b.Context(), ids[int(n)%len(ids)], text(n), roomy)
				if err != nil || receipt.Outcome != feed.Accepted {
					b.Errorf("%+v, %v", receipt, err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

// BenchmarkAppendAtRate measures how long an append takes at 5,000 a second, in one room and
// in many.
//
//	go test ./store/redis -run '^$' -bench AppendAtRate -benchtime 20000x
func BenchmarkAppendAtRate(b *testing.B) {
	for _, rooms := range []int{1, 1000} {
		b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) {
			s := connect(b, redis.Config{URL: services.SharedRedis(b)})
			ids := begin(b, s, rooms)
			b.ResetTimer()
			took := paced(b.Context(), b.N, 200*time.Microsecond, func(n int) {
				if _, err := s.Append(b.Context(), ids[n%len(ids)], text(int64(n)), roomy); err != nil {
					b.Error(err)
				}
			})
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
		})
	}
}

// paced calls n times, one call each period whether those before have returned or not, and
// returns how long each took from when it was due.
func paced(ctx context.Context, n int, period time.Duration, call func(n int)) []time.Duration {
	took := make([]time.Duration, n)
	var all sync.WaitGroup
	begun := time.Now()
	for i := range n {
		due := begun.Add(time.Duration(i) * period)
		for time.Now().Before(due) && ctx.Err() == nil {
			if ahead := time.Until(due); ahead > 100*time.Microsecond {
				time.Sleep(ahead)
			} else {
				runtime.Gosched()
			}
		}
		all.Go(func() {
			call(i)
			took[i] = time.Since(due)
		})
	}
	all.Wait()
	return took
}

// BenchmarkAppendCost measures what an append costs this process, its publication heard
// included, where few are under way at once: 200 a second into one room, 2,000 into ten.
//
//	go test ./store/redis -run '^$' -bench AppendCost -benchtime 2000x
func BenchmarkAppendCost(b *testing.B) {
	for _, rooms := range []int{1, 10} {
		b.Run(fmt.Sprintf("rooms=%d", rooms), func(b *testing.B) {
			s := connect(b, redis.Config{URL: services.SharedRedis(b)})
			ids := begin(b, s, rooms)
			var heard atomic.Int64
			for _, id := range ids {
				stop, err := s.Follow(b.Context(), id, func(store.Publication) { heard.Add(1) })
				if err != nil {
					b.Fatal(err)
				}
				defer stop()
			}
			b.ResetTimer()
			began := used(b)
			steady(b.N, 5*time.Millisecond/time.Duration(rooms), func(n int) {
				if _, err := s.Append(b.Context(), ids[n%len(ids)], text(int64(n)), roomy); err != nil {
					b.Error(err)
				}
			})
			for heard.Load() < int64(b.N) {
				runtime.Gosched()
			}
			b.ReportMetric(float64((used(b)-began).Microseconds())/float64(b.N), "cpu-us/append")
		})
	}
}

// steady calls n times, one call each period if it can, from a few goroutines that take turns
// and sleep in between: what paces costs little beside what is called.
func steady(n int, period time.Duration, call func(n int)) {
	const hands = 8
	var all sync.WaitGroup
	begun := time.Now()
	for hand := range hands {
		all.Go(func() {
			for i := hand; i < n; i += hands {
				time.Sleep(time.Until(begun.Add(time.Duration(i) * period)))
				call(i)
			}
		})
	}
	all.Wait()
}

// used returns the CPU time that this process has used.
func used(tb testing.TB) time.Duration {
	tb.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
