package quiz

import (
	"context"
	"sync"
	"time"
)

// maxBatch is how much one call of the store carries at most.
const maxBatch = 512

// gathering puts together what many callers hand in for one slot: while one call of the
// store is under way, the next gathers. The first of a batch makes the call for all of it.
// The zero value is ready.
type gathering[T, R any] struct {
	mu   sync.Mutex
	next *batch[T, R]    // takes more; nil: there is none
	last <-chan struct{} // closed when the latest batch is done; nil: there was none
}

// batch is what one call carries. results and err are written before done is closed.
type batch[T, R any] struct {
	items   []T
	before  <-chan struct{} // closed when the batch before it is done
	done    chan struct{}
	results []R
	err     error
}

// put hands something in and returns what became of it. call is made for a whole batch, by
// one of those whose batch it is, under a context of its own: it lasts as long as it may,
// whoever has gone. It begins when pace lets it.
func (g *gathering[T, R]) put(
	ctx context.Context, item T, pace *pacing, call func(ctx context.Context, items []T) ([]R, error),
) (R, error) {
	var none R
	b, at := g.join(item)
	if at == 0 {
		g.lead(ctx, b, pace, call)
	} else {
		select {
		case <-b.done:
		case <-ctx.Done():
			return none, context.Cause(ctx)
		}
	}
	if b.err != nil {
		return none, b.err
	}
	return b.results[at], nil
}

// join adds something to the batch that gathers, and says at which place. The first leads.
func (g *gathering[T, R]) join(item T) (b *batch[T, R], at int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil || len(g.next.items) == maxBatch {
		g.next = &batch[T, R]{before: g.last, done: make(chan struct{})}
		g.last = g.next.done
	}
	b = g.next
	b.items = append(b.items, item)
	return b, len(b.items) - 1
}

// lead makes the call for a batch, when the one before it is done.
func (g *gathering[T, R]) lead(
	ctx context.Context, b *batch[T, R], pace *pacing, call func(context.Context, []T) ([]R, error),
) {
	defer close(b.done)
	if b.before != nil {
		<-b.before
	}
	pace.wait()
	g.mu.Lock()
	if g.next == b {
		g.next = nil
	}
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), putWithin)
	defer cancel()
	b.results, b.err = call(ctx, b.items)
}

// putWithin is how long the store may take to put a batch.
const putWithin = time.Second
