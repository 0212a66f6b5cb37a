package quiz_test

import (
	"fmt"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// BenchmarkEvaluate evaluates one shard of the largest real game: 27,500 players, nine of ten
// of whom answer.
func BenchmarkEvaluate(b *testing.B) {
	const players = 27_500
	s := sit(b, quiz.DefaultRules(), choice(3, 1), choice(3, 1))
	s.ask()
	var first, second []quiz.Evidence
	for i := range players {
		e := quiz.Evidence{User: live.UserID(fmt.Sprintf("player %06d", i)), Entered: s.now, Delivered: s.now + 1}
		if i%10 != 0 {
			e.Option, e.Received, e.Stored = quiz.Option(1+i%3), s.now+3*1_000_000, s.now+3*1_000_000
		}
		first = append(first, e)
		second = append(second, e)
	}
	before, _ := quiz.Evaluate(s.q, 1, nil, first)
	s.close()
	s.reveal()
	s.now = start
	s.ask()
	for name, run := range map[string]func() int{
		"first": func() int { p, _ := quiz.Evaluate(s.q, 1, nil, first); return len(p) },
		"later": func() int { p, _ := quiz.Evaluate(s.q, 2, before, second); return len(p) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if run() != players {
					b.Fatal("players were lost")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/players, "ns/player")
		})
	}
}

// BenchmarkRealGame plays the largest of the recorded games with as many players as it had:
// everything but keeping and sending, on one processor.
func BenchmarkRealGame(b *testing.B) {
	games := realGames(b)
	largest := games[0]
	for _, game := range games {
		if game[0].size() > largest[0].size() {
			largest = game
		}
	}
	for b.Loop() {
		playReal(b, largest, 1)
	}
	b.ReportMetric(float64(largest[0].size()), "players")
}
