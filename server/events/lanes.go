package events

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

const (
	// failingAt is in how many rooms attempts fail, with nothing between them that went well,
	// before a webhook counts as away: then it gets one event at a time. One room never
	// makes it that, however often its event fails.
	failingAt = 8
	// maxProbe is the longest pause between attempts in rooms that have not failed, of a webhook
	// that is away.
	maxProbe = time.Minute
	// healWithin is how soon all that is held is tried when a webhook is back.
	healWithin = 5 * time.Second
	// aloneAt is how often a room fails, something of others being taken before each time and
	// nothing of it, before that counts as for a reason of its own. Fewer times it may be a
	// webhook that comes back, and not whole at once.
	aloneAt = 5
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
	fresh   []*lane // whose first may be sent, and was not yet
	ready   []*lane // whose first may be sent again
	again   bool    // it is the turn of ready
	later   laneHeap
	window  []*item // that came from the log, until they are sent or held; by position
	held    map[store.EventPosition]*item

	most, mostOfRoom int  // that are held
	successes        int  // so often the webhook took something
	failed           bool // something failed since then
	peek             bool // something failed since the log was read last

	failing map[laneKey]bool // lanes that failed since the last that did not, up to failingAt
	probes  int              // how many of them since it is away, and that
	probe   live.Timestamp   // while it is away: when a lane is tried next that has not failed

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

	asked   live.Timestamp // the webhook asked for no attempt before
	failed  bool           // the last of it that was tried was not taken
	mark    int            // successes when that was
	despite bool           // others had been taken since the time before
	blamed  int            // how often that was so since something of it was taken
	full    bool           // what comes to it is given up
	probe   bool           // it is tried to find out whether the webhook is back
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
		lanes: make(map[laneKey]*lane), held: make(map[store.EventPosition]*item), failing: make(map[laneKey]bool),
		most: maxHeld, mostOfRoom: maxOfRoom,
	}
	for _, d := range held {
		one := &item{Delivery: d, past: true, held: true}
		q.held[d.Event.Position] = one
		q.failed = q.failed || d.Attempts > 0
		q.add(one, now)
	}
	return q
}

// overflow is what was given up because too much of its room is held.
type overflow struct {
	events int
	rooms  []live.RoomID // of which it was the first
}

// take takes what was read of the log, but for what there is too much of.
func (q *lanes) take(page store.EventPage, now live.Timestamp) (over overflow) {
	q.peek = false
	for _, e := range page.Events {
		if q.held[e.Position] != nil {
			continue // it is there already
		}
		one := &item{Delivery: store.Delivery{Event: e}}
		q.window = append(q.window, one)
		l := q.lanes[laneKey{room: e.Room}]
		if l == nil || !q.tooMuch(l) {
			q.add(one, now)
			continue
		}
		if over.events++; !l.full {
			l.full, over.rooms = true, append(over.rooms, e.Room)
		}
		one.past, one.finished = true, true
		one.LastError = fmt.Sprintf("it was not sent: one of its room is not taken, and too much waits (of the room %d, in all %d)", len(l.items), len(q.held))
		q.dead = append(q.dead, one.Delivery)
	}
	q.read = max(q.read, page.Next)
	return over
}

// tooMuch says whether nothing more of a lane is to be held. That is only where the webhook
// takes what others have: of one that takes nothing the log is left unread, and nothing lost.
func (q *lanes) tooMuch(l *lane) bool {
	return q.alone(l) && (len(l.items) >= q.mostOfRoom || len(q.held) >= q.most)
}

// alone says whether it is for a reason of its own that a lane fails. That others are taken
// says nothing of it before it is tried again. Where there is no room left once is enough:
// else nothing more might be read that others have.
func (q *lanes) alone(l *lane) bool {
	enough := aloneAt
	if len(q.held) >= 2*q.most {
		enough = 1
	}
	return l.items[0].Attempts > 0 && l.blamed >= enough
}

// refused notes that its first was not taken, after so many successes of others.
func (l *lane) refused(successes int) {
	if l.despite = l.failed && successes > l.mark; l.despite {
		l.blamed++
	}
	l.failed, l.mark = true, successes
}

// roomy says whether the log may be read on, as far as what is held goes: while there is
// little, and then where others are taken, once those are tried again that may be too; from
// twice as much on only where all that fail are given up. Where nothing was taken for a while,
// a little is read after each attempt, to find out what others have.
func (q *lanes) roomy(now live.Timestamp) bool {
	n := len(q.held)
	if n < q.most {
		return true
	}
	blamed, unsure := false, false
	for _, l := range q.lanes {
		switch {
		case l.items[0].Attempts == 0:
		case q.alone(l):
			blamed = true
		case q.successes > l.mark && l.due <= now.Add(healWithin):
			return false
		default:
			blamed, unsure = blamed || l.blamed > 0, true
		}
	}
	if n >= 2*q.most {
		return blamed && !unsure
	}
	return blamed || q.peek
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

// put puts a lane where it belongs: among those that may be sent, or that are due later.
func (q *lanes) put(l *lane, now live.Timestamp) {
	first := l.items[0]
	switch l.due = first.Due; {
	case l.due > now:
		heap.Push(&q.later, l)
	case first.Attempts == 0:
		q.fresh = append(q.fresh, l)
	default:
		q.ready = append(q.ready, l)
	}
}

// away says whether the webhook takes nothing, as far as is known.
func (q *lanes) away() bool { return len(q.failing) >= failingAt }

// probing says whether a lane may be tried that has not failed.
func (q *lanes) probing(now live.Timestamp) bool { return !q.away() || q.probe <= now }

// wanting says whether there is none to be tried, though there may be.
func (q *lanes) wanting(now live.Timestamp) bool {
	return !q.away() || len(q.fresh) == 0 && q.probing(now)
}

// next returns a lane whose first is to be sent now, which nobody else gets until it is
// over; nil if there is none. Those that failed and those that have not take turns, but for
// a webhook that is away.
func (q *lanes) next(now live.Timestamp) *lane {
	for len(q.later) > 0 && q.later[0].due <= now {
		l, _ := heap.Pop(&q.later).(*lane)
		q.ready = append(q.ready, l)
	}
	from := &q.ready
	if len(q.fresh) > 0 && q.probing(now) && (q.away() || !q.again || len(q.ready) == 0) {
		from = &q.fresh
	}
	if len(*from) == 0 {
		return nil
	}
	q.again = from == &q.fresh
	l := (*from)[0]
	*from = (*from)[1:]
	l.probe = q.again && q.away()
	if first := l.items[0]; first.First == 0 {
		first.First = now
	}
	return l
}

// due returns when the next lane is due that cannot be sent now; 0: there is none.
func (q *lanes) due() (at live.Timestamp) {
	if q.away() && len(q.fresh) > 0 {
		at = q.probe
	}
	if len(q.later) > 0 && (at == 0 || q.later[0].due < at) {
		at = q.later[0].due
	}
	return at
}

// took notes that the webhook took something. It may be back: what failed since the last that
// it took need not wait for its pause, but for a room that is alone and failed before too
// though others were taken.
func (q *lanes) took(now live.Timestamp) {
	before, failed := q.successes, q.failed
	q.successes, q.failed = before+1, false
	clear(q.failing)
	q.probes, q.probe = 0, 0
	if !failed {
		return
	}
	for _, l := range q.later {
		if l.mark == before && (!q.alone(l) || !l.despite) {
			soon := now.Add(rand.N(healWithin)) //nolint:gosec // they are not to come all at once
			l.due = min(l.due, max(soon, l.asked))
		}
	}
	heap.Init(&q.later)
}

// refused notes that it did not take the first of a lane. While it is away, the pause until
// the next lane is tried grows.
func (q *lanes) refused(l *lane, now live.Timestamp) {
	q.failed, q.peek = true, true
	l.refused(q.successes)
	away := q.away()
	if !away {
		q.failing[l.key] = true
	}
	if q.away() && (!away || l.probe) {
		q.probes++
		q.probe = now.Add(min(pauseAfter(q.probes), maxProbe))
	}
}

// over takes note of what came of sending the first of a lane. It says whether that is a dead
// letter now.
func (q *lanes) over(l *lane, a answer, now live.Timestamp) (dead bool) {
	first := l.items[0]
	first.Attempts++
	if a.taken {
		q.took(now)
		l.failed, l.blamed = false, 0
		q.finish(l, now)
		return false
	}
	q.refused(l, now)
	l.asked = now.Add(a.retryAfter)
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
	l.full = false
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
