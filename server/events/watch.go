package events

import (
	"context"
	"sync"
	"time"

	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

// awayFor is how long a node leaves a store alone that did not answer.
const awayFor = time.Second

// watch tells all who wait on this node of new events, by one who asks the store. It asks
// only while somebody reads.
type watch struct {
	events store.Events

	mu      sync.Mutex
	latest  store.EventPosition
	later   chan struct{} // closed when there is a later one
	lost    chan struct{} // closed when the latest is before what it was
	readers int
	wanted  chan struct{} // somebody began to read
}

func newWatch(events store.Events) *watch {
	return &watch{events: events, later: make(chan struct{}), lost: make(chan struct{}), wanted: make(chan struct{}, 1)}
}

// enter counts a reader, until the returned function is called.
func (w *watch) enter() (leave func()) {
	w.count(1)
	ring(w.wanted)
	return func() { w.count(-1) }
}

func (w *watch) count(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.readers += n
}

// known is what after returns where there is a later event already.
var known = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// after returns what is closed when there is an event after a position.
func (w *watch) after(at store.EventPosition) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.latest > at {
		return known
	}
	return w.later
}

// loss returns what is closed when events were lost that had been read: a store that was put
// in place of another may lack its last.
func (w *watch) loss() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

// run asks until the context is done.
func (w *watch) run(ctx context.Context) {
	for ctx.Err() == nil {
		at, read := w.state()
		if !read {
			select {
			case <-w.wanted:
			case <-ctx.Done():
			}
			continue
		}
		latest, err := w.events.AwaitEvents(ctx, at)
		if err != nil {
			loop.Pause(ctx, awayFor)
			continue
		}
		w.tell(latest)
	}
}

// state returns where the latest is that is known, and whether anybody wants to know.
func (w *watch) state() (store.EventPosition, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latest, w.readers > 0
}

// tell tells everyone.
func (w *watch) tell(latest store.EventPosition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if latest == w.latest {
		return
	}
	if latest < w.latest {
		close(w.lost)
		w.lost = make(chan struct{})
	}
	w.latest = latest
	close(w.later)
	w.later = make(chan struct{})
}
