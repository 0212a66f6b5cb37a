package observed

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// measuredLog measures store.Log.
type measuredLog struct {
	next  store.Log
	calls *Metrics
}

func (m measuredLog) Append(ctx context.Context, id live.RoomID, d feed.Draft, limits store.Limits) (_ feed.Receipt, err error) {
	defer m.calls.begin(appendMessage).end(&err)
	return m.next.Append(ctx, id, d, limits)
}

func (m measuredLog) Recall(ctx context.Context, id live.RoomID, r feed.Recall, limits store.Limits) (_ feed.Receipt, err error) {
	defer m.calls.begin(recallMessage).end(&err)
	return m.next.Recall(ctx, id, r, limits)
}

func (m measuredLog) Message(ctx context.Context, id live.RoomID, t live.Timestamp) (_ *feed.Message, err error) {
	defer m.calls.begin(getMessage).end(&err)
	return m.next.Message(ctx, id, t)
}

func (m measuredLog) Read(ctx context.Context, id live.RoomID, c feed.Cursor, limit int) (_ feed.Batch, _ store.Head, err error) {
	defer m.calls.begin(readLog).end(&err)
	return m.next.Read(ctx, id, c, limit)
}

func (m measuredLog) Recent(ctx context.Context, id live.RoomID, c feed.Cursor, limit int) (_ feed.Batch, _ store.Head, err error) {
	defer m.calls.begin(readRecent).end(&err)
	return m.next.Recent(ctx, id, c, limit)
}

func (m measuredLog) Between(ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int) (_ []*feed.Message, err error) {
	defer m.calls.begin(readBetween).end(&err)
	return m.next.Between(ctx, id, after, until, limit)
}

func (m measuredLog) Head(ctx context.Context, id live.RoomID) (_ store.Head, err error) {
	defer m.calls.begin(readHead).end(&err)
	return m.next.Head(ctx, id)
}

func (m measuredLog) Marks(ctx context.Context, ids []live.RoomID) (_ map[live.RoomID]store.Mark, err error) {
	defer m.calls.begin(readMarks).end(&err)
	return m.next.Marks(ctx, ids)
}

// measuredHistory measures store.History.
type measuredHistory struct {
	next  store.History
	calls *Metrics
}

func (m measuredHistory) History(ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int) (_ []*feed.Message, err error) {
	defer m.calls.begin(readHistory).end(&err)
	return m.next.History(ctx, id, after, until, limit)
}

// measuredBus measures store.Bus.
type measuredBus struct {
	next  store.Bus
	calls *Metrics
}

func (m measuredBus) Follow(ctx context.Context, id live.RoomID, hear func(store.Publication)) (_ func(), err error) {
	defer m.calls.begin(follow).end(&err)
	return m.next.Follow(ctx, id, hear)
}
