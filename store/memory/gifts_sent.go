package memory

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// SendGifts implements store.Gifts.
func (s *Store) SendGifts(ctx context.Context, sends []gift.Send) ([]store.GiftResult, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	results := make([]store.GiftResult, len(sends))
	for i := range sends {
		results[i] = s.sendGift(context.WithoutCancel(ctx), &sends[i])
	}
	return results, nil
}

// sendGift pays for one send. Its room does not end meanwhile.
func (s *Store) sendGift(ctx context.Context, send *gift.Send) store.GiftResult {
	r, closed := s.open(ctx, send.Room)
	if closed == nil {
		defer r.mu.Unlock()
	}
	b := s.gifts
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.take(&s.books, send, closed, s.now())
}

// take takes a send.
func (b *giftBook) take(books *books, send *gift.Send, closed error, now live.Timestamp) store.GiftResult {
	books.mu.Lock()
	defer books.mu.Unlock()
	b.till.At, b.till.Sequence = max(books.latest, now), uint64(len(books.all))
	b.till.Balances = map[live.UserID]int64{send.Giver: books.balances[send.Purse()]}
	sent, repeated, err := b.till.Take(send, closed)
	switch {
	case errors.Is(err, gift.ErrReused):
		return store.GiftResult{Err: store.ErrRequestReused}
	case err != nil:
		return store.GiftResult{Err: err}
	case !repeated:
		books.latest = b.till.At
		books.write(sent.Transaction())
		b.sent = append(b.sent, sent)
	}
	return store.GiftResult{
		Sent: *sent, Transaction: sent.ID, Balance: b.till.Balances[send.Giver],
		Repeated: repeated && send.Repeats(sent),
	}
}

// SettleGifts implements store.Gifts.
func (s *Store) SettleGifts(
	ctx context.Context, every time.Duration, limit int, record store.GiftRecorder,
) (store.GiftSettling, error) {
	b, err := s.lockedGifts(ctx)
	if err != nil {
		return store.GiftSettling{}, err
	}
	defer b.mu.Unlock()
	now := s.now()
	if !b.more && b.at != 0 && now.Sub(b.at) < every {
		return store.GiftSettling{Busy: true}, nil
	}
	waiting := b.sent[b.settled:]
	if len(waiting) == 0 {
		return store.GiftSettling{}, nil
	}
	batch := gift.AddUp(waiting[:min(len(waiting), limit)])
	s.events.append(b.settle(&s.books, batch, now, record), now)
	b.settled, b.at = b.settled+batch.Sends, now
	b.more = b.settled < len(b.sent)
	b.dropCombos(now)
	return store.GiftSettling{Sends: batch.Sends, Lag: max(0, now.Sub(waiting[0].At)), More: b.more}, nil
}

// GiftsSetAside implements store.Gifts: what is in memory is as it was paid.
func (s *Store) GiftsSetAside(ctx context.Context, _ int) ([]store.GiftSetAside, error) {
	return nil, ctx.Err()
}

// settle settles a batch, and returns what is to be recorded of it.
func (b *giftBook) settle(books *books, batch *gift.Batch, now live.Timestamp, record store.GiftRecorder) (events []store.Event) {
	books.mu.Lock()
	defer books.mu.Unlock()
	books.latest = max(books.latest, now)
	b.totals.At = books.latest
	for _, part := range batch.Parts {
		if b.totals.Tallies[part.Scope].Revision == 0 {
			b.receivers[part.Room] = append(b.receivers[part.Room], part.Receiver)
		}
	}
	batch.Settle(&b.totals)
	var moves []ledger.Transaction
	for _, part := range batch.Parts {
		paid := part.Settlement()
		moves = append(moves, paid.Transaction())
		events = append(events, record(paid, part.Reached)...)
	}
	for _, t := range moves {
		books.write(t)
	}
	return events
}

// dropCombos drops combos that cannot go on, when they have become many.
func (b *giftBook) dropCombos(now live.Timestamp) {
	if len(b.till.Combos) < 2*b.combos+1000 {
		return
	}
	maps.DeleteFunc(b.till.Combos, func(_ gift.ComboKey, c gift.Combo) bool { return now.Sub(c.Last) > gift.MaxComboWindow })
	b.combos = len(b.till.Combos)
}

// unsettled returns the rooms in which gifts were sent that are not settled.
func (b *giftBook) unsettled() map[live.RoomID]bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	rooms := make(map[live.RoomID]bool)
	for _, sent := range b.sent[b.settled:] {
		rooms[sent.Room] = true
	}
	return rooms
}
