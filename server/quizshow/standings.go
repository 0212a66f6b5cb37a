package quizshow

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

const (
	// shardsAtOnce is how many shards are asked side by side.
	shardsAtOnce = 8
	// usersAtOnce is of how many users one call asks.
	usersAtOnce = 1000
	// greetWithin is how long who comes waits for what is their own: later, it follows.
	greetWithin = 500 * time.Millisecond
	// repeatWithin is how long a repetition waits for those whom the frame has reached
	// elsewhere. One more is better than one too few.
	repeatWithin = 500 * time.Millisecond
)

// eachShard calls do for the users of each shard, some shards at a time. All are tried: one
// may be kept elsewhere than another.
func eachShard(ref quiz.Ref, n quiz.Number, users []live.UserID, do func(slot quiz.Slot, users []live.UserID) error) error {
	var group errgroup.Group
	group.SetLimit(shardsAtOnce)
	for shard, all := range quiz.ByShard(users) {
		slot := quiz.Slot{Ref: ref, Question: n, Shard: shard}
		for some := range slices.Chunk(all, usersAtOnce) {
			group.Go(func() error { return do(slot, some) })
		}
	}
	return group.Wait()
}

// standings returns where users stand after a question, as far as the store answers.
func (f *Follower) standings(
	ctx context.Context, ref quiz.Ref, after quiz.Number, users []live.UserID,
) ([]quiz.Player, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	var mu sync.Mutex
	var all []quiz.Player
	err := eachShard(ref, after, users, func(slot quiz.Slot, users []live.UserID) error {
		players, err := f.standingsIn(ctx, slot, users)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, players...)
		return err
	})
	return all, err
}

// standingsIn returns where users of one shard stand after a slot's question. Where they
// are not at hand they are fetched from where they are kept, for everyone.
func (f *Follower) standingsIn(ctx context.Context, slot quiz.Slot, users []live.UserID) ([]quiz.Player, error) {
	players, err := f.source.Answers.StandingsOf(ctx, slot, users)
	if !errors.Is(err, store.ErrNoStandings) {
		return named(players, users), err
	}
	part, err := f.source.Quizzes.QuizPart(ctx, slot)
	if err != nil {
		return nil, err
	}
	if err := f.source.Answers.PutStandings(ctx, slot, part.Players); err != nil {
		f.failed(standingsFailed, err)
	}
	players = make([]quiz.Player, len(users))
	for i, user := range users {
		at, found := slices.BinarySearchFunc(part.Players, user, func(p quiz.Player, user live.UserID) int {
			return strings.Compare(string(p.User), string(user))
		})
		if found {
			players[i] = part.Players[at]
		}
	}
	return named(players, users), nil
}

// named returns players with their names: one of whom nothing is kept may have none.
func named(players []quiz.Player, users []live.UserID) []quiz.Player {
	for i := range players {
		players[i].User = users[i]
	}
	return players
}

// deliveredTo returns those of some users whom a question's frame has reached, as far as
// the store says so in time.
func (f *Follower) deliveredTo(ctx context.Context, ref quiz.Ref, n quiz.Number, users []live.UserID) []live.UserID {
	if len(users) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, repeatWithin)
	defer cancel()
	var mu sync.Mutex
	var reached []live.UserID
	err := eachShard(ref, n, users, func(slot quiz.Slot, users []live.UserID) error {
		some, err := f.source.Answers.DeliveredTo(ctx, slot, users)
		mu.Lock()
		defer mu.Unlock()
		reached = append(reached, some...)
		return err
	})
	f.failed(deliveredFailed, err)
	return reached
}
