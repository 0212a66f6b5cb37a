package quiz_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/redis"
)

// manyAnswers is how many answers a question has whose tallies are waited for.
const manyAnswers = 100_000

// BenchmarkTallies measures how long after a question of 100,000 answers has closed its
// tallies are there, and everybody is evaluated. It waits for a real window each time.
//
//	go test ./server/quiz -run '^$' -bench Tallies -benchtime 3x
func BenchmarkTallies(b *testing.B) {
	b.Run("store=embedded", func(b *testing.B) { benchmarkTallies(b, newSet(b), 0) })
	b.Run("store=shared", func(b *testing.B) { benchmarkTallies(b, newSharedSet(b), 5*time.Millisecond) })
}

func benchmarkTallies(b *testing.B, set store.Set, pace time.Duration) {
	b.Helper()
	s := node(b, set, func(c *quiz.Config) { c.Pace, c.Volatile = pace, pace > 0 })
	var shards [rules.Shards][]live.UserID
	for i := range manyAnswers {
		user := live.UserID(fmt.Sprintf("player-%07d", i))
		shards[rules.ShardOf(user)] = append(shards[rules.ShardOf(user)], user)
	}
	var all []time.Duration
	for b.Loop() {
		all = append(all, talliesAfter(b, s, set, rules.Ref{Room: "r", Quiz: rules.ID(strings.ToLower(rand.Text()))}, &shards))
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Milliseconds()), "ms-after-close")
	b.ReportMetric(float64(all[len(all)-1].Milliseconds()), "ms-after-close-slowest")
}

// talliesAfter asks a question, has it answered, and says how long after no answer can come
// any more everybody is evaluated.
func talliesAfter(
	b *testing.B, s *quiz.Service, set store.Set, ref rules.Ref, shards *[rules.Shards][]live.UserID,
) time.Duration {
	b.Helper()
	r := rules.DefaultRules()
	r.AnswerWindow, r.TicketGrace = 4*time.Second, 0
	draft := quiz.Draft{Ref: ref, Rules: r, Questions: []rules.Question{{Text: "?", Options: []string{"a", "b", "c"}, Correct: rules.OptionsOf(1)}}}
	_, err := s.Create(b.Context(), backend, draft)
	if err == nil {
		_, err = s.Ask(b.Context(), backend, ref, rules.Ask{Number: 1})
	}
	if err != nil {
		b.Fatal(err)
	}
	fill(b, set, ref, shards)
	if q, now, err := s.Get(b.Context(), backend, ref); err != nil || now > q.SealsAt(1) {
		b.Fatalf("not everybody has answered in time: %v", err)
	}
	for {
		q, now, err := s.Get(b.Context(), backend, ref)
		if err != nil {
			b.Fatal(err)
		}
		if tally := q.Round(1).Tally; tally.Evaluated {
			if tally.Answered() != manyAnswers {
				b.Fatalf("%d answers count, of %d", tally.Answered(), manyAnswers)
			}
			if _, err := s.Cancel(b.Context(), backend, ref, ""); err != nil {
				b.Fatal(err)
			}
			return now.Sub(q.SealsAt(1))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// fill has everybody answer, in calls as nodes make them.
func fill(b *testing.B, set store.Set, ref rules.Ref, shards *[rules.Shards][]live.UserID) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(16)
	for shard, users := range shards {
		for some := range slices.Chunk(users, 200) {
			group.Go(func() error {
				list := make([]rules.Answer, len(some))
				for i, user := range some {
					list[i] = rules.Answer{User: user, Option: rules.Option(1 + i%3), Received: set.Clock.Now()}
				}
				_, _, err := set.Answers.PutAnswers(b.Context(), rules.Slot{Ref: ref, Question: 1, Shard: shard}, true, list)
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// newSharedSet returns a store on Redis and Postgres with a live room "r".
func newSharedSet(tb testing.TB) store.Set {
	tb.Helper()
	durable, err := postgres.Open(tb.Context(), postgres.Config{URL: services.NewDatabase(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := durable.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	hot, err := redis.Open(tb.Context(), redis.Config{URL: services.SharedRedis(tb), Prefix: rand.Text() + ":"})
	if err != nil {
		tb.Fatal(err)
	}
	s := paired.New(hot, durable, paired.Config{})
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	tb.Cleanup(func() {
		stop()
		running.Wait()
		hot.Close()
		durable.Close()
	})
	set := s.Set()
	if _, err := set.Rooms.CreateRoom(tb.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
		tb.Fatal(err)
	}
	return set
}
