package redis

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/record"
)

var (
	appendMessages = load("log", "append")
	recallMessage  = load("log", "recall")
	readLog        = load("read")
)

var _ store.Log = (*Store)(nil)

// Append implements store.Log.
func (s *Store) Append(ctx context.Context, id live.RoomID, d feed.Draft, limits store.Limits) (feed.Receipt, error) {
	letter, err := newLetter(d, limits)
	if err != nil {
		return feed.Receipt{}, err
	}
	committer := s.commits[s.share(s.keysOf(id).state())]
	return committer.append(ctx, &pending{
		letter: letter, room: id, limits: limits.Revision,
		err: errMalformed, // unless it is answered
	})
}

// Recall implements store.Log.
func (s *Store) Recall(
	ctx context.Context, id live.RoomID, r feed.Recall, limits store.Limits,
) (feed.Receipt, error) {
	content, kept, err := record.AppendContent(nil, feed.Content{Kind: feed.KindSystem, Sender: r.By})
	if err != nil {
		return feed.Receipt{}, err
	}
	w, err := s.write(ctx, recallMessage, id, limits.Revision,
		decimal(r.Timestamp), truth(r.Staff), decimal(feed.RecallRate),
		decimal(limits.WhitelistRate), decimal(limits.Revision), decimal(kept), string(content))
	switch {
	case err != nil:
		return feed.Receipt{}, err
	case len(w.receipts) == 0:
		return feed.Receipt{}, feed.ErrNoMessage
	default:
		return decodeReceipt(w.epoch, w.receipts)
	}
}

// Message implements store.Log.
func (s *Store) Message(ctx context.Context, id live.RoomID, t live.Timestamp) (m *feed.Message, err error) {
	err = s.replicas.fresh(ctx, id, func(rings *feed.Rings, _ store.Head) { m = rings.Find(t) })
	if err == nil && m == nil {
		err = feed.ErrNoMessage
	}
	return m, err
}

// Read implements store.Log.
func (s *Store) Read(
	ctx context.Context, id live.RoomID, c feed.Cursor, limit int,
) (batch feed.Batch, head store.Head, err error) {
	err = s.replicas.from(ctx, id, c, func(rings *feed.Rings, h store.Head) { batch, head = rings.Select(c, limit), h })
	return batch, head, err
}

// Recent implements store.Log.
func (s *Store) Recent(
	ctx context.Context, id live.RoomID, c feed.Cursor, limit int,
) (batch feed.Batch, head store.Head, err error) {
	err = s.replicas.recent(ctx, id, func(rings *feed.Rings, h store.Head) { batch, head = rings.Select(c, limit), h })
	return batch, head, err
}

// Between implements store.Log.
func (s *Store) Between(
	ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int,
) (messages []*feed.Message, err error) {
	err = s.replicas.fresh(ctx, id, func(rings *feed.Rings, _ store.Head) {
		messages = rings.Between(after, until, limit)
	})
	return messages, err
}

// Head implements store.Log.
func (s *Store) Head(ctx context.Context, id live.RoomID) (store.Head, error) {
	code, answer, err := s.run(ctx, readLog, id, "")
	if err != nil {
		return store.Head{}, err
	}
	if err := refusal(id, code); err != nil {
		return store.Head{}, err
	}
	f := fieldsOf(answer)
	head, _ := f.head()
	return head, f.err
}
