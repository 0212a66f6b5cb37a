package redis

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/rueidis"
	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// keepAnswers is how long what players do is kept after the latest of it.
const keepAnswers = 25 * time.Hour

// statusNoStandings and statusUnsettled are what scripts on slots answer besides.
const (
	statusNoStandings = statusEnded + 1
	statusUnsettled   = statusEnded + 2
)

// shardKeys names what is kept of one shard of a quiz's players. All names have the shard
// as their hash tag, so that a cluster shares a quiz.
type shardKeys struct{ prefix string }

// escapeIn is escape for an id among others, which slashes divide.
var escapeIn = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D", "/", "%2F")

// shardKeysOf returns the names of a shard's keys.
func (s *Store) shardKeysOf(ref quiz.Ref, shard int) shardKeys {
	var b strings.Builder
	b.WriteString(s.config.Prefix)
	b.WriteByte('{')
	_, _ = escapeIn.WriteString(&b, string(ref.Room)) // a Builder takes everything
	b.WriteByte('/')
	_, _ = escapeIn.WriteString(&b, string(ref.Quiz))
	b.WriteByte('/')
	b.WriteString(decimal(shard))
	b.WriteString("}:")
	return shardKeys{b.String()}
}

// book is a hash: how far the slots of the shard are, see lua/slot.lua.
func (k shardKeys) book() string { return k.prefix + "quiz" }

// standings is a hash: packed players by user.
func (k shardKeys) standings() string { return k.prefix + "standings" }

// answers is a hash: of each user the option, when it was received, and when stored.
func (k shardKeys) answers(n quiz.Number) string { return k.prefix + "answers" + decimal(n) }

// notes is a hash: what is noted, by what it is of.
func (k shardKeys) notes(n quiz.Number) string { return k.prefix + "notes" + decimal(n) }

// all is what scripts on a slot take, in their order.
func (k shardKeys) all(n quiz.Number) []string {
	return []string{k.book(), k.answers(n), k.notes(n), k.standings()}
}

// runSlot runs a script on a slot.
func (s *Store) runSlot(
	ctx context.Context, sc script, slot quiz.Slot, args ...string,
) (status, []rueidis.RedisMessage, error) {
	keys := s.shardKeysOf(slot.Ref, slot.Shard).all(slot.Question)
	return s.runSlotWith(ctx, sc, slot, keys, args)
}

// runSlotWith is runSlot with keys.
func (s *Store) runSlotWith(
	ctx context.Context, sc script, slot quiz.Slot, keys, args []string,
) (status, []rueidis.RedisMessage, error) {
	all := make([]string, 0, 2+len(args))
	all = append(all, decimal(slot.Question), decimal(keepAnswers.Milliseconds()))
	return s.runWith(ctx, sc, keys, append(all, args...))
}

// slotRefusal is what a status of a slot's script says that is not OK.
func slotRefusal(code status) error {
	switch code {
	case statusOK:
		return nil
	case statusNoStandings:
		return store.ErrNoStandings
	case statusUnsettled:
		return unavailable(errUnsettled)
	default:
		return errMalformed
	}
}

// errUnsettled says that a slot may lack what nodes are just putting again.
var errUnsettled = errors.New("it may have lost answers a moment ago, which are put again before a slot is sealed")

// shardsAtOnce is how many shards a call that is about all is at once under way with.
const shardsAtOnce = 16

// eachShard calls f for every shard of a quiz, in some at once, and returns the first of
// what fails.
func eachShard(f func(shard int) error) error {
	var group errgroup.Group
	group.SetLimit(shardsAtOnce)
	var faults [quiz.Shards]error
	for shard := range quiz.Shards {
		group.Go(func() error {
			faults[shard] = f(shard)
			return nil
		})
	}
	_ = group.Wait() // they return nothing
	return firstOf(faults[:]...)
}
