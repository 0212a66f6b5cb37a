package paired

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// History implements store.History: what is archived, and what the log holds. The log is
// read first: what it drops meanwhile was archived before.
func (s *Store) History(
	ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int,
) ([]*feed.Message, error) {
	held, err := s.hot.Between(ctx, id, after, until, limit)
	if err != nil && !errors.Is(err, store.ErrRoomNotFound) {
		return nil, err
	}
	archived, err := s.durable.History(ctx, id, after, until, limit)
	if err != nil {
		return nil, err
	}
	return join(held, archived, limit), nil
}

// join returns the first messages of both, in order of timestamp. Of a message that is in
// both the one of the log counts: it knows of a recall at once.
func join(held, archived []*feed.Message, limit int) []*feed.Message {
	all := slices.Concat(held, archived)
	slices.SortStableFunc(all, func(a, b *feed.Message) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	all = slices.CompactFunc(all, func(a, b *feed.Message) bool { return a.Timestamp == b.Timestamp })
	return all[:min(len(all), max(limit, 0))]
}
