package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// events is what happened, and who is how far. The zero value is empty and ready to use.
type events struct {
	mu        sync.Mutex
	kept      []store.Event // by position
	ids       map[string]struct{}
	latest    store.EventPosition
	recorded  live.Timestamp // the latest
	consumers map[string]store.EventPosition
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
	for _, one := range all {
		if _, known := e.ids[one.ID]; known {
			continue
		}
		e.latest++
		one.Position, one.Recorded = e.latest, e.recorded
		e.ids[one.ID] = struct{}{}
		e.kept = append(e.kept, one)
	}
}

// Events implements store.Events. It passes over as much as there is.
func (s *Store) Events(ctx context.Context, q store.EventQuery) (store.EventPage, error) {
	if err := ctx.Err(); err != nil {
		return store.EventPage{}, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	from, _ := slices.BinarySearchFunc(e.kept, q.After+1, func(one store.Event, p store.EventPosition) int {
		return cmp.Compare(one.Position, p)
	})
	page := store.EventPage{Next: max(q.After, e.latest)}
	for _, one := range e.kept[from:] {
		if !asksFor(q, one) {
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

// asksFor says whether a query asks for an event's room and kind.
func asksFor(q store.EventQuery, one store.Event) bool {
	return (len(q.Rooms) == 0 || slices.Contains(q.Rooms, one.Room)) &&
		(len(q.Kinds) == 0 || slices.Contains(q.Kinds, one.Kind))
}

// EventConsumer implements store.Events.
func (s *Store) EventConsumer(ctx context.Context, name string) (store.EventConsumer, error) {
	if err := ctx.Err(); err != nil {
		return store.EventConsumer{}, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	at, known := e.consumers[name]
	return store.EventConsumer{Known: known, Acknowledged: at, Latest: e.latest}, nil
}

// AcknowledgeEvents implements store.Events.
func (s *Store) AcknowledgeEvents(
	ctx context.Context, name string, upTo store.EventPosition,
) (store.EventPosition, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	e := &s.events
	e.mu.Lock()
	defer e.mu.Unlock()
	if upTo > e.latest {
		return 0, store.ErrEventPosition
	}
	if e.consumers == nil {
		e.consumers = make(map[string]store.EventPosition)
	}
	e.consumers[name] = max(e.consumers[name], upTo)
	return e.consumers[name], nil
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
	return n, nil
}
