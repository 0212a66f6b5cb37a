package hub

import (
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/wire"
)

// Where several nodes serve a room, a viewer's pulls may go to another node than the
// one that has their stream, which then hears of none. So it does not end a viewer who
// seems to be offline, but doubts them: it leaves their lease to whoever they pull from,
// asks them again and again meanwhile, and after Config.DoubtFor renews it as ever. If
// there is none left to renew the viewer was offline.
//
// Of a viewer who is known to pull elsewhere the node does not wait to hear: they are
// notified in every round, as one who pulls at once is. And as the other node may have
// answered before it had heard what the notification was of, whoever is not heard to pull
// is notified once more when their mark ends.

// doubt begins to doubt a viewer, who has not pulled here for too long. The caller holds
// s.mu.
func (s *Subscriber) doubt(now live.Timestamp) {
	s.attention.Pulled()
	s.suspected = true
	if s.doubted == 0 {
		s.doubted = now
	}
}

// pulled notes that the viewer is there. The caller holds s.mu.
func (s *Subscriber) pulled() {
	s.attention.Pulled()
	s.doubted = 0
}

// comesFrom notes where a viewer stands who pulls: one who has got further than the pulls
// here have brought them has pulled elsewhere. The caller holds s.mu.
func (s *Subscriber) comesFrom(c feed.Cursor) {
	known := s.cursor.Epoch != "" && s.cursor.Epoch == c.Epoch
	if s.room.hub.config.DoubtFor > 0 && !s.inline && known && s.cursor.Before(c) {
		s.elsewhere = true
	}
}

// mistrust sees to it that a viewer is notified once more if they are not heard to pull.
// The caller holds s.mu.
func (s *Subscriber) mistrust(n *notice, now live.Timestamp) {
	if s.room.hub.config.DoubtFor > 0 {
		s.attention.Hold()
		s.leave(n, now)
	}
}

// claims says whether the node renews the subscriber's lease.
func (s *Subscriber) claims(now live.Timestamp) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.doubted == 0 || s.isDue(now)
}

// isDue says whether the viewer was doubted for as long as it takes. The caller holds
// s.mu.
func (s *Subscriber) isDue(now live.Timestamp) bool {
	since := now.Sub(s.doubted)
	return since < 0 || since >= s.room.hub.config.DoubtFor // below 0: the clock was put back
}

// Doubted says whether the viewer may be offline: only pulls at another node show that they
// are there.
func (s *Subscriber) Doubted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.doubted != 0
}

// ask notifies a viewer who is doubted, whether or not anything is new.
func (s *Subscriber) ask(frame *wire.Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.doubted == 0 || s.inline || s.end != nil {
		return
	}
	s.untaken = allNews
	s.notify = frame
	s.wake()
}

// AskDoubted notifies the viewers once more who may be offline.
func (h *Hub) AskDoubted() {
	if h.config.DoubtFor == 0 {
		return
	}
	for _, f := range h.table.all() {
		if f.isOpen() {
			f.mu.RLock()
			frame := wire.NotifyFrame(f.heads(), true, true).CutAt(time.Now())
			f.mu.RUnlock()
			f.crowd.each(func(s *Subscriber) { s.ask(frame) })
		}
	}
}

// Believe says that all leases of Sessions were renewed, but for those that EndSessions
// was told of: of the viewers who were doubted, those who are left pull elsewhere.
func (h *Hub) Believe() {
	now := clock()
	for _, f := range h.table.all() {
		f.crowd.each(func(s *Subscriber) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.doubted != 0 && s.isDue(now) {
				s.pulled()
				s.elsewhere = true
			}
		})
	}
}

// lapse ends a subscriber whose lease is lost, because nobody else has the session: the
// viewer was offline if they were suspected of it, else the store has lost them.
func (s *Subscriber) lapse(frames lostFrames) {
	s.mu.Lock()
	suspected := s.suspected
	s.mu.Unlock()
	if suspected {
		s.finish(Offline, frames.offline)
	} else {
		s.finish(Lost, frames.again)
	}
}
