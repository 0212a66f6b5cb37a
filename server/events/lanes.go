package events

import (
	"container/heap"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// lanes is what is to be sent to one webhook, and in which order: events of a room one after
// the other, rooms side by side. What fails is held until it is due again, and with it what
// comes after it in its room; the store is told, so that the rest can go on. It knows no
// time but what it is told, and is for one goroutine.
type lanes struct {
	giveUpAfter time.Duration

	read    store.EventPosition // the log is read up to here
	settled store.EventPosition // and this is what the store knows of that
	lanes   map[laneKey]*lane
	ready   []*lane // whose first may be sent
	later   laneHeap
	window  []*item // that came from the log, until they are sent or held; by position
	held    map[store.EventPosition]*item
	failing int // attempts that failed since the last that did not

	changed []*item // that the store is to be told of as held
	done    []store.EventPosition
	dead    []store.Delivery
}

// laneKey names a lane: that of a room, or that of a dead letter which is sent again.
type laneKey struct {
	room  live.RoomID
	again store.EventPosition
}

// lane is the events of one room, the next first.
type lane struct {
	key   laneKey
	items []*item
	due   live.Timestamp // of the first, while it waits
}

// item is one event that is to be sent.
type item struct {
	store.Delivery
	past     bool // it was sent, is dead, or is held: the log may be read on from after it
	held     bool // the store knows of it, or is to be told
	queued   bool // it is among those that the store is to be told of
	finished bool
}

// laneHeap is lanes by when they are due.
type laneHeap []*lane

func (h laneHeap) Len() int           { return len(h) }
func (h laneHeap) Less(i, j int) bool { return h[i].due < h[j].due }
func (h laneHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *laneHeap) Push(x any) { *h = append(*h, x.(*lane)) } //nolint:forcetypeassert // heap's own

// Pop implements heap.Interface.
func (h *laneHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	*h = (*h)[:last]
	return l
}

// newLanes begins where the store is.
func newLanes(c store.ClaimedWebhook, held []store.Delivery, now live.Timestamp) *lanes {
	q := &lanes{
		giveUpAfter: c.Webhook.GiveUpAfter, read: c.Read, settled: c.Read,
		lanes: make(map[laneKey]*lane), held: make(map[store.EventPosition]*item),
	}
	for _, d := range held {
		one := &item{Delivery: d, past: true, held: true}
		q.held[d.Event.Position] = one
		q.add(one, now)
	}
	return q
}

// take takes what was read of the log.
func (q *lanes) take(page store.EventPage, now live.Timestamp) {
	for _, e := range page.Events {
		if q.held[e.Position] != nil {
			continue // it is there already
		}
		one := &item{Delivery: store.Delivery{Event: e}}
		q.window = append(q.window, one)
		q.add(one, now)
	}
	q.read = max(q.read, page.Next)
}

// add puts an item at the end of its lane.
func (q *lanes) add(one *item, now live.Timestamp) {
	key := laneKey{room: one.Event.Room}
	if one.Again {
		key.again = one.Event.Position
	}
	l := q.lanes[key]
	if l == nil {
		l = &lane{key: key}
		q.lanes[key] = l
	}
	l.items = append(l.items, one)
	switch {
	case len(l.items) == 1:
		q.put(l, now)
	case l.items[0].Attempts > 0:
		q.hold(one) // it has to wait for one that failed
	}
}

// put puts a lane where it belongs: among those that are ready, or that are due later.
func (q *lanes) put(l *lane, now live.Timestamp) {
	if l.due = l.items[0].Due; l.due > now {
		heap.Push(&q.later, l)
		return
	}
	q.ready = append(q.ready, l)
}

// next returns a lane whose first is to be sent now, which nobody else gets until it is
// over; nil if there is none.
func (q *lanes) next(now live.Timestamp) *lane {
	for len(q.later) > 0 && q.later[0].due <= now {
		l, _ := heap.Pop(&q.later).(*lane)
		q.ready = append(q.ready, l)
	}
	if len(q.ready) == 0 {
		return nil
	}
	l := q.ready[0]
	q.ready = q.ready[1:]
	if first := l.items[0]; first.First == 0 {
		first.First = now
	}
	return l
}

// due returns when the next lane is due that is not ready; 0: there is none.
func (q *lanes) due() live.Timestamp {
	if len(q.later) == 0 {
		return 0
	}
	return q.later[0].due
}

// over takes note of what came of sending the first of a lane. It says whether that is a dead
// letter now.
func (q *lanes) over(l *lane, a answer, now live.Timestamp) (dead bool) {
	first := l.items[0]
	first.Attempts++
	if a.taken {
		q.failing = 0
		q.finish(l, now)
		return false
	}
	q.failing++
	first.LastStatus, first.LastError = a.status, a.said
	first.Due = now.Add(max(pauseAfter(first.Attempts), a.retryAfter))
	if dead = first.Due >= first.First.Add(q.giveUpAfter); dead {
		q.dead = append(q.dead, first.Delivery)
		q.finish(l, now)
		return true
	}
	for _, one := range l.items {
		q.hold(one)
	}
	q.tell(first)
	q.put(l, now)
	return false
}

// finish takes the first of a lane out of it.
func (q *lanes) finish(l *lane, now live.Timestamp) {
	first := l.items[0]
	first.past, first.finished = true, true
	if first.held {
		delete(q.held, first.Event.Position)
		q.done = append(q.done, first.Event.Position)
	}
	if l.items = l.items[1:]; len(l.items) == 0 {
		delete(q.lanes, l.key)
		return
	}
	q.put(l, now)
}

// hold has the store hold an item.
func (q *lanes) hold(one *item) {
	one.past = true
	if !one.held {
		one.held = true
		q.held[one.Event.Position] = one
		q.tell(one)
	}
}

// tell has the store told of what is held.
func (q *lanes) tell(one *item) {
	if !one.queued {
		one.queued = true
		q.changed = append(q.changed, one)
	}
}

// settlement returns what the store is to be told, and whether there is anything. What it
// returns is as good as told once told is called.
func (q *lanes) settlement() (done store.Settlement, some bool) {
	at := q.read
	for _, one := range q.window {
		if !one.past {
			at = one.Event.Position - 1
			break
		}
	}
	done = store.Settlement{Read: at, Done: q.done, Dead: q.dead}
	for _, one := range q.changed {
		if !one.finished {
			done.Held = append(done.Held, one.Delivery)
		}
	}
	return done, at > q.settled || len(done.Held)+len(done.Done)+len(done.Dead) > 0
}

// told notes that the store knows what settlement has returned.
func (q *lanes) told(done store.Settlement) {
	q.settled = max(q.settled, done.Read)
	q.window = slices.DeleteFunc(q.window, func(one *item) bool { return one.Event.Position <= done.Read })
	for _, one := range q.changed {
		one.queued = false
	}
	q.changed, q.done, q.dead = nil, nil, nil
}
