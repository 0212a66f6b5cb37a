package hub

import (
	"hash/fnv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
)

const (
	// framesAtOnce is how many shared frames Next hands out in one go.
	framesAtOnce = 4
	// stalledAfter is how long a subscriber may take nothing that it was offered
	// before nobody reckons with it.
	stalledAfter = 2 * time.Second
)

// Waker is told that a subscriber's Next has something. Wake must not block, and may
// be called under locks of the hub.
type Waker interface{ Wake() }

// Delivery is how a subscriber gets messages.
type Delivery uint8

// The deliveries. With Auto the room's settings decide, while the stream is live.
const (
	Auto Delivery = iota
	Notified
	Inline
	deliveries = 3
)

// Ending is why the server ends a stream.
type Ending uint8

// The endings.
const (
	Open Ending = iota
	Offline
	Replaced
	Left
	Expired
	Drained
	Moved
	Lost
	RoomOver
)

// Subscriber is one stream: a cursor into the room, never a queue.
type Subscriber struct {
	room       *followed
	session    room.Session
	percentile int
	asked      Delivery
	auto       bool
	protected  bool
	waker      Waker
	gone       atomic.Bool // unsubscribed
	place      int         // in its shard's list, under shard.mu

	mu        sync.Mutex
	inline    bool
	attention feed.Attention // when notified
	guarded   live.Timestamp // until then never taken for offline
	moderates atomic.Int64   // until then shown what moderators are
	doubted   live.Timestamp // since then only pulls at another node would keep it; 0: no doubt
	suspected bool           // it was doubted, maybe until its session was over
	elsewhere bool           // it pulls from other nodes too, which this one does not hear of
	cursor    feed.Cursor    // inline: after what was taken; else after the last pull
	next      uint64         // inline: the round to take next; 0: catch up first
	took      bool           // inline: since the last offer
	taken     live.Timestamp // inline: the last offer before which it had taken something
	offered   live.Timestamp // when it was last told of a round, or came
	notify    *wire.Frame    // the latest notification not yet taken
	untaken   news           // what that says is new
	control   uint64         // the last control frame taken
	watch     *watch         // of the frames of quizzes that are shown; nil while there are none
	end       *wire.Frame    // the last frame of all
	ending    Ending         // why there is one
}

// standing is how a subscriber keeps up.
type standing uint8

const (
	keepsUp standing = iota
	busy             // with the round before
	stalled
)

// wake says that Next has something.
func (s *Subscriber) wake() { s.waker.Wake() }

// finish makes frame the last that the subscriber gets: the next one, or, where the
// room is over, after what is due. The first call counts.
func (s *Subscriber) finish(why Ending, frame *wire.Frame) {
	s.mu.Lock()
	s.close(why, frame)
	s.mu.Unlock()
	s.wake()
}

// close is finish under s.mu, without waking.
func (s *Subscriber) close(why Ending, frame *wire.Frame) {
	if s.end == nil {
		s.end, s.ending = frame, why
	}
}

// Expire ends the subscriber because its token is no longer good.
func (s *Subscriber) Expire() { s.finish(Expired, wire.KickedFrame(wire.TokenExpired)) }

// Stand says how the subscriber stands in the room.
func (s *Subscriber) Stand(how Stand) {
	s.moderates.Store(int64(how.Moderates))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guarded = how.Guarded
}

// role is what the subscriber acts as in the room.
func (s *Subscriber) role() live.Role {
	if s.session.Role == live.RoleViewer && int64(clock()) < s.moderates.Load() {
		return live.RoleModerator
	}
	return s.session.Role
}

// Ending returns why the stream was ended, Open if it was not.
func (s *Subscriber) Ending() Ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}

// offer tells the subscriber of new rounds and says how it keeps up.
func (s *Subscriber) offer(n *notice, now live.Timestamp) standing {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return stalled // it is on its way out
	}
	moved := s.choose(n.settings.InlinePercent)
	if s.inline {
		s.offered = now
		s.wake()
		return s.inlineStanding(n, now)
	}
	what := n.news
	if moved {
		what = allNews // of rounds too that it has not taken
	}
	return s.offerNotice(n, what, now)
}

// inlineStanding says how an inline subscriber keeps up. The caller holds s.mu.
func (s *Subscriber) inlineStanding(n *notice, now live.Timestamp) standing {
	if s.took || s.next >= n.first {
		s.took, s.taken = false, now
	}
	switch {
	case s.next >= n.first: // it had nothing left to take
		return keepsUp
	case now.Sub(s.taken) < stalledAfter:
		return busy
	default:
		return stalled
	}
}

// offerNotice applies the notify policy. It is about pulls, and so about messages;
// that attributes have changed is told in every round. The caller holds s.mu.
func (s *Subscriber) offerNotice(n *notice, what news, now live.Timestamp) standing {
	if what&newMessages == 0 || s.cursor == n.heads.Cursor { // or pulled before it was told
		s.notifyOf(n, what&newAttributes, now)
		return keepsUp
	}
	switch s.attention.Round(n.settings.Notify, now, s.isProtected(now)) {
	case feed.Notify:
		s.notifyOf(n, what, now)
		s.mistrust(n, now)
	case feed.Offline:
		if s.room.hub.config.DoubtFor == 0 {
			s.close(Offline, wire.KickedFrame(wire.Offline))
			s.wake()
			return stalled
		}
		s.doubt(now)
		s.attention.Round(n.settings.Notify, now, true)
		s.notifyOf(n, what, now)
	case feed.Quiet:
		s.leave(n, now)
		if s.elsewhere {
			s.notifyOf(n, what, now)
			break
		}
		n.tally.notices[held]++
		s.notifyOf(n, what&newAttributes, now)
		if !s.isIgnoring() {
			return busy
		}
	}
	if s.isIgnoring() {
		return stalled
	}
	return keepsUp
}

// isIgnoring says whether nobody reckons with the viewer's pulls. The caller holds s.mu.
func (s *Subscriber) isIgnoring() bool { return s.attention.Ignored() || s.doubted != 0 }

// isProtected says whether the viewer is never taken for offline. The caller holds s.mu.
func (s *Subscriber) isProtected(now live.Timestamp) bool { return s.protected || now < s.guarded }

// notifyOf makes a notification of what is new the next frame, if anything is. One that
// is not yet taken becomes part of it. The caller holds s.mu.
func (s *Subscriber) notifyOf(n *notice, what news, now live.Timestamp) {
	if what == 0 {
		return
	}
	s.offered = now
	if s.notify == nil {
		n.tally.notices[made]++
	} else {
		n.tally.notices[merged]++
	}
	s.untaken |= what
	s.notify = n.frame(s.untaken)
	s.wake()
}

// choose moves a subscriber that leaves the delivery to the server, and says whether it
// did. A notification that was not taken yet stays until a batch says as much: it may be
// moved back before. The caller holds s.mu.
func (s *Subscriber) choose(inlinePercent int) (moved bool) {
	inline := s.percentile < inlinePercent
	if !s.auto || inline == s.inline {
		return false
	}
	s.inline, s.next = inline, 0
	s.pulled()
	return true
}

// percentile places a user between 0 and 99, always the same.
func percentile(user live.UserID) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(user))
	return int(h.Sum32() % 100)
}

// attended notes that the viewer pulls. Where they stand says something only of the
// device that names its session.
func (s *Subscriber) attended(p Pull) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Session != "" {
		s.comesFrom(p.Cursor)
	}
	s.pulled()
}

// stands notes that a pull brought the viewer to a cursor. It counts for a stream that
// carries messages too, as long as that has carried none or is behind: a viewer may
// pull on a notification that came before the server changed its mind.
//
// A viewer who has all that there is needs no notification of it.
func (s *Subscriber) stands(c feed.Cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ahead, current := s.room.compare(s.cursor, c)
	if current {
		s.pulled()
	}
	if !s.inline || s.next == 0 && ahead {
		s.cursor = c
	}
}

// Next appends the frames that are due to frames. With done the last of them is the
// last of the stream. It is for one caller at a time; when it returns nothing, wait
// for the Waker.
func (s *Subscriber) Next(frames []*wire.Frame) (_ []*wire.Frame, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil && s.ending != RoomOver {
		return append(frames, s.end), true
	}
	before := len(frames)
	if frames = s.due(frames); s.end != nil && len(frames) == before {
		return append(frames, s.end), true
	}
	return frames, false
}

// due appends what is due but for the last frame. The caller holds s.mu.
func (s *Subscriber) due(frames []*wire.Frame) []*wire.Frame {
	latest := s.room.shared.Load()
	frames = s.takeShows(latest.shows, frames)
	frames = latest.controls.since(s.control, frames)
	s.control = latest.controls.last
	if s.inline {
		return s.takeRounds(latest, frames)
	}
	if s.notify != nil {
		frames = append(frames, s.notify)
		s.notify, s.untaken = nil, 0
	}
	return frames
}

// takeRounds appends the shared frames that the subscriber has not taken, or, where
// it has fallen behind these, a batch of its own. The caller holds s.mu.
func (s *Subscriber) takeRounds(latest *shared, frames []*wire.Frame) []*wire.Frame {
	before := len(frames)
	for range framesAtOnce {
		r, ok := latest.get(s.next)
		if !ok {
			break
		}
		frames = append(frames, r.frame)
		s.cursor = r.cursor
		s.next++
	}
	if s.next == 0 || latest.lost(s.next) {
		frames = s.catchUp(frames)
	}
	if len(frames) > before {
		s.took, s.notify, s.untaken = true, nil, 0
	}
	return frames
}

// catchUp appends a batch of the subscriber's own, up to where the next shared round
// begins. One who is ahead of that (they pulled, here or elsewhere) takes nothing
// until the rounds have come as far. The caller holds s.mu.
func (s *Subscriber) catchUp(frames []*wire.Frame) []*wire.Frame {
	f := s.room
	f.mu.RLock()
	defer f.mu.RUnlock()
	latest := f.shared.Load()
	if latest.cursor.Epoch != f.epoch() {
		return frames // the log has begun anew, and so does the next round
	}
	batch := f.rings.SelectTo(s.cursor, latest.cursor, f.pullLimit())
	moved := batch.Resync || batch.Cursor != s.cursor
	s.cursor, s.next = batch.Cursor, 0
	switch ahead := latest.cursor.Before(batch.Cursor); {
	case !batch.More && !ahead:
		s.next = latest.last + 1
	case !moved:
		return frames
	}
	f.hub.config.Metrics.catchUps.Inc()
	f.hub.config.Metrics.lose(byCatchUp, batch.Dropped)
	return append(frames, wire.BatchFrame(batch, nil, f.heads()))
}

// quietSince returns when the subscriber was last told of a round: what it was told
// besides does not count.
func (s *Subscriber) quietSince() live.Timestamp {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offered
}

// Heartbeat returns a frame for a stream that was silent.
func (s *Subscriber) Heartbeat() *wire.Frame {
	s.room.mu.RLock()
	defer s.room.mu.RUnlock()
	return wire.HeartbeatFrame(s.room.heads(), clock())
}
