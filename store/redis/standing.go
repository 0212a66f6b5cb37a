package redis

import (
	"context"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store/paired"
)

var standingScript = load("standing")

// strayTTL is how long copies are kept of what is in a room that is not known.
const strayTTL = 10 * time.Second

// markTTL bounds how long a cached mark is believed, should an invalidation be lost.
const markTTL = time.Second

// strayFor is how long a script is to keep a copy where the room is not known.
func strayFor(place live.RoomID) string {
	if place == "" {
		return "" // there is no such room, and never will be
	}
	return decimal(strayTTL.Milliseconds())
}

// TakeActing implements paired.Hot.
func (s *Store) TakeActing(ctx context.Context, a paired.Acting) error {
	_, err := s.takeActing(ctx, a, "")
	return err
}

// TakeTerms implements paired.Hot.
func (s *Store) TakeTerms(ctx context.Context, a paired.Acting, from int64) (bool, error) {
	return s.takeActing(ctx, a, decimal(from))
}

// takeActing hands over what acts, from a revision on or ("") whole.
func (s *Store) takeActing(ctx context.Context, a paired.Acting, from string) (bool, error) {
	args := []string{decimal(a.Revision), from, string(packTerm(nil, a.RoomMute)), strayFor(a.Place)}
	for user, terms := range a.Users {
		args = append(args, string(user), packTerms(terms))
	}
	_, answer, err := s.run(ctx, standingScript, a.Place, args...)
	return said(answer), err
}

// said says whether a script answered yes, first of all.
func said(answer []rueidis.RedisMessage) bool {
	if len(answer) == 0 {
		return false
	}
	yes, err := answer[0].ToString()
	return err == nil && yes == "1"
}

// SanctionMarks implements paired.Hot.
func (s *Store) SanctionMarks(ctx context.Context, places []live.RoomID) ([]paired.Mark, error) {
	marks := make([]paired.Mark, len(places))
	err := s.eachCopy(ctx, places, keys.standing, func(key string) rueidis.Cacheable {
		return s.client.B().Hget().Key(key).Field("").Cache()
	}, markTTL, func(i int, result rueidis.RedisResult) (err error) {
		marks[i], err = markOf(s.config.Metrics.read(cachedSanctions, result))
		return err
	})
	return marks, err
}

// markOf reads a mark; where there is no copy, the zero Mark.
func markOf(result rueidis.RedisResult) (paired.Mark, error) {
	kept, err := result.ToString()
	switch {
	case rueidis.IsRedisNil(err):
		return paired.Mark{}, nil
	case err != nil:
		return paired.Mark{}, err
	default:
		return parseMark(kept)
	}
}

// FreshSanctionMarks implements paired.Hot.
func (s *Store) FreshSanctionMarks(ctx context.Context, places []live.RoomID) (map[live.RoomID]paired.Mark, error) {
	marks := make(map[live.RoomID]paired.Mark, len(places))
	var mu sync.Mutex
	err := s.eachFresh(ctx, places, keys.standing, func(key string) rueidis.Completed {
		return s.client.B().Hget().Key(key).Field("").Build()
	}, func(i int, result rueidis.RedisResult) error {
		mark, err := markOf(result)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			marks[places[i]] = mark
		}
		return err
	})
	return marks, err
}

// Copied implements paired.Hot.
func (s *Store) Copied(ctx context.Context, places []live.RoomID, users []live.UserID) ([]paired.Copied, error) {
	all := make([]paired.Copied, len(places))
	fields := make([]string, len(users)+1) // the first is nobody
	for i, user := range users {
		fields[i+1] = string(user)
	}
	err := s.eachFresh(ctx, places, keys.standing, func(key string) rueidis.Completed {
		return s.client.B().Hmget().Key(key).Field(fields...).Build()
	}, func(i int, result rueidis.RedisResult) (err error) {
		all[i], err = copiedOf(result)
		return err
	})
	return all, err
}

// copiedOf reads a mark, and what acts on users.
func copiedOf(result rueidis.RedisResult) (c paired.Copied, err error) {
	values, err := result.ToArray()
	if err != nil {
		return c, err
	}
	if len(values) == 0 {
		return c, errCopy
	}
	c.Terms = make([]moderation.Terms, len(values)-1)
	for i, value := range values {
		kept, err := value.ToString()
		switch {
		case rueidis.IsRedisNil(err):
			continue
		case err != nil:
			return c, err
		case i == 0:
			c.Mark, err = parseMark(kept)
		default:
			c.Terms[i-1], err = unpackTerms(kept)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}
