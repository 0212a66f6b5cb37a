package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

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

// payer pays for gifts, all of which can be paid.
type payer func(ctx context.Context, sends []gift.Send) error

// commit commits what comes, as much at once as waits.
func commit(b *testing.B, pay payer, queue <-chan *committing) (calls int) {
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
		err := pay(b.Context(), sends)
		for _, w := range waiting {
			w.done <- err
		}
	}
	return calls
}

// BenchmarkGifts is many senders who each wait for their gift to be durable before they send
// the next, to one receiver, on a Postgres that waits for its disk. Bare is what a payment costs
// at the least where many share a transaction: one statement that writes a row for each, by a
// key, and takes the coins from balances, with no rule but that these are not below zero.
func BenchmarkGifts(b *testing.B) {
	for _, senders := range []int{64, 1024} {
		b.Run(fmt.Sprint(senders, " senders"), func(b *testing.B) { benchGifts(b, senders, paidByTheStore) })
		b.Run(fmt.Sprint(senders, " senders, bare"), func(b *testing.B) { benchGifts(b, senders, paidBare) })
	}
}

// giverOf returns a giver.
func giverOf(i int) live.UserID { return live.UserID(fmt.Sprint("giver ", i)) }

// plenty is what each giver has.
const plenty = 1_000_000_000_000

// paidByTheStore pays as the store does.
func paidByTheStore(b *testing.B, url string, senders int) payer {
	b.Helper()
	s := openWith(b, postgres.Config{URL: url, Timeout: patience, MaxConns: 8})
	create(b, s, "r")
	for i := range senders {
		fund(b, s, string(giverOf(i)), plenty)
	}
	return func(ctx context.Context, sends []gift.Send) error {
		results, err := s.SendGifts(ctx, sends)
		for i := range results {
			err = errors.Join(err, results[i].Err)
		}
		return err
	}
}

// paidBare pays by one statement.
func paidBare(b *testing.B, url string, senders int) payer {
	b.Helper()
	pool, err := pgxpool.New(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	for _, do := range []string{
		"CREATE TABLE purses (owner text PRIMARY KEY, balance bigint NOT NULL CHECK (balance >= 0))",
		"CREATE TABLE payments (id text PRIMARY KEY, giver text NOT NULL, receiver text NOT NULL, coins bigint NOT NULL)",
		fmt.Sprintf("INSERT INTO purses SELECT 'giver ' || n, %d FROM generate_series(0, %d) AS n", plenty, senders-1),
	} {
		if _, err := pool.Exec(b.Context(), do); err != nil {
			b.Fatal(err)
		}
	}
	return func(ctx context.Context, sends []gift.Send) error {
		ids, givers, coins := make([]string, len(sends)), make([]string, len(sends)), make([]int64, len(sends))
		for i := range sends {
			ids[i] = gift.TransactionID(sends[i].Giver, sends[i].RequestID)
			givers[i], coins[i] = string(sends[i].Giver), sends[i].Coins()
		}
		_, err := pool.Exec(ctx, `
			WITH paid AS (
				INSERT INTO payments SELECT unnest($1::text[]), unnest($2::text[]), 'host', unnest($3::bigint[])
				ON CONFLICT DO NOTHING RETURNING giver, coins
			)
			UPDATE purses p SET balance = p.balance - s.coins
			FROM (SELECT giver, sum(coins) AS coins FROM paid GROUP BY giver ORDER BY giver) s WHERE p.owner = s.giver`,
			ids, givers, coins)
		return err
	}
}

// durable returns a database on a Postgres of its own, that is set as it is by itself.
func durable(b *testing.B) string {
	b.Helper()
	return services.NewPostgres(b, "fsync=on", "full_page_writes=on", "synchronous_commit=on", "max_wal_size=4GB",
		"shared_buffers=128MB").NewDatabase(b) // tests have less
}

func benchGifts(b *testing.B, senders int, by func(b *testing.B, url string, senders int) payer) {
	b.Helper()
	pay := by(b, durable(b), senders)
	queue := make(chan *committing, senders)
	var work, senderWork sync.WaitGroup
	var calls, left atomic.Int64
	for range committers {
		work.Go(func() { calls.Add(int64(commit(b, pay, queue))) })
	}
	left.Store(int64(b.N))
	b.ResetTimer()
	for i := range senders {
		senderWork.Go(func() {
			for n := 0; left.Add(-1) >= 0; n++ {
				w := &committing{send: rose(fmt.Sprint(n), "r", giverOf(i)), done: make(chan error, 1)}
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
