package memory

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// events is what happened, and who is how far. The zero value is empty and ready to use.
type events struct {
	mu        sync.Mutex
	kept      []store.Event // from floor+1 to latest, one at each position
	ids       map[string]struct{}
	floor     store.EventPosition // up to here they were pruned
	latest    store.EventPosition
	recorded  live.Timestamp // the latest
	grown     chan struct{}  // closed when there is more; nil: nobody waits
	consumers map[string]*consumer
	revisions int64 // of webhooks, so far
	letters   []letter
	lettered  int64 // dead letters, so far

	wish atomic.Pointer[store.MessageWish] // nil: nobody asks for messages
}

// AppendEvents implements store.Events.
func (s *Store) AppendEvents(ctx context.Context, all []store.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.events.append(all, s.now())
	return nil
}

// append records events.
func (e *events) append(all []store.Event, now live.Timestamp) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ids == nil {
		e.ids = make(map[string]struct{})
	}
	e.recorded = max(e.recorded, now)
	before := e.latest
	for _, one := range all {
		if _, known := e.ids[one.ID]; known {
			continue
		}
		e.latest++
		one.Position, one.Recorded = e.latest, e.recorded
		e.ids[one.ID] = struct{}{}
		e.kept = append(e.kept, one)
	}
	if e.latest > before && e.grown != nil {
		close(e.grown)
		e.grown = nil
	}
}

// AwaitEvents implements store.Events.
func (s *Store) AwaitEvents(ctx context.Context, at store.EventPosition) (store.EventPosition, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		latest, grown := s.events.await()
		if latest != at {
			return latest, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

// await returns where the latest event is, and what is closed when there is a later one.
func (e *events) await() (store.EventPosition, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.grown == nil {
		e.grown = make(chan struct{})
	}
	return e.latest, e.grown
}

// Events implements store.Events. It passes over as much as there is.
func (s *Store) Events(ctx context.Context, q store.EventQuery) (store.EventPage, error) {
	if err := ctx.Err(); err != nil {
		return store.EventPage{}, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	from := min(max(q.After-e.floor, 0), e.latest-e.floor)
	page := store.EventPage{Next: max(q.After, e.latest)}
	for _, one := range e.kept[from:] {
		if !q.Asks(one) {
			continue
		}
		page.Events = append(page.Events, one)
		if len(page.Events) == q.Limit {
			page.Next, page.More = one.Position, one.Position < e.latest
			break
		}
	}
	return page, nil
}

// PruneEvents implements store.Events.
func (s *Store) PruneEvents(ctx context.Context, keep time.Duration, limit int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	until := s.now().Add(-keep)
	n := 0
	for n < min(limit, len(e.kept)) && e.kept[n].Recorded < until {
		delete(e.ids, e.kept[n].ID)
		n++
	}
	e.kept = slices.Delete(e.kept, 0, n)
	before := e.floor
	e.floor += store.EventPosition(n)
	for _, c := range e.consumers {
		c.dropped += int64(max(0, e.floor-max(before, c.read)))
	}
	return n, nil
}
