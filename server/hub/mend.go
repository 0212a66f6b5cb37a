package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

const (
	// retryMend is how long to leave a store that could not be read.
	retryMend = 250 * time.Millisecond
	// readLimit is how many entries one read of the log asks for.
	readLimit = 1000
	// readAttempts is how often a log is read that drops what was not read yet.
	readAttempts = 3
)

// state is what was read of a room to bring a replica up to date.
type state struct {
	head    store.Head
	room    room.Room
	batches []feed.Batch
	rings   *feed.Rings // to fill instead of the replica; nil: go on with that
}

// open follows the room and fills the replica for the first time.
func (f *followed) open() (stop func(), err error) {
	f.mending = true
	stop, err = f.hub.source.Bus.Follow(f.ctx, f.id, f.hear)
	if err != nil {
		return nil, err
	}
	if err := f.readAnew(); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

// mend reads what was lost from the store. Where the store cannot be read it tries
// again later; until then the replica is served as it is.
func (f *followed) mend() {
	f.mu.Lock()
	f.mending = true
	from := f.rings.Head()
	f.mu.Unlock()
	s, err := f.read(from)
	if err == nil && !f.install(s) {
		err = f.readAnew()
	}
	if err != nil {
		f.retry(err)
		return
	}
	f.hub.config.Metrics.mends.Inc()
}

// readAnew reads all that the log holds into another replica and puts that in place.
func (f *followed) readAnew() error {
	for range readAttempts {
		s, err := f.read(feed.Cursor{})
		if err != nil {
			return err
		}
		s.rings = feed.NewRings(s.room.Settings.Feed.Capacity, feed.Cursor{Epoch: s.head.Cursor.Epoch})
		if f.install(s) {
			return nil
		}
	}
	return fmt.Errorf("%w: the log of room %q moves faster than it can be read", store.ErrUnavailable, f.id)
}

// retry leaves a mend for later.
func (f *followed) retry(err error) {
	f.mu.Lock()
	f.mending, f.early = false, nil
	f.mu.Unlock()
	if errors.Is(err, context.Canceled) {
		return
	}
	f.hub.config.Logger.Warn("cannot read a followed room; serving it from memory",
		"room_id", string(f.id), "error", err, "retry_after", retryMend)
	time.AfterFunc(retryMend, func() { signal(f.gap) })
}

// check compares the replica with the log's head, so that even the loss of the last
// publication does not stay unseen.
func (f *followed) check() {
	head, err := f.hub.source.Log.Head(f.ctx, f.id)
	if err != nil {
		return // a store that is away is seen by those who need it
	}
	f.mu.RLock()
	behind := head.Cursor.Epoch != f.epoch() || head.Sequence > f.sequence
	f.mu.RUnlock()
	if behind {
		f.mend()
	}
}

// read reads the room's state, and its log from a cursor on; all of it if the cursor
// is not of the log's epoch. The head comes first, so that whatever is published
// after it is heard or in the log.
func (f *followed) read(from feed.Cursor) (state, error) {
	head, err := f.hub.source.Log.Head(f.ctx, f.id)
	if err != nil {
		return state{}, err
	}
	s := state{head: head}
	if s.room, err = f.hub.source.Rooms.Room(f.ctx, f.id); err != nil {
		return state{}, err
	}
	if from.Epoch != head.Cursor.Epoch {
		from = feed.Cursor{Epoch: head.Cursor.Epoch}
	}
	for more := true; more; {
		batch, err := f.hub.source.Log.Read(f.ctx, f.id, from, readLimit)
		if err != nil {
			return state{}, err
		}
		s.batches = append(s.batches, batch)
		from, more = batch.Cursor, batch.More
	}
	return s, nil
}

// install brings the replica, or the new one that s carries, to what was read, then
// through what was heard meanwhile. It is false if the replica cannot go on: it must
// be read anew.
func (f *followed) install(s state) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	rings := cmp.Or(s.rings, f.rings)
	for _, batch := range s.batches {
		if !rings.Fill(batch) {
			return false
		}
	}
	if s.rings != nil {
		f.begin(s)
	}
	f.applyRoom(s.room)
	if s.head.Attributes > f.attributes {
		f.attributes, f.changes = s.head.Attributes, nil // the steps between are not known
	}
	f.sequence = max(f.sequence, s.head.Sequence)
	early := f.early
	f.mending, f.early = false, nil
	for _, p := range early {
		f.take(p)
	}
	signal(f.news)
	return true
}

// begin puts another replica in place, of the same life of the log or another. The
// caller holds f.mu.
func (f *followed) begin(s state) {
	first, epoch := f.rings == nil, f.epoch()
	f.rings = s.rings
	if epoch != f.epoch() {
		f.sequence, f.attributes, f.changes, f.rounds.attributes = 0, 0, nil, 0
	}
	if first {
		f.room = s.room
		f.attributes, f.rounds.attributes = s.head.Attributes, s.head.Attributes
		f.rounds.cursor = f.rings.Head()
	}
}

// takeChanges returns the attribute changes of this round. The caller holds f.mu.
func (f *followed) takeChanges(since live.Timestamp) (changes *attribute.Changes, news bool) {
	changes, f.changes = f.changes, nil
	return changes, f.attributes > since
}
