package redis

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/redis/rueidis"
	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
)

// eachCopy reads something of each place, from a cache that is at most ttl behind.
func (s *Store) eachCopy(
	ctx context.Context, places []live.RoomID, name func(keys) string,
	command func(key string) rueidis.Cacheable, ttl time.Duration,
	take func(i int, result rueidis.RedisResult) error,
) error {
	return s.eachPart(ctx, places, name, func(ctx context.Context, part []int) error {
		commands := make([]rueidis.CacheableTTL, len(part))
		for i, of := range part {
			commands[i] = rueidis.CT(command(name(s.keysOf(places[of]))), ttl)
		}
		return takeAll(part, s.client.DoMultiCache(ctx, commands...), take)
	})
}

// eachFresh reads something of each place.
func (s *Store) eachFresh(
	ctx context.Context, places []live.RoomID, name func(keys) string,
	command func(key string) rueidis.Completed,
	take func(i int, result rueidis.RedisResult) error,
) error {
	return s.eachPart(ctx, places, name, func(ctx context.Context, part []int) error {
		commands := make(rueidis.Commands, len(part))
		for i, of := range part {
			commands[i] = command(name(s.keysOf(places[of])))
		}
		return takeAll(part, s.client.DoMulti(ctx, commands...), take)
	})
}

// takeAll hands over what was answered, and returns one of the errors: that one place cannot
// be read keeps no other from being.
func takeAll(part []int, results []rueidis.RedisResult, take func(i int, result rueidis.RedisResult) error) (fault error) {
	for i, result := range results {
		if err := take(part[i], result); err != nil {
			fault = err
		}
	}
	return fault
}

// eachPart calls Redis for places: for all that one breaker is for together, and for those
// of several at once.
func (s *Store) eachPart(
	ctx context.Context, places []live.RoomID, name func(keys) string,
	call func(ctx context.Context, part []int) error,
) error {
	if len(places) == 0 {
		return ctx.Err()
	}
	reach := func(part []int) error {
		key := name(s.keysOf(places[part[0]]))
		return s.reachKey(ctx, key, func(ctx context.Context) error { return call(ctx, part) })
	}
	parts := s.parts(places, name)
	if len(parts) == 1 {
		return reach(parts[0])
	}
	var all errgroup.Group
	for _, part := range parts {
		all.Go(func() error { return reach(part) })
	}
	return all.Wait()
}

// parts returns which places one breaker is for.
func (s *Store) parts(places []live.RoomID, name func(keys) string) [][]int {
	if s.client.Mode() != rueidis.ClientModeCluster {
		all := make([]int, len(places))
		for i := range all {
			all[i] = i
		}
		return [][]int{all}
	}
	of := make(map[*breaker][]int)
	for i, place := range places {
		b := s.breaker(name(s.keysOf(place)))
		of[b] = append(of[b], i)
	}
	return slices.Collect(maps.Values(of))
}
