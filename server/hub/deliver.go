package hub

import (
	"time"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// news is what a round brings.
type news uint8

// What a round brings: any of these.
const (
	newMessages news = 1 << iota
	newAttributes
	allNews = newMessages | newAttributes
)

// notice is what a round means to subscribers. It is for one goroutine.
type notice struct {
	news     news
	heads    feed.Heads
	first    uint64 // the first round that is new
	settings room.Settings
	frames   [allNews + 1]*wire.Frame
	tally    tally
	alone    time.Duration // until the first may be told who was left alone; 0: nobody was
}

// frame returns the notification that says what is new to a viewer: one for all to
// whom the same is.
func (n *notice) frame(what news) *wire.Frame {
	if n.frames[what] == nil {
		n.frames[what] = wire.NotifyFrame(n.heads, what&newMessages != 0, what&newAttributes != 0).CutAt(n.tally.at)
	}
	return n.frames[what]
}

// deliver makes the next rounds of what is new, offers them to everyone, and returns
// how long to leave until the next; not at all if nothing was new.
func (f *followed) deliver() time.Duration {
	n := f.cut()
	if n == nil {
		return 0
	}
	behind, viewers := f.offer(n)
	f.hub.config.Metrics.delivered(&n.tally)
	f.awaitMarks(n)
	return f.pace.Next(n.settings.RoundInterval, behind, viewers)
}

// cut turns what is new into rounds; nil if nothing is.
func (f *followed) cut() *notice {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.shared.Load()
	heads := f.heads()
	n := &notice{heads: heads, first: before.last + 1, settings: f.room.Settings}
	if before.cursor != heads.Cursor {
		n.news |= newMessages
	}
	changes, changed := f.takeChanges()
	if changed {
		n.news |= newAttributes
	}
	if n.news == 0 {
		return nil
	}
	n.tally.at = time.Now()
	after := *before
	for more := true; more; changes = nil {
		batch := f.rings.Select(after.cursor, roundLimit)
		after.push(wire.BatchFrame(batch, changes, heads).CutAt(n.tally.at), batch.Cursor)
		n.tally.add(batch)
		more = batch.More
	}
	f.shared.Store(&after)
	f.wakeWaiters()
	f.answers.leave(heads)
	return n
}

// offer tells every subscriber of a round. It returns what the pace of the next
// depends on: how many viewers are still busy with the round before, and how many
// keep up at all.
func (f *followed) offer(n *notice) (behind, viewers int) {
	now := clock()
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
	departures, ended, shown := f.departures, f.ended, f.loud
	f.departures = nil
	f.mu.Unlock()
	for _, d := range departures {
		f.endSessions(d, wire.DepartedFrame(kickReason(d.Reason), d.Message))
	}
	over := ended != nil && ended != f.announced.end
	if over {
		f.deliver() // what was said before the end comes before it
	}
	now := announced{ended, f.shared.Load().controls.last, shown}
	if !over && now == f.announced {
		return
	}
	f.announced = now
	f.crowd.each(func(s *Subscriber) {
		if over {
			s.finish(RoomOver, ended)
		} else {
			s.wake()
		}
	})
}

// announced is what everyone was woken for: nobody is woken for it again.
type announced struct {
	end      *wire.Frame
	controls uint64 // the number of the last control frame
	shown    uint64 // that of the last frame of a quiz
}

// kickReason says to viewers why they depart.
func kickReason(r store.Reason) wire.KickReason {
	switch r {
	case store.ReasonModerated:
		return wire.Moderated
	case store.ReasonBanned:
		return wire.Banned
	case store.ReasonLeft:
	}
	return wire.Left
}

// endSessions ends one session of a user, or all of them. Who has joined since the
// departure stays.
func (f *followed) endSessions(d store.Departure, frame *wire.Frame) {
	f.crowd.of(d.User, func(s *Subscriber) {
		if (d.Session == "" || d.Session == s.session.ID) && s.session.Incarnation <= d.Incarnation {
			s.finish(Left, frame)
		}
	})
}

// tell puts a control frame in place for everyone. The caller holds f.mu.
func (f *followed) tell(kind control, frame *wire.Frame) {
	next := *f.shared.Load()
	next.controls.put(kind, frame)
	f.shared.Store(&next)
	signal(f.control)
}

// wakeWaiters lets long polls look again. The caller holds f.mu.
func (f *followed) wakeWaiters() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}
