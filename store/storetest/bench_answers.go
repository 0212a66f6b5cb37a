package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// A game is a quiz of twelve questions whose 1.76 million players all stay in.
const (
	gameQuestions = 12
	gameShard     = 27_552 // players of each shard
	gameBatch     = 112    // answers of one call
)

// players are the players of a game, by shard.
type players [quiz.Shards][]quiz.Player

// crowds returns the players of a game.
var crowds = sync.OnceValue(func() *players {
	all, left := new(players), quiz.Shards
	for i := 0; left > 0; i++ {
		user := live.UserID(fmt.Sprintf("user-%09d", i))
		shard := &all[quiz.ShardOf(user)]
		if len(*shard) == gameShard {
			continue
		}
		if *shard = append(*shard, in(user)); len(*shard) == gameShard {
			left--
		}
	}
	return all
})

// benchmarkAnswers plays games: everyone answers every question, in calls of gameBatch
// answers of one slot, as nodes gather them, from many callers and to all shards.
func benchmarkAnswers(b *testing.B, s *rig) {
	if !hasAnswers(s.Set) {
		b.Skip("the store does not have the role")
	}
	all := crowds()
	everyone(b, func(n int) {
		batch := n / quiz.Shards // of its shard, over all questions and games
		question := batch / (gameShard / gameBatch)
		slot := quiz.Slot{
			Ref:      quiz.Ref{Room: "r", Quiz: quiz.ID(fmt.Sprint(question / gameQuestions))},
			Question: quiz.Number(1 + question%gameQuestions), Shard: n % quiz.Shards,
		}
		at := batch * gameBatch % gameShard
		s.play(b, slot, all[slot.Shard], at)
	})
	b.ReportMetric(float64(b.N)*gameBatch/b.Elapsed().Seconds(), "answers/s")
}

// play answers for some of the players of a shard, and puts standings that are not there.
func (s *rig) play(b *testing.B, slot quiz.Slot, players []quiz.Player, at int) {
	b.Helper()
	list := make([]quiz.Answer, gameBatch)
	for i, p := range players[at : at+gameBatch] {
		list[i] = answer(p.User, quiz.Option(1+i%3), live.Timestamp(at+i+1))
	}
	_, _, err := s.Answers.PutAnswers(b.Context(), slot, slot.Question == 1, list)
	if errors.Is(err, store.ErrNoStandings) {
		before := slot
		before.Question--
		if err = s.Answers.PutStandings(b.Context(), before, players); err == nil {
			_, _, err = s.Answers.PutAnswers(b.Context(), slot, false, list)
		}
	}
	if err != nil {
		b.Error(err)
	}
}
