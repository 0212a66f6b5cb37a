package hub

import (
	"context"
	"errors"
	"fmt"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

const (
	// readLimit is how many entries one read of the log asks for.
	readLimit = 1000
	// readAttempts is how often a log is read that drops what was not read yet.
	readAttempts = 3
)

// errStale says that the room that was read is older than its log says.
var errStale = errors.New("hub: the room that was read is out of date")

// state is what was read of a room to bring a replica up to date.
type state struct {
	head    store.Head
	room    room.Room
	batches []feed.Batch
	anew    bool // they are the whole log, for another replica
}

// open follows the room and fills the replica for the first time. A store that does
// not answer in time is away: store.ErrUnavailable.
func (f *followed) open() (stop func(), err error) {
	ctx, cancel := context.WithTimeout(f.ctx, mendWithin)
	defer cancel()
	f.mending = true
	stop, err = f.hub.source.Bus.Follow(ctx, f.id, f.hear)
	if err == nil {
		if err = f.readAnew(ctx); err != nil {
			stop()
		}
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		err = fmt.Errorf("%w: room %q: %w", store.ErrUnavailable, f.id, err)
	}
	return stop, err
}

// mend reads what was lost from the store. Where it cannot be read, the replica is
// served as it is.
func (f *followed) mend() error {
	ctx, cancel := context.WithTimeout(f.ctx, mendWithin)
	defer cancel()
	f.mu.Lock()
	f.mending = true
	from := f.rings.Head()
	f.mu.Unlock()
	s, err := f.read(ctx, from)
	if err == nil && !f.install(s) {
		err = f.readAnew(ctx)
	}
	if err != nil {
		f.mu.Lock()
		f.mending, f.early = false, nil
		f.mu.Unlock()
		return err
	}
	f.hub.config.Metrics.mends.Inc()
	if f.roomIsBehind(s.head) {
		return errStale
	}
	return nil
}

// readAnew reads all that the log holds into another replica and puts that in place.
func (f *followed) readAnew(ctx context.Context) error {
	for range readAttempts {
		s, err := f.read(ctx, feed.Cursor{})
		if err != nil {
			return err
		}
		if f.install(s) {
			return nil
		}
	}
	return fmt.Errorf("%w: the log of room %q moves faster than it can be read", store.ErrUnavailable, f.id)
}

// read reads the room's state, and its log from a cursor on; all of it if the cursor
// is not of the log's epoch. The head comes first, so that whatever is published
// after it is heard or in the log.
func (f *followed) read(ctx context.Context, from feed.Cursor) (state, error) {
	head, err := f.hub.source.Log.Head(ctx, f.id)
	if err != nil {
		return state{}, err
	}
	s := state{head: head}
	if s.room, err = f.hub.source.Rooms.Room(ctx, f.id); err != nil {
		return state{}, err
	}
	if from.Epoch != head.Cursor.Epoch {
		from, s.anew = feed.Cursor{Epoch: head.Cursor.Epoch}, true
	}
	for more := true; more; {
		batch, _, err := f.hub.source.Log.Read(ctx, f.id, from, readLimit)
		if err != nil {
			return state{}, err
		}
		s.batches = append(s.batches, batch)
		from, more = batch.Cursor, batch.More
	}
	return s, nil
}

// install brings the replica, or a new one, to what was read, then through what was
// heard meanwhile. It is false if the replica cannot go on: it must be read anew.
func (f *followed) install(s state) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	rings := f.rings
	if s.anew {
		rings = feed.NewRings(s.room.Settings.Feed.Capacity, feed.Cursor{Epoch: s.head.Cursor.Epoch})
		rings.Descend(s.head.Ancestry)
	}
	for _, batch := range s.batches {
		if !rings.Fill(batch) {
			return false
		}
	}
	f.begin(rings, s)
	f.applyRoom(s.room)
	if s.head.Attributes > f.attributes {
		f.attributes, f.changes = s.head.Attributes, nil // the steps between are not known
	}
	f.sequence = max(f.sequence, s.head.Sequence)
	f.replay()
	signal(f.news)
	return true
}

// begin puts a replica in place: the same, another of the same life of the log, or
// that of another life, or the first. The caller holds f.mu.
func (f *followed) begin(rings *feed.Rings, s state) {
	first, before := f.rings == nil, f.epoch()
	f.rings = rings
	switch {
	case first:
		f.room, f.attributes, f.told = s.room, s.head.Attributes, s.head.Attributes
		f.shared.Store(&shared{cursor: rings.Head()})
	case before != f.epoch():
		f.hub.config.Metrics.epochs.Inc()
		f.sequence, f.attributes, f.told, f.changes = 0, 0, untold, nil
		f.room.Revision = 0
	}
}

// replay takes in what was heard while the replica was mended. The caller holds f.mu.
func (f *followed) replay() {
	early := f.early
	f.mending, f.early = false, nil
	for _, p := range early {
		f.take(p)
	}
	if len(early) == maxEarly {
		signal(f.gap)
	}
}
