package redis

import (
	"context"
	"slices"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store/record"
)

var (
	keepStandings = load("slot", "standings")
	readStandings = load("slot", "stand")
)

const (
	// standingsAtOnce is how many standings are written at once: others wait for it.
	standingsAtOnce = 1000
	// writeStandings is how long writing standings may take, in seconds, until what was
	// written goes again.
	writeStandings = 600
)

// PutStandings implements store.Answers. Standings are written beside those that are there,
// and then put in their place at once. What slots hold that come two before is not needed
// any more: they were evaluated before the last question was asked.
func (s *Store) PutStandings(ctx context.Context, slot quiz.Slot, players []quiz.Player) error {
	keys := s.shardKeysOf(slot.Ref, slot.Shard)
	beside := keys.standings() + ":" + newEpoch()
	for some := range slices.Chunk(players, standingsAtOnce) {
		if err := s.writeStandings(ctx, beside, some); err != nil {
			return err
		}
	}
	named := append(keys.all(slot.Question), beside)
	code, _, err := s.runSlotWith(ctx, keepStandings, slot, named, nil)
	if err != nil {
		return err
	}
	if err := slotRefusal(code); err != nil {
		return err
	}
	if over := slot.Question - 2; over > 0 {
		return s.unlink(ctx, []string{keys.answers(over), keys.notes(over)})
	}
	return nil
}

// writeStandings writes standings into a hash of their own.
func (s *Store) writeStandings(ctx context.Context, key string, players []quiz.Player) error {
	all, ends := make([]byte, 0, 32*len(players)), make([]int, len(players))
	for i, p := range players {
		all = record.AppendPlayer(all, p)
		ends[i] = len(all)
	}
	set, packed, begin := s.client.B().Hset().Key(key).FieldValue(), rueidis.BinaryString(all), 0
	for i, p := range players {
		set = set.FieldValue(string(p.User), packed[begin:ends[i]])
		begin = ends[i]
	}
	write := set.Build()
	expire := s.client.B().Expire().Key(key).Seconds(writeStandings).Build()
	return s.reachKey(ctx, key, func(ctx context.Context) error {
		for _, result := range s.client.DoMulti(ctx, write, expire) {
			if err := result.Error(); err != nil {
				return err
			}
		}
		return nil
	})
}

// StandingsOf implements store.Answers.
func (s *Store) StandingsOf(ctx context.Context, slot quiz.Slot, users []live.UserID) ([]quiz.Player, error) {
	args := make([]string, len(users))
	for i, user := range users {
		args[i] = string(user)
	}
	code, list, err := s.runSlot(ctx, readStandings, slot, args...)
	if err != nil {
		return nil, err
	}
	if err := slotRefusal(code); err != nil {
		return nil, err
	}
	if len(list) != len(users) {
		return nil, errMalformed
	}
	players, f := make([]quiz.Player, len(users)), fieldsOf(list)
	for i := range players {
		players[i], err = playerOf(f.bytes())
		if err := firstOf(f.err, err); err != nil {
			return nil, err
		}
		players[i].User = users[i]
	}
	return players, nil
}

// playerOf reads where a user stands; from nothing that is a spectator.
func playerOf(b []byte) (quiz.Player, error) {
	if len(b) == 0 {
		return quiz.Player{}, nil
	}
	return record.Player(b)
}
