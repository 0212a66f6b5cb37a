package redis

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// ErrAway is what a call is turned away with that Redis was not asked for.
var ErrAway = errAway

// ErrClosed is what calls of a closed store come to.
var ErrClosed = errClosed

// DueIn counts the rooms that a shard of the index says are to be looked at.
func (s *Store) DueIn(ctx context.Context, shard, limit int) (int, error) {
	terms, err := s.dueIn(ctx, shard, limit)
	return len(terms), err
}

// AppendTogether appends a message to each of some rooms, in one batch.
func (s *Store) AppendTogether(
	ctx context.Context, ids []live.RoomID, d feed.Draft, limits store.Limits,
) (receipts []feed.Receipt, errs []error) {
	letter, err := newLetter(d, limits)
	if err != nil {
		panic(err)
	}
	batch := make([]*pending, len(ids))
	for i, id := range ids {
		batch[i] = &pending{letter: letter, room: id, limits: limits.Revision}
	}
	s.commit(ctx, batch)
	for _, p := range batch {
		receipts, errs = append(receipts, p.receipt), append(errs, p.err)
	}
	return receipts, errs
}
