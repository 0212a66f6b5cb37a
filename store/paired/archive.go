package paired

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

const (
	// leaseTerm is how long a node that stops keeps others from archiving its rooms: not so
	// long that a room at its rate fills its rings.
	leaseTerm = 3 * time.Second
	// noteEvery is how often a node notes that a room is still dirty.
	noteEvery = 10 * time.Second
	// adoptEvery is how often a node looks for rooms that nobody archives any more, and
	// leftAfter after how long without a note that is so.
	adoptEvery = 10 * time.Second
	leftAfter  = 3 * noteEvery
	// adoptAtOnce is how many of them it takes at once.
	adoptAtOnce = 64
	// othersFor is for how long a node leaves a room to the one that has the lease.
	othersFor = time.Second
	// maxPause is how long a node pauses at most where it cannot archive.
	maxPause = 10 * time.Second
	// flushWithin is how long a node that stops archives still.
	flushWithin = 5 * time.Second
)

// archive is the rooms that may have messages in their logs that are not archived, as far
// as this node has seen.
type archive struct {
	writer writer
	node   store.NodeID
	logger *slog.Logger

	mu    sync.RWMutex
	dirty map[live.RoomID]*dirtyRoom

	pause time.Duration // of rounds alone
	until time.Time     // there is none before
}

// dirtyRoom is one of them. All but the marks is for one round at a time, or under
// archive.mu.
type dirtyRoom struct {
	marks   atomic.Uint64 // how often something was seen to happen
	notes   []DirtyMark   // in the hot backend: this node's, then those of nodes that are gone
	noted   time.Time     // when this node's was made
	notYet  time.Time     // another node archives it, until then at least
	writing writing
}

func newArchive(hot Hot, durable Durable, c Config) *archive {
	return &archive{
		writer: writer{hot, durable, c.Node, c.Logger, c.Metrics},
		node:   c.Node,
		logger: c.Logger,
		dirty:  make(map[live.RoomID]*dirtyRoom),
	}
}

// mark notes that something has happened in a room's log. It takes no time.
func (a *archive) mark(id live.RoomID) {
	if a.markKnown(id) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.add(id).marks.Add(1)
}

// markKnown is mark for a room that is dirty already.
func (a *archive) markKnown(id live.RoomID) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	d := a.dirty[id]
	if d != nil {
		d.marks.Add(1)
	}
	return d != nil
}

// add returns a room among the dirty ones. The caller holds a.mu.
func (a *archive) add(id live.RoomID) *dirtyRoom {
	d := a.dirty[id]
	if d == nil {
		d = &dirtyRoom{notes: []DirtyMark{{a.node, id}}}
		a.dirty[id] = d
	}
	return d
}

// all returns the rooms that are dirty now.
func (a *archive) all() map[live.RoomID]*dirtyRoom {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return maps.Clone(a.dirty)
}

// round archives what is due, of all rooms that are dirty. Where it cannot, it pauses for
// longer each time.
func (a *archive) round(ctx context.Context) {
	now := time.Now()
	if now.Before(a.until) {
		return
	}
	all := a.all()
	a.writer.metrics.dirty.Set(float64(len(all)))
	err, wrote := a.note(ctx, all, now), false
	if err == nil {
		wrote, err = a.write(ctx, all, now)
	}
	switch {
	case ctx.Err() != nil:
	case wrote && err == nil && a.pause > 0:
		a.logger.InfoContext(ctx, "messages are archived again")
		a.pause = 0
	case err != nil:
		if a.pause == 0 {
			a.logger.WarnContext(ctx, "messages cannot be archived: the log holds what it can", "error", err)
		}
		a.pause = min(max(2*a.pause, archiveEvery), maxPause)
		a.until = now.Add(a.pause)
	}
}

// note notes where others find it that this node has rooms to archive.
func (a *archive) note(ctx context.Context, all map[live.RoomID]*dirtyRoom, now time.Time) error {
	var marks []DirtyMark
	for id, d := range all {
		if now.Sub(d.noted) >= noteEvery || a.inherited(d) {
			marks = append(marks, DirtyMark{a.node, id})
		}
	}
	if len(marks) == 0 {
		return nil
	}
	if err := a.writer.hot.MarkDirty(ctx, marks); err != nil {
		return err
	}
	for _, m := range marks {
		all[m.Room].noted = now
	}
	return a.disown(ctx, marks)
}

// inherited says whether others have noted a room too.
func (a *archive) inherited(d *dirtyRoom) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return len(d.notes) > 1
}

// disown takes back what nodes that are gone have noted of rooms that this one has noted
// itself: what is left of the others is found by adopt then, however long these go on.
func (a *archive) disown(ctx context.Context, noted []DirtyMark) error {
	var marks []DirtyMark
	a.mu.Lock()
	for _, m := range noted {
		if d := a.dirty[m.Room]; d != nil {
			marks = append(marks, d.notes[1:]...)
			d.notes = d.notes[:1:1]
		}
	}
	a.mu.Unlock()
	if len(marks) == 0 {
		return nil
	}
	return a.writer.hot.UnmarkDirty(ctx, marks)
}

// write archives rooms, some at once, and says whether it kept anything.
func (a *archive) write(ctx context.Context, all map[live.RoomID]*dirtyRoom, now time.Time) (bool, error) {
	var wrote atomic.Bool
	var group errgroup.Group
	group.SetLimit(hands)
	for id, d := range all {
		if now.Before(d.notYet) {
			continue
		}
		group.Go(func() error {
			done, err := a.writeRoom(ctx, id, d, now)
			if done {
				wrote.Store(true)
			}
			return err
		})
	}
	err := group.Wait()
	return wrote.Load(), err
}

// writeRoom archives one room, if no other node does, and says whether it kept anything.
func (a *archive) writeRoom(ctx context.Context, id live.RoomID, d *dirtyRoom, now time.Time) (bool, error) {
	marks := d.marks.Load()
	held, err := a.writer.hot.Lease(ctx, id, a.node, leaseTerm)
	if err == nil && !held {
		d.notYet, d.writing = now.Add(othersFor), writing{}
		return false, nil
	}
	if err == nil {
		err = a.writer.write(ctx, id, &d.writing)
	}
	if err != nil {
		return false, a.failed(ctx, id, d, now, err)
	}
	notes := a.clean(id, d, marks)
	if notes == nil {
		return d.writing.wrote, nil
	}
	_, err = a.writer.hot.Lease(ctx, id, a.node, 0)
	return d.writing.wrote, errors.Join(err, a.writer.hot.UnmarkDirty(ctx, notes))
}

// failed counts a room that could not be archived. If a backend is away, it is so for all
// rooms; else the others go on.
func (a *archive) failed(ctx context.Context, id live.RoomID, d *dirtyRoom, now time.Time, err error) error {
	a.writer.metrics.failures.Inc()
	if ctx.Err() != nil || errors.Is(err, store.ErrUnavailable) {
		return err
	}
	a.logger.ErrorContext(ctx, "a room's messages cannot be archived", "room_id", id, "error", err)
	d.notYet = now.Add(maxPause)
	return nil
}

// clean takes out a room in which nothing has happened since it had these marks, and
// returns its notes; nil if something has.
func (a *archive) clean(id live.RoomID, d *dirtyRoom, marks uint64) []DirtyMark {
	a.mu.Lock()
	defer a.mu.Unlock()
	if d.marks.Load() != marks {
		return nil
	}
	delete(a.dirty, id)
	return d.notes
}

// adopt takes over the rooms of nodes that do not note them any more.
func (a *archive) adopt(ctx context.Context) {
	left, err := a.writer.hot.LeftDirty(ctx, leftAfter, adoptAtOnce)
	if err != nil {
		return // the next round says so
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range left {
		d := a.add(m.Room)
		d.marks.Add(1)
		if m.Node != a.node && !slices.Contains(d.notes, m) {
			d.notes = append(d.notes, m)
		}
	}
}

// flush archives what there is still, as a node does that stops, and leaves the rest to
// others.
func (a *archive) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	all := a.all()
	for _, d := range all {
		d.notYet = time.Time{}
	}
	if _, err := a.write(ctx, all, time.Now()); err != nil {
		a.logger.WarnContext(ctx, "some messages are not archived yet: other nodes will, or this one when it is back", "error", err)
	}
	for id := range a.all() {
		if _, err := a.writer.hot.Lease(ctx, id, a.node, 0); err != nil {
			return // it ends by itself
		}
	}
}
