package hub

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

const (
	// checkEvery is how often a room is compared with its log, give or take a fifth, so
	// that rooms that were followed together are not checked together for ever. With
	// checkTick it bounds how long the loss of a room's last publication stays unseen.
	checkEvery = 5 * time.Second
	// checkTick is how often those that are due are gathered.
	checkTick = 250 * time.Millisecond
	// checkAtOnce is how many rooms one call asks for.
	checkAtOnce = 1000
	// checkWithin is how long a store may take to answer a check.
	checkWithin = 5 * time.Second
	// spareAtMost is how long a store that did not answer is left alone, at most.
	spareAtMost = 20 * time.Second
)

// checks compares the rooms that the node follows with their logs, a call for many at a
// time: what was published last may have been lost, and nothing follows that shows it.
// Nobody else touches it.
type checks struct {
	hub   *Hub
	spare time.Duration // how long the store is left alone; 0: it answers
	until time.Time     // till when
}

// run checks until the hub closes.
func (c *checks) run() {
	tick := time.NewTicker(checkTick)
	defer tick.Stop()
	for {
		select {
		case <-c.hub.ctx.Done():
			return
		case now := <-tick.C:
			if !now.Before(c.until) {
				c.check(now)
			}
		}
	}
}

// check checks the rooms that are due.
func (c *checks) check(now time.Time) {
	for rooms := range slices.Chunk(c.take(now), checkAtOnce) {
		if !c.compare(rooms) {
			c.spare = min(max(2*c.spare, time.Second), spareAtMost)
			c.until = now.Add(jittered(c.spare))
			return
		}
		c.spare = 0
	}
}

// take returns the rooms that are due, and says when each is next. The first time is at
// random: many may have been followed at once.
func (c *checks) take(now time.Time) (rooms []*followed) {
	for _, f := range c.hub.table.all() {
		switch {
		case !f.isOpen():
		case f.due.IsZero():
			f.due = now.Add(rand.N(checkEvery)) //nolint:gosec // no secret
		case !now.Before(f.due):
			f.due = now.Add(jittered(checkEvery))
			rooms = append(rooms, f)
		}
	}
	return rooms
}

// jittered returns a duration that is up to a fifth shorter or longer.
func jittered(d time.Duration) time.Duration {
	return d*4/5 + rand.N(d*2/5) //nolint:gosec // no secret
}

// compare asks how far the logs of rooms are, has those mended that are not as far, and
// says whether the store answered.
func (c *checks) compare(rooms []*followed) bool {
	ctx, cancel := context.WithTimeout(c.hub.ctx, checkWithin)
	defer cancel()
	ids, before := make([]live.RoomID, len(rooms)), make([]publicationID, len(rooms))
	for i, f := range rooms {
		f.answers.tire()
		ids[i], before[i] = f.id, f.heard()
	}
	marks, err := c.hub.source.Log.Marks(ctx, ids)
	for i, f := range rooms {
		mark, found := marks[f.id]
		if found && f.misses(mark, before[i]) || !found && err == nil && f.isLive() {
			signal(f.gap)
		}
	}
	return err == nil || len(marks) > 0
}

// isOpen says whether the replica is there.
func (f *followed) isOpen() bool {
	select {
	case <-f.opened:
		return f.err == nil
	default:
		return false
	}
}

// isLive says whether the room has not ended.
func (f *followed) isLive() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.room.State != room.Ended
}

// heard returns the publication that the replica is at.
func (f *followed) heard() publicationID {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return publicationID{f.epoch(), f.sequence}
}

// misses says whether the replica lacks what the log had at a mark, or has what the log
// has lost: the mark is older than what was heard before it was asked for. A replica
// that is mended, or was meanwhile, is left to that.
func (f *followed) misses(m store.Mark, before publicationID) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	switch {
	case f.mending, f.epoch() != before.epoch:
		return false
	case m.Epoch != before.epoch:
		return true
	default:
		return m.Sequence > f.sequence || m.Sequence < before.sequence || m.Revision > f.room.Revision
	}
}
