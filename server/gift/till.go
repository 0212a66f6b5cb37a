package gift

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

const (
	// maxBatch is how many payments one call of the store carries at most.
	maxBatch = 512
	// turnWithin is how long a batch waits for its turn. One that has not had it is told
	// that the store is away: nothing of it was paid.
	turnWithin = time.Second
	// payWithin is how long one call may take.
	payWithin = time.Second
	// payTries is how often a call is made whose answer was lost. The same payments are
	// made once, however often they come.
	payTries = 2
	// retryPay is how long after a lost answer the call is made again.
	retryPay = 50 * time.Millisecond
	// busyFor is when those come again who found too many waiting.
	busyFor = 500 * time.Millisecond
)

// till takes payments to the store, many at a time: while a call is under way, the next batch
// gathers. The first of a batch makes the call for all of it. Two calls at once would be two
// smaller batches, which wait for each other where the store writes one ledger.
type till struct {
	gifts   store.Gifts
	most    int
	place   chan struct{} // is taken while a call is under way
	metrics *Metrics
	paid    func(transaction string, s gift.Sent)

	mu      sync.Mutex
	next    *batch // takes more; nil: there is none
	waiting int
}

// batch is what one call carries. What became of its payments is written before done is
// closed.
type batch struct {
	payments []*payment
	done     chan struct{}
}

// payment is one of a batch.
type payment struct {
	ctx    context.Context //nolint:containedctx // who waits for it
	send   gift.Send
	result store.GiftResult
	err    error
}

// newTill returns a till. What is paid is handed to paid, which must not block.
func newTill(gifts store.Gifts, c Config, paid func(transaction string, s gift.Sent)) *till {
	return &till{
		gifts: gifts, most: c.MaxWaiting, place: make(chan struct{}, 1), metrics: c.Metrics, paid: paid,
	}
}

// pay pays for gifts, with others. *BusyError and store.ErrUnavailable where it could not
// be tried; with store.ErrUnavailable it may have been paid all the same if its call was
// made, which the same payment finds out when it is made again.
func (t *till) pay(ctx context.Context, send gift.Send) (store.GiftResult, error) {
	p := &payment{ctx: ctx, send: send}
	b, leads, err := t.join(p)
	if err != nil {
		return store.GiftResult{}, err
	}
	if leads {
		t.lead(ctx, b)
	} else {
		select {
		case <-b.done:
		case <-ctx.Done():
			return store.GiftResult{}, context.Cause(ctx)
		}
	}
	if p.err != nil {
		return store.GiftResult{}, away(ctx, p.err)
	}
	return p.result, p.result.Err
}

// join adds a payment to the batch that gathers. The first leads.
func (t *till) join(p *payment) (b *batch, leads bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting >= t.most {
		return nil, false, &BusyError{busyFor}
	}
	t.waiting++
	if t.next == nil || len(t.next.payments) == maxBatch {
		t.next = &batch{done: make(chan struct{})}
		leads = true
	}
	t.next.payments = append(t.next.payments, p)
	return t.next, leads, nil
}

// lead makes the call for a batch when no other is under way. Whoever waits for it
// alone may go: the others are paid.
func (t *till) lead(ctx context.Context, b *batch) {
	defer close(b.done)
	turn := t.turn()
	if turn {
		defer func() { <-t.place }()
	}
	t.mu.Lock()
	if t.next == b {
		t.next = nil
	}
	t.waiting -= len(b.payments)
	t.mu.Unlock()
	if !turn {
		for _, p := range b.payments {
			p.err = store.ErrUnavailable
		}
		return
	}
	t.call(context.WithoutCancel(ctx), b.payments)
}

// turn waits for the place, and says whether it was free in time.
func (t *till) turn() bool {
	select {
	case t.place <- struct{}{}:
		return true
	default:
	}
	timer := time.NewTimer(turnWithin)
	defer timer.Stop()
	select {
	case t.place <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

// call pays for those of the payments that somebody waits for yet.
func (t *till) call(ctx context.Context, all []*payment) {
	var now []*payment
	var sends []gift.Send
	for _, p := range all {
		if p.err = p.ctx.Err(); p.err == nil {
			now, sends = append(now, p), append(sends, p.send)
		}
	}
	if len(sends) == 0 {
		return
	}
	t.metrics.batch.Observe(float64(len(sends)))
	results, err := t.try(ctx, sends)
	for i, p := range now {
		if p.err = err; err != nil {
			continue
		}
		p.result = results[i]
		if p.result.Err == nil && !p.result.Repeated {
			sent := p.result.Sent
			sent.Gift.Name = p.send.Gift.Name // which stores do not keep with what was paid
			t.paid(p.result.Transaction, sent)
		}
	}
}

// try makes the call, and again if its answer is lost. What it paid before is no repetition.
func (t *till) try(ctx context.Context, sends []gift.Send) ([]store.GiftResult, error) {
	for tries := 1; ; tries++ {
		results, err := t.once(ctx, slices.Clone(sends))
		lost := errors.Is(err, store.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded)
		if !lost || tries == payTries {
			return results, err
		}
		loop.Pause(ctx, retryPay)
	}
}

// once makes the call once.
func (t *till) once(ctx context.Context, sends []gift.Send) ([]store.GiftResult, error) {
	ctx, cancel := context.WithTimeout(ctx, payWithin)
	defer cancel()
	return t.gifts.SendGifts(ctx, sends)
}
