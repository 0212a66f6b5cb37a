package postgres_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// committers is how many commit at once, and atOnce how many sends each takes.
const (
	committers = 2
	atOnce     = 512
)

// committing is a send that waits for its commit.
type committing struct {
	send gift.Send
	done chan error
}

// commit commits what comes, as much at once as waits.
func commit(b *testing.B, s *postgres.Store, queue <-chan *committing) (calls int) {
	b.Helper()
	for first := range queue {
		waiting := []*committing{first}
		for more := true; more && len(waiting) < atOnce; {
			select {
			case next, open := <-queue:
				if more = open; open {
					waiting = append(waiting, next)
				}
			default:
				more = false
			}
		}
		sends := make([]gift.Send, len(waiting))
		for i, w := range waiting {
			sends[i] = w.send
		}
		calls++
		results, err := s.SendGifts(b.Context(), sends)
		for i, w := range waiting {
			if err == nil {
				w.done <- results[i].Err
			} else {
				w.done <- err
			}
		}
	}
	return calls
}

// BenchmarkGifts is many senders who each wait for their gift to be durable before they send
// the next, to one receiver, on a Postgres that waits for its disk.
func BenchmarkGifts(b *testing.B) {
	for _, senders := range []int{64, 1024} {
		b.Run(fmt.Sprint(senders, " senders"), func(b *testing.B) { benchGifts(b, senders) })
	}
}

func benchGifts(b *testing.B, senders int) {
	b.Helper()
	server := services.NewPostgres(b, "fsync=on", "full_page_writes=on", "synchronous_commit=on", "max_wal_size=4GB",
		"shared_buffers=128MB") // what it has by itself; tests have less
	s := openWith(b, postgres.Config{URL: server.NewDatabase(b), Timeout: patience, MaxConns: 8})
	create(b, s, "r")
	for i := range senders {
		fund(b, s, fmt.Sprint("giver ", i), 1_000_000_000_000)
	}
	queue := make(chan *committing, senders)
	var work, senderWork sync.WaitGroup
	var calls, left atomic.Int64
	for range committers {
		work.Go(func() { calls.Add(int64(commit(b, s, queue))) })
	}
	left.Store(int64(b.N))
	b.ResetTimer()
	for i := range senders {
		senderWork.Go(func() {
			giver := live.UserID(fmt.Sprint("giver ", i))
			for n := 0; left.Add(-1) >= 0; n++ {
				w := &committing{send: rose(fmt.Sprint(n), "r", giver), done: make(chan error, 1)}
				queue <- w
				if err := <-w.done; err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	senderWork.Wait()
	b.StopTimer()
	close(queue)
	work.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sends/s")
	b.ReportMetric(float64(b.N)/float64(calls.Load()), "sends/call")
}

// BenchmarkSettleGifts settles what many have given to one receiver.
func BenchmarkSettleGifts(b *testing.B) {
	const givers, each = 1000, 10
	s := open(b)
	create(b, s, "r")
	for i := range givers {
		fund(b, s, fmt.Sprint("giver ", i), 1_000_000_000_000)
	}
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		for i := range givers {
			sends := make([]gift.Send, each)
			for k := range sends {
				sends[k] = rose(fmt.Sprint(n, " ", k), "r", live.UserID(fmt.Sprint("giver ", i)))
			}
			give(b, s, sends...)
		}
		b.StartTimer()
		done, err := s.SettleGifts(b.Context(), 0, givers*each, func(gift.Settlement, []gift.Goal) []store.Event { return nil })
		if err != nil || done.Sends != givers*each {
			b.Fatal(done, err)
		}
	}
	b.ReportMetric(float64(b.N*givers*each)/b.Elapsed().Seconds(), "sends/s")
}
