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

var leaseScript = load("lease")

// archiving is the task that lua/lease.lua gives the lease to.
const archiving = "archive"

// Lease implements paired.Hot.
func (s *Store) Lease(ctx context.Context, id live.RoomID, node store.NodeID, term time.Duration) (bool, error) {
	milliseconds := ""
	if term > 0 {
		milliseconds = decimal(term.Milliseconds())
	}
	_, answer, err := s.run(ctx, leaseScript, id, archiving, string(node), milliseconds)
	return said(answer), err
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
