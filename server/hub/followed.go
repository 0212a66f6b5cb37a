package hub

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// followed is a room that the node follows: a replica of its log, the latest rounds,
// and who is to be told.
type followed struct {
	hub   *Hub
	id    live.RoomID
	users int    // under table.mu
	holds uint64 // how often it was held, under table.mu
	crowd crowd

	ctx    context.Context //nolint:containedctx // the life of run
	stop   context.CancelFunc
	opened chan struct{} // closed when the replica is there, or err is
	err    error         // readable after opened

	news    chan struct{}      // something for the next round
	control chan struct{}      // something that does not wait for it
	gap     chan struct{}      // a publication was lost
	asks    chan chan struct{} // those who ask for a check; closed when it was made
	shared  atomic.Pointer[shared]
	answers answers
	readers readers

	pace      feed.Pace // the deliverer's, and so are
	marks     *time.Timer
	announced announced

	due time.Time // for a check: that of checks alone

	mu           sync.RWMutex
	rings        *feed.Rings
	sequence     uint64 // of the last publication that is in
	room         room.Room
	attributes   live.Timestamp
	told         live.Timestamp     // the attributes of the last round
	changes      *attribute.Changes // since then, if they are whole
	changesBytes int                // of changes
	counts       counts
	lastShown    uint64 // the number of the latest frame of a quiz
	loud         uint64 // that of the latest which is not for hosts and moderators alone
	departures   []store.Departure
	departed     publicationID // of the last departure
	ended        *wire.Frame
	changed      chan struct{} // closed when a long poll should look again; nil if none waits
	mending      bool
	early        []store.Publication // heard while mending
}

// untold is a timestamp of no attributes: whatever they are, it is news.
const untold live.Timestamp = -1

// publicationID names a publication of a room.
type publicationID struct {
	epoch    live.Epoch
	sequence uint64
}

func newFollowed(h *Hub, id live.RoomID) *followed {
	ctx, cancel := context.WithCancel(h.ctx)
	f := &followed{
		hub: h, id: id, ctx: ctx, stop: cancel,
		opened:  make(chan struct{}),
		news:    make(chan struct{}, 1),
		control: make(chan struct{}, 1),
		gap:     make(chan struct{}, 1),
		asks:    make(chan chan struct{}),
	}
	f.crowd.init()
	f.shared.Store(new(shared))
	return f
}

// signal marks that there is work of one kind, without blocking.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run follows the room, then delivers, and mends beside it, until the room is dropped
// or the hub closes.
func (f *followed) run() {
	defer f.stop()
	stop, err := f.open()
	if err != nil {
		f.err = err
		f.hub.table.forget(f)
		close(f.opened)
		return
	}
	defer stop()
	f.stage()
	defer f.hub.config.Quizzes.Closed(Stage{f})
	close(f.opened)
	f.hub.config.Metrics.rooms.Inc()
	defer f.hub.config.Metrics.rooms.Dec()
	f.hub.rooms.Go(f.tend)
	f.loop()
}

// loop delivers until the room is dropped. News wait for the pace; everything else
// is delivered at once.
func (f *followed) loop() {
	pause := time.NewTimer(0)
	defer pause.Stop()
	f.marks = time.NewTimer(0)
	defer f.marks.Stop()
	news := f.news
	for {
		select {
		case <-f.ctx.Done():
			return
		case <-f.control:
			f.deliverControl()
		case <-news:
			if wait := f.deliver(); wait > 0 {
				pause.Reset(wait)
				news = nil
			}
		case <-pause.C:
			news = f.news
		case <-f.marks.C:
			f.remind()
		}
	}
}

// hear takes a publication in. The store calls it in order and under its own lock;
// it does not block.
func (f *followed) hear(p store.Publication) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.Departure != nil {
		f.depart(p)
	}
	if p.Quiz != nil {
		f.hub.config.Quizzes.Heard(f.id, *p.Quiz)
	}
	f.take(p)
}

// stageWithin is how long whoever knows the quizzes may take to say what is shown in a
// room that is opened.
const stageWithin = time.Second

// stage has what is to be shown put in place before anybody is served, and beside it
// what was given counted.
func (f *followed) stage() {
	ctx, cancel := context.WithTimeout(f.ctx, stageWithin)
	defer cancel()
	var counting sync.WaitGroup
	counting.Go(func() { f.countGifts(ctx) })
	f.hub.config.Quizzes.Opened(ctx, Stage{f})
	counting.Wait()
}

// depart notes a departure, at once and whatever else was lost: no log holds it. One
// that was heard before says nothing of who has come since. The caller holds f.mu.
func (f *followed) depart(p store.Publication) {
	if p.Epoch == f.departed.epoch && p.Sequence <= f.departed.sequence {
		return
	}
	f.departed = publicationID{p.Epoch, p.Sequence}
	f.departures = append(f.departures, *p.Departure)
	signal(f.control)
}

// take takes what the replica needs of a publication in. Before one that says nothing
// anything may have been lost. The caller holds f.mu.
func (f *followed) take(p store.Publication) {
	switch {
	case f.mending:
		f.keep(p)
	case p.Epoch == f.epoch() && p.Sequence <= f.sequence: // heard before
	case p.Epoch != f.epoch(), p.Sequence > f.sequence+1, isEmpty(p):
		signal(f.gap)
	default:
		f.sequence = p.Sequence
		f.apply(p)
	}
}

// isEmpty says whether a publication says nothing but how far the room is.
func isEmpty(p store.Publication) bool {
	return p.Message == nil && p.Attributes == nil && p.Room == nil && p.Quiz == nil && p.Departure == nil
}

// maxEarly is how many publications are kept while a loss is mended. Those beyond
// are lost, and mended next.
const maxEarly = 4096

// keep remembers a publication until the replica is mended.
func (f *followed) keep(p store.Publication) {
	if len(f.early) < maxEarly {
		f.early = append(f.early, p)
	}
}

// apply brings the replica through one publication. The caller holds f.mu.
func (f *followed) apply(p store.Publication) {
	switch {
	case p.Message != nil:
		if f.rings.Apply(p.Message) == feed.Gap {
			signal(f.gap)
			return
		}
		signal(f.news)
	case p.Attributes != nil:
		f.applyAttributes(p.Attributes)
		signal(f.news)
	case p.Room != nil:
		f.applyRoom(*p.Room)
	}
}

// applyAttributes adds changes to those of the next round. The caller holds f.mu.
func (f *followed) applyAttributes(c *attribute.Changes) {
	if c.Timestamp <= f.attributes {
		return
	}
	if f.changes == nil {
		f.changes, f.changesBytes = &attribute.Changes{After: c.After}, 0
	}
	f.changes.List = append(f.changes.List, c.List...)
	f.changes.Timestamp = c.Timestamp
	f.attributes = c.Timestamp
	for _, change := range c.List {
		f.changesBytes += len(change.Attribute.Key) + len(change.Attribute.Value)
	}
	if f.changesBytes > maxInlineAttributes {
		f.changes = nil
	}
}

// maxInlineAttributes is how many bytes of attributes a round carries. Of more it says
// only that there are changes: who needs them pulls them once, as they are then.
const maxInlineAttributes = 256 << 10

// takeChanges returns the attribute changes of a round, nil if they are not whole, and
// whether there are any. The caller holds f.mu.
func (f *followed) takeChanges() (changes *attribute.Changes, changed bool) {
	changes, changed = f.changes, f.attributes != f.told
	f.changes, f.told = nil, f.attributes
	return changes, changed
}

// applyRoom takes another state of the room in. The caller holds f.mu.
func (f *followed) applyRoom(r room.Room) {
	if r.Revision <= f.room.Revision {
		return
	}
	f.room, f.ended = r, nil
	f.rings.Resize(r.Settings.Feed.Capacity)
	if r.State == room.Ended {
		f.ended = wire.RoomEndedFrame(r.Ended)
		signal(f.control)
	} else {
		f.tell(roomUpdated, wire.RoomUpdatedFrame(r))
	}
	f.wakeWaiters()
}

// epoch returns the epoch of the replica, empty before there is one. The caller
// holds f.mu.
func (f *followed) epoch() live.Epoch {
	if f.rings == nil {
		return ""
	}
	return f.rings.Head().Epoch
}

// heads returns how far the replica is. The caller holds f.mu.
func (f *followed) heads() feed.Heads {
	return feed.Heads{Cursor: f.rings.Head(), Attributes: f.attributes, Revision: f.room.Revision}
}

// pullLimit returns how many messages one batch carries. The caller holds f.mu.
func (f *followed) pullLimit() int {
	return feed.PullLimit(f.room.Settings.PullLimit, f.counts.online.Users)
}
