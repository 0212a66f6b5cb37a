package memory

import (
	"container/heap"
	"sync"

	"github.com/ovation-live/ovation/live"
)

// expiry knows when to look at which lease next. A longer lease costs nothing here:
// whoever takes a term out and finds that its lease goes on puts in another. A
// shorter one is put in at once, and its older term is stale.
type expiry struct {
	mu    sync.Mutex
	terms terms
}

// term says when a lease is to be looked at.
type term struct {
	at    live.Timestamp
	room  *roomState
	lease *lease
}

// add puts a lease of a room in, to be looked at when it is over. The caller holds
// the room's lock.
func (e *expiry) add(room *roomState, l *lease) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l.term = l.until
	heap.Push(&e.terms, term{l.until, room, l})
}

// due takes out the earliest term, if it is over.
func (e *expiry) due(now live.Timestamp) (term, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.terms) == 0 || e.terms[0].at > now {
		return term{}, false
	}
	return heap.Pop(&e.terms).(term), true
}

// terms is a heap of terms, the earliest first.
type terms []term

func (t terms) Len() int           { return len(t) }
func (t terms) Less(i, j int) bool { return t[i].at < t[j].at }
func (t terms) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push implements heap.Interface.
func (t *terms) Push(x any) { *t = append(*t, x.(term)) }

// Pop implements heap.Interface.
func (t *terms) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = term{}
	*t = old[:len(old)-1]
	return last
}
