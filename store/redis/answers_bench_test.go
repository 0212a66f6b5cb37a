package redis_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store/redis"
)

// crowd returns n users of each shard of a quiz.
func crowd(n int) (shards [quiz.Shards][]live.UserID) {
	for i, full := 0, 0; full < quiz.Shards; i++ {
		user := live.UserID(fmt.Sprintf("player-%08d", i))
		shard := quiz.ShardOf(user)
		if len(shards[shard]) == n {
			continue
		}
		if shards[shard] = append(shards[shard], user); len(shards[shard]) == n {
			full++
		}
	}
	return shards
}

// BenchmarkPutAnswers measures answers through Redis, as many to a call as nodes gather
// while their calls before are under way, by so many callers at once: to the first question,
// which anyone may answer, and to a later one, where the standings are asked.
//
//	go test ./store/redis -run '^$' -bench PutAnswers/question=1/batch=200 -benchtime 2000000x
func BenchmarkPutAnswers(b *testing.B) {
	for _, question := range []quiz.Number{1, 2} {
		for _, batch := range []int{1, 20, 200, 500} {
			b.Run(fmt.Sprintf("question=%d/batch=%d", question, batch), func(b *testing.B) {
				benchmarkPutAnswers(b, question, batch)
			})
		}
	}
}

func benchmarkPutAnswers(b *testing.B, question quiz.Number, batch int) {
	b.Helper()
	const each, callers = 4000, 32
	s, users := connect(b, redis.Config{URL: services.SharedRedis(b)}), crowd(each)
	ref := func(game int64) quiz.Ref { return quiz.Ref{Room: "r", Quiz: quiz.ID(fmt.Sprint("q", game))} }
	perGame := int64(quiz.Shards * each / batch)
	games := (int64(b.N)/int64(batch))/perGame + 1
	for game := range games {
		for shard := range users {
			slot := quiz.Slot{Ref: ref(game), Question: question - 1, Shard: shard}
			if question > 1 {
				stand(b, s, slot, users[shard])
			}
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for n := next.Add(1) - 1; n*int64(batch) < int64(b.N); n = next.Add(1) - 1 {
				shard, part := int(n%quiz.Shards), int(n%perGame)/quiz.Shards
				slot := quiz.Slot{Ref: ref(n / perGame), Question: question, Shard: shard}
				answers := make([]quiz.Answer, batch)
				for i, user := range users[shard][part*batch : (part+1)*batch] {
					answers[i] = quiz.Answer{User: user, Option: quiz.Option(i%3 + 1), Received: 1_893_553_445_000_000}
				}
				_, receipts, err := s.PutAnswers(b.Context(), slot, question == 1, answers)
				if err != nil || receipts[0].Verdict != quiz.Taken {
					b.Errorf("%+v, %v", receipts[0], err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/s")
}

// stand lets users play after a question.
func stand(b *testing.B, s *redis.Store, slot quiz.Slot, users []live.UserID) {
	b.Helper()
	players := make([]quiz.Player, len(users))
	for i, user := range users {
		players[i] = quiz.Player{User: user, Status: quiz.Playing, EnteredAt: 1, Right: 1, Answered: 1, Spent: 4_000_000, After: slot.Question}
	}
	if err := s.PutStandings(b.Context(), slot, players); err != nil {
		b.Fatal(err)
	}
}
