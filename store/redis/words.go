package redis

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
)

var wordsScript = load("words")

// wordsTTL bounds how long a cached revision of words is believed, should an
// invalidation be lost.
const wordsTTL = 500 * time.Millisecond

// WordsCopies implements paired.Hot.
func (s *Store) WordsCopies(ctx context.Context, places []live.RoomID) ([]paired.WordsCopy, error) {
	copies := make([]paired.WordsCopy, len(places))
	err := s.eachCopy(ctx, places, keys.words, func(key string) rueidis.Cacheable {
		return s.client.B().Get().Key(key).Cache()
	}, wordsTTL, func(i int, result rueidis.RedisResult) (err error) {
		copies[i], err = wordsCopyOf(s.config.Metrics.read(cachedWords, result))
		return err
	})
	return copies, err
}

// FreshWordsCopy implements paired.Hot.
func (s *Store) FreshWordsCopy(ctx context.Context, place live.RoomID) (c paired.WordsCopy, err error) {
	err = s.reachKey(ctx, s.keysOf(place).words(), func(ctx context.Context) (err error) {
		c, err = wordsCopyOf(s.client.Do(ctx, s.client.B().Get().Key(s.keysOf(place).words()).Build()))
		return err
	})
	return c, err
}

// wordsCopyOf reads a revision; where there is none, the zero WordsCopy.
func wordsCopyOf(result rueidis.RedisResult) (c paired.WordsCopy, err error) {
	c.Seen, err = result.ToString()
	if rueidis.IsRedisNil(err) {
		return paired.WordsCopy{}, nil
	}
	if err != nil {
		return c, err
	}
	revision, _, _ := strings.Cut(c.Seen, " ")
	n, err := strconv.ParseInt(revision, 10, 64)
	if err != nil {
		return paired.WordsCopy{}, errCopy
	}
	c.Revision = store.WordsRevision(n)
	return c, nil
}

// TakeWords implements paired.Hot.
func (s *Store) TakeWords(
	ctx context.Context, place live.RoomID, seen paired.WordsCopy, revision store.WordsRevision,
) (bool, error) {
	_, answer, err := s.run(ctx, wordsScript, place, seen.Seen, decimal(revision), strayFor(place))
	return said(answer), err
}
