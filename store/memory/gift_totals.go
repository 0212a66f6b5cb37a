package memory

import (
	"context"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/store"
)

// GiftTotals implements store.Gifts.
func (s *Store) GiftTotals(ctx context.Context, q store.GiftTotalsQuery) (gift.Totals, error) {
	b, err := s.lockedGifts(ctx)
	if err != nil {
		return gift.Totals{}, err
	}
	defer b.mu.Unlock()
	scope := gift.Scope{Room: q.Room, Receiver: q.Receiver}
	tally := b.totals.Tallies[scope]
	waiting := make(map[live.UserID]gift.Sum)
	totals := gift.Totals{Counters: tally.Counters(b.goals(scope), q.Top), Givers: tally.Givers}
	for _, sent := range b.sent[b.settled:] {
		if scope.Has(sent.Room, sent.Receiver) {
			waiting[sent.Receiver] = waiting[sent.Receiver].Add(sent.Sum())
			totals.Pending = totals.Pending.Add(sent.Sum())
		}
	}
	totals.Receivers = gift.Receivers(b.received(scope), waiting, q.Receivers)
	return totals, nil
}

// received returns what the receivers of a scope got that is settled.
func (b *giftBook) received(scope gift.Scope) (all []gift.ReceiverTotals) {
	users := []live.UserID{scope.Receiver}
	if scope.Receiver == "" {
		users = b.receivers[scope.Room]
	}
	for _, user := range users {
		if t := b.totals.Tallies[gift.Scope{Room: scope.Room, Receiver: user}]; t.Revision > 0 {
			all = append(all, gift.ReceiverTotals{Receiver: user, Sum: t.Sum, Settled: t.Settled})
		}
	}
	return all
}

// goals returns the goals of a scope's room that are not closed, and that count for its
// receiver.
func (b *giftBook) goals(scope gift.Scope) (open []gift.Goal) {
	for _, g := range b.totals.Goals[scope.Room] {
		if !g.Closed && g.CountsFor(scope.Receiver) {
			open = append(open, g)
		}
	}
	return open
}

// GiftCounters implements store.Gifts.
func (s *Store) GiftCounters(ctx context.Context, known map[live.RoomID]int64) (map[live.RoomID]gift.Counters, error) {
	b, err := s.lockedGifts(ctx)
	if err != nil {
		return nil, err
	}
	defer b.mu.Unlock()
	later := make(map[live.RoomID]gift.Counters)
	for id, revision := range known {
		scope := gift.Scope{Room: id}
		if tally := b.totals.Tallies[scope]; tally.Revision > revision {
			later[id] = tally.Counters(b.goals(scope), gift.Shown)
		}
	}
	return later, nil
}

// Points implements store.Gifts.
func (s *Store) Points(ctx context.Context, receivers []live.UserID) ([]int64, error) {
	b, err := s.lockedGifts(ctx)
	if err != nil {
		return nil, err
	}
	defer b.mu.Unlock()
	points := make([]int64, len(receivers))
	for i, user := range receivers {
		points[i] = b.totals.Tallies[gift.Scope{Receiver: user}].Points
	}
	return points, nil
}

// forget drops what there is of a room alone. Nothing in it is unsettled.
func (b *giftBook) forget(id live.RoomID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, user := range append(slices.Clone(b.receivers[id]), "") {
		scope := gift.Scope{Room: id, Receiver: user}
		delete(b.totals.Tallies, scope)
		delete(b.totals.Givers, scope)
	}
	delete(b.receivers, id)
	delete(b.totals.Goals, id)
}
