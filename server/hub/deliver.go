package hub

import (
	"time"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// notice is what a round means to subscribers.
type notice struct {
	frame    *wire.Frame // for those who are notified
	first    uint64      // the first round that is new
	settings room.Settings
}

// deliver makes the next rounds of what is new and offers them to everyone. It
// returns what the pace of the next depends on: the room's interval, how many
// viewers are still busy with the round before, and how many keep up at all.
func (f *followed) deliver() (base time.Duration, behind, viewers int) {
	n, ok := f.cut()
	if ok {
		behind, viewers = f.offer(n)
	}
	return n.settings.RoundInterval, behind, viewers
}

// cut turns what is new into rounds. It is not ok if nothing is.
func (f *followed) cut() (notice, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := notice{first: f.rounds.last + 1, settings: f.room.Settings}
	heads := f.heads()
	messages := f.rounds.cursor != heads.Cursor
	changes, attributes := f.takeChanges(f.rounds.attributes)
	if !messages && !attributes {
		return n, false
	}
	for more := true; more; changes = nil {
		batch := f.rings.Select(f.rounds.cursor, f.pullLimit())
		f.rounds.push(wire.BatchFrame(batch, changes, heads), batch.Cursor)
		more = batch.More
	}
	f.rounds.attributes = heads.Attributes
	n.frame = wire.NotifyFrame(heads, messages, attributes)
	f.wakeWaiters()
	f.hub.config.Metrics.rounds.Inc()
	return n, true
}

// offer tells every subscriber of a round.
func (f *followed) offer(n notice) (behind, viewers int) {
	now := f.hub.config.Now()
	f.crowd.each(func(s *Subscriber) {
		switch s.offer(n, now) {
		case keepsUp:
			viewers++
		case busy:
			viewers++
			behind++
		case stalled:
		}
	})
	return behind, viewers
}

// deliverControl delivers what does not wait for a round: control frames, departures
// and the room's end.
func (f *followed) deliverControl() {
	f.mu.Lock()
	departures, ended := f.departures, f.ended
	f.departures = nil
	f.mu.Unlock()
	for _, d := range departures {
		f.endSessions(d, wire.KickedFrame(wire.Left))
	}
	if ended != nil {
		f.deliver() // what was said before the end comes before it
	}
	f.crowd.each(func(s *Subscriber) {
		if ended != nil {
			s.finish(RoomOver, ended)
		} else {
			s.wake()
		}
	})
}

// endSessions ends one session of a user, or all of them.
func (f *followed) endSessions(d store.Departure, frame *wire.Frame) {
	f.crowd.of(d.User, func(s *Subscriber) {
		if d.Session == "" || d.Session == s.session.ID {
			s.finish(Left, frame)
		}
	})
}

// setOnline takes the room's count in and tells everyone if it has changed.
func (f *followed) setOnline(o room.Online) {
	f.mu.Lock()
	changed := f.online != o
	f.online = o
	if changed {
		f.controls.push(wire.CountersFrame(o))
	}
	f.mu.Unlock()
	if changed {
		signal(f.control)
	}
}

// wakeWaiters lets long polls look again. The caller holds f.mu.
func (f *followed) wakeWaiters() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// lookOrWait selects what a reader at c gets, or, if that is nothing, returns a
// channel that is closed when it may be more.
func (f *followed) lookOrWait(c feed.Cursor, limit int) (feed.Batch, feed.Heads, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	batch, heads := f.look(c, limit)
	empty := len(batch.Messages) == 0 && !batch.Resync && batch.Dropped == [feed.Buckets]uint64{}
	if !empty || f.room.State == room.Ended {
		return batch, heads, nil
	}
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return batch, heads, f.changed
}

// look selects what a reader at c gets. The caller holds f.mu.
func (f *followed) look(c feed.Cursor, limit int) (feed.Batch, feed.Heads) {
	if most := f.pullLimit(); limit == 0 || limit > most {
		limit = most
	}
	return f.rings.Select(c, limit), f.heads()
}
