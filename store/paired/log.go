package paired

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// Append implements store.Log.
func (s *Store) Append(
	ctx context.Context, id live.RoomID, d feed.Draft, limits store.Limits,
) (feed.Receipt, error) {
	receipt, err := known(ctx, s, id, func() (feed.Receipt, error) { return s.hot.Append(ctx, id, d, limits) })
	s.placed(id, receipt, err)
	return receipt, err
}

// Recall implements store.Log.
func (s *Store) Recall(
	ctx context.Context, id live.RoomID, r feed.Recall, limits store.Limits,
) (feed.Receipt, error) {
	receipt, err := known(ctx, s, id, func() (feed.Receipt, error) { return s.hot.Recall(ctx, id, r, limits) })
	s.placed(id, receipt, err)
	return receipt, err
}

// placed notes what a receipt tells of a room.
func (s *Store) placed(id live.RoomID, receipt feed.Receipt, err error) {
	if err != nil {
		return
	}
	s.seen.log(id, receipt.Epoch, 0)
	if receipt.Outcome == feed.Accepted {
		s.archive.mark(id)
	}
}

// Message implements store.Log.
func (s *Store) Message(ctx context.Context, id live.RoomID, t live.Timestamp) (*feed.Message, error) {
	return known(ctx, s, id, func() (*feed.Message, error) { return s.hot.Message(ctx, id, t) })
}

// read is what Read returns.
type read struct {
	batch feed.Batch
	head  store.Head
}

// Read implements store.Log.
func (s *Store) Read(ctx context.Context, id live.RoomID, c feed.Cursor, limit int) (feed.Batch, store.Head, error) {
	r, err := known(ctx, s, id, func() (r read, err error) {
		r.batch, r.head, err = s.hot.Read(ctx, id, c, limit)
		return r, err
	})
	s.headed(id, r.head, err)
	return r.batch, r.head, err
}

// Recent implements store.Log.
func (s *Store) Recent(ctx context.Context, id live.RoomID, c feed.Cursor, limit int) (feed.Batch, store.Head, error) {
	r, err := known(ctx, s, id, func() (r read, err error) {
		r.batch, r.head, err = s.hot.Recent(ctx, id, c, limit)
		return r, err
	})
	return r.batch, r.head, err
}

// Between implements store.Log.
func (s *Store) Between(
	ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int,
) ([]*feed.Message, error) {
	return known(ctx, s, id, func() ([]*feed.Message, error) { return s.hot.Between(ctx, id, after, until, limit) })
}

// Head implements store.Log.
func (s *Store) Head(ctx context.Context, id live.RoomID) (store.Head, error) {
	head, err := known(ctx, s, id, func() (store.Head, error) { return s.hot.Head(ctx, id) })
	s.headed(id, head, err)
	return head, err
}

// Marks implements store.Log. A room that the hot backend does not know is not in the answer,
// whatever the durable one says: who follows it reads it anew, and so has it begin.
func (s *Store) Marks(ctx context.Context, ids []live.RoomID) (map[live.RoomID]store.Mark, error) {
	marks, err := s.hot.Marks(ctx, ids)
	for id, m := range marks {
		s.seen.log(id, m.Epoch, m.Revision)
	}
	return marks, err
}

// headed notes what a head tells of a room.
func (s *Store) headed(id live.RoomID, head store.Head, err error) {
	if err == nil {
		s.seen.log(id, head.Cursor.Epoch, head.Revision)
	}
}

// Follow implements store.Bus.
func (s *Store) Follow(ctx context.Context, id live.RoomID, hear func(store.Publication)) (func(), error) {
	heard := func(p store.Publication) {
		if p.Message != nil {
			s.archive.mark(id)
		}
		hear(p)
	}
	stop, err := known(ctx, s, id, func() (func(), error) { return s.hot.Follow(ctx, id, heard) })
	if err == nil {
		s.archive.mark(id)
	}
	return stop, err
}
