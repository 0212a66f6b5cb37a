package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
)

// Lease implements paired.Hot. Who has the lease may lose it between two commands: it saves
// work, and keeps nothing from being done twice.
func (s *Store) Lease(ctx context.Context, id live.RoomID, node store.NodeID, term time.Duration) (held bool, err error) {
	key := s.keysOf(id).archiver()
	err = s.reachKey(ctx, key, func(ctx context.Context) (err error) {
		if term > 0 {
			held, err = s.hold(ctx, key, string(node), term)
		} else {
			held, err = s.release(ctx, key, string(node))
		}
		return err
	})
	return held, err
}

// hold takes a lease, or extends it.
func (s *Store) hold(ctx context.Context, key, node string, term time.Duration) (bool, error) {
	take := s.client.B().Set().Key(key).Value(node).Nx().Get().Px(term).Build()
	holder, err := s.client.Do(ctx, take).ToString()
	switch {
	case rueidis.IsRedisNil(err):
		return true, nil
	case err != nil || holder != node:
		return false, err
	default:
		return true, s.client.Do(ctx, s.client.B().Pexpire().Key(key).Milliseconds(term.Milliseconds()).Build()).Error()
	}
}

// release gives a lease back, and says whether it was the node's.
func (s *Store) release(ctx context.Context, key, node string) (bool, error) {
	holder, err := s.client.Do(ctx, s.client.B().Get().Key(key).Build()).ToString()
	switch {
	case rueidis.IsRedisNil(err):
		return true, nil
	case err != nil || holder != node:
		return false, err
	default:
		return true, s.client.Do(ctx, s.client.B().Del().Key(key).Build()).Error()
	}
}

// dirty is the name of a part of the index: marks, by when they were made, in
// milliseconds.
func (s *Store) dirty(shard int) string { return fmt.Sprintf("%s{dirty:%02d}", s.config.Prefix, shard) }

// member is a mark in an index. No node has a space in its id.
func member(m paired.DirtyMark) string { return string(m.Node) + " " + string(m.Room) }

// MarkDirty implements paired.Hot.
func (s *Store) MarkDirty(ctx context.Context, marks []paired.DirtyMark) error {
	now := float64(s.Now().Time().UnixMilli())
	return s.eachMark(ctx, marks, func(index string, m paired.DirtyMark) rueidis.Completed {
		return s.client.B().Zadd().Key(index).ScoreMember().ScoreMember(now, member(m)).Build()
	})
}

// UnmarkDirty implements paired.Hot.
func (s *Store) UnmarkDirty(ctx context.Context, marks []paired.DirtyMark) error {
	return s.eachMark(ctx, marks, func(index string, m paired.DirtyMark) rueidis.Completed {
		return s.client.B().Zrem().Key(index).Member(member(m)).Build()
	})
}

// eachMark sends a command for each mark.
func (s *Store) eachMark(
	ctx context.Context, marks []paired.DirtyMark, command func(index string, m paired.DirtyMark) rueidis.Completed,
) error {
	commands := make(rueidis.Commands, len(marks))
	for i, m := range marks {
		commands[i] = command(s.dirty(shardOf(m.Room)), m)
	}
	return s.reach(ctx, func(ctx context.Context) error {
		var faults []error
		for _, result := range s.client.DoMulti(ctx, commands...) {
			faults = append(faults, result.Error())
		}
		return errors.Join(faults...)
	})
}

// LeftDirty implements paired.Hot.
func (s *Store) LeftDirty(ctx context.Context, age time.Duration, limit int) ([]paired.DirtyMark, error) {
	before := decimal(s.Now().Add(-age).Time().UnixMilli())
	commands := make(rueidis.Commands, shards)
	for i := range commands {
		commands[i] = s.client.B().Zrangebyscore().Key(s.dirty(i)).Min("-inf").Max(before).
			Limit(0, int64(limit)).Build()
	}
	var marks []paired.DirtyMark
	err := s.reach(ctx, func(ctx context.Context) error {
		for _, result := range s.client.DoMulti(ctx, commands...) {
			members, err := result.AsStrSlice()
			if err != nil {
				return err
			}
			for _, m := range members {
				node, id, _ := strings.Cut(m, " ")
				marks = append(marks, paired.DirtyMark{Node: store.NodeID(node), Room: live.RoomID(id)})
			}
		}
		return nil
	})
	return marks, err
}
