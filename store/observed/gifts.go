package observed

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/store"
)

// measuredGifts measures store.Gifts.
type measuredGifts struct {
	next  store.Gifts
	calls *Metrics
}

func (m measuredGifts) PutGift(ctx context.Context, g gift.Gift, limit int) (_ gift.Gift, err error) {
	defer m.calls.begin(putGift).end(&err)
	return m.next.PutGift(ctx, g, limit)
}

func (m measuredGifts) Gift(ctx context.Context, id gift.ID) (_ gift.Gift, err error) {
	defer m.calls.begin(getGift).end(&err)
	return m.next.Gift(ctx, id)
}

func (m measuredGifts) Gifts(ctx context.Context, q store.GiftQuery) (_ []gift.Gift, err error) {
	defer m.calls.begin(listGifts).end(&err)
	return m.next.Gifts(ctx, q)
}

func (m measuredGifts) SendGifts(ctx context.Context, sends []gift.Send) (_ []store.GiftResult, err error) {
	defer m.calls.begin(sendGifts).end(&err)
	return m.next.SendGifts(ctx, sends)
}

func (m measuredGifts) SettleGifts(
	ctx context.Context, every time.Duration, limit int, record store.GiftRecorder,
) (_ store.GiftSettling, err error) {
	defer m.calls.begin(settleGifts).end(&err)
	return m.next.SettleGifts(ctx, every, limit, record)
}

func (m measuredGifts) GiftsSetAside(ctx context.Context, limit int) (_ []store.GiftSetAside, err error) {
	defer m.calls.begin(giftsSetAside).end(&err)
	return m.next.GiftsSetAside(ctx, limit)
}

func (m measuredGifts) GiftTotals(ctx context.Context, q store.GiftTotalsQuery) (_ gift.Totals, err error) {
	defer m.calls.begin(giftTotals).end(&err)
	return m.next.GiftTotals(ctx, q)
}

func (m measuredGifts) GiftCounters(ctx context.Context, known map[live.RoomID]int64) (_ map[live.RoomID]gift.Counters, err error) {
	defer m.calls.begin(giftCounters).end(&err)
	return m.next.GiftCounters(ctx, known)
}

func (m measuredGifts) PutGoal(
	ctx context.Context, id live.RoomID, g gift.Goal, limit int, record store.GoalRecorder,
) (_ gift.Goal, err error) {
	defer m.calls.begin(putGoal).end(&err)
	return m.next.PutGoal(ctx, id, g, limit, record)
}

func (m measuredGifts) Points(ctx context.Context, receivers []live.UserID) (_ []int64, err error) {
	defer m.calls.begin(points).end(&err)
	return m.next.Points(ctx, receivers)
}
