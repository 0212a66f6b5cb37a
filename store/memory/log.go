package memory

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// Append implements store.Log.
func (s *Store) Append(ctx context.Context, id live.RoomID, d feed.Draft, limits store.Limits) (feed.Receipt, error) {
	r, err := s.open(ctx, id)
	if err != nil {
		return feed.Receipt{}, err
	}
	defer r.mu.Unlock()
	receipt, m := r.log.Append(&r.clock, s.now(), d, r.limits(limits))
	if m != nil {
		r.publish(store.Publication{Message: m})
		s.recordMessage(r, m)
	}
	return receipt, nil
}

// limits returns what counts for a message or a recall that comes with limits: those,
// or the room's own where it is later. The caller holds r.mu.
func (r *roomState) limits(l store.Limits) feed.Limits {
	own := r.room.Settings.Feed
	if l.Revision < r.room.Revision {
		return own
	}
	l.Capacity = own.Capacity
	return l.Limits
}

// Recall implements store.Log.
func (s *Store) Recall(
	ctx context.Context, id live.RoomID, recall feed.Recall, limits store.Limits,
) (feed.Receipt, error) {
	r, err := s.open(ctx, id)
	if err != nil {
		return feed.Receipt{}, err
	}
	defer r.mu.Unlock()
	receipt, m, err := r.log.Recall(&r.clock, s.now(), recall, r.limits(limits))
	if m != nil {
		r.publish(store.Publication{Message: m})
		s.recordMessage(r, m)
	}
	return receipt, err
}

// Message implements store.Log.
func (s *Store) Message(ctx context.Context, id live.RoomID, t live.Timestamp) (*feed.Message, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	if m := r.log.Rings().Find(t); m != nil {
		return m, nil
	}
	return nil, feed.ErrNoMessage
}

// Read implements store.Log.
func (s *Store) Read(ctx context.Context, id live.RoomID, c feed.Cursor, limit int) (feed.Batch, store.Head, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return feed.Batch{}, store.Head{}, err
	}
	defer r.mu.Unlock()
	return r.log.Rings().Select(c, limit), r.head(), nil
}

// Recent implements store.Log. It is never behind.
func (s *Store) Recent(ctx context.Context, id live.RoomID, c feed.Cursor, limit int) (feed.Batch, store.Head, error) {
	return s.Read(ctx, id, c, limit)
}

// History implements store.History: there is nothing but the log.
func (s *Store) History(
	ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int,
) ([]*feed.Message, error) {
	return s.Between(ctx, id, after, until, limit)
}

// Between implements store.Log.
func (s *Store) Between(
	ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int,
) ([]*feed.Message, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	return r.log.Rings().Between(after, until, limit), nil
}

// Head implements store.Log.
func (s *Store) Head(ctx context.Context, id live.RoomID) (store.Head, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return store.Head{}, err
	}
	defer r.mu.Unlock()
	return r.head(), nil
}

// Marks implements store.Log.
func (s *Store) Marks(ctx context.Context, ids []live.RoomID) (map[live.RoomID]store.Mark, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	marks := make(map[live.RoomID]store.Mark, len(ids))
	for _, id := range ids {
		if r := s.get(id); r != nil {
			r.mu.Lock()
			marks[id] = store.Mark{Epoch: r.epoch, Sequence: r.sequence, Revision: r.room.Revision}
			r.mu.Unlock()
		}
	}
	return marks, nil
}

// head returns how far the room is. The caller holds r.mu.
func (r *roomState) head() store.Head {
	return store.Head{
		Heads: feed.Heads{
			Cursor:     r.log.Rings().Head(),
			Attributes: r.attributes.Timestamp(),
			Revision:   r.room.Revision,
		},
		Sequence: r.sequence,
		Ancestry: r.log.Rings().Ancestry(),
	}
}
