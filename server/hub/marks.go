package hub

import (
	"time"

	"github.com/ovation-live/ovation/live"
)

// A viewer who was notified is left alone until they pull, or their mark ends, whatever
// comes meanwhile. Then the next round tells them of it all. Should none come, the room's
// deliverer does so itself: it keeps one timer, set for the first mark that ends of those
// that hide something.

// leave notes that a viewer is left alone to whom something is new. The caller holds s.mu.
func (s *Subscriber) leave(n *notice, now live.Timestamp) {
	if wait, held := s.attention.Held(n.settings.Notify, now); held {
		n.leave(wait)
	}
}

// leave notes how long a viewer is left alone. Marks that end within a round's interval
// are seen to together.
func (n *notice) leave(wait time.Duration) {
	wait = max(wait, n.settings.RoundInterval)
	if n.alone == 0 || wait < n.alone {
		n.alone = wait
	}
}

// awaitMarks sets the timer for those who were left alone. Where a round brought nothing
// that marks hide, it stays as it is.
func (f *followed) awaitMarks(n *notice) {
	if n.alone > 0 {
		f.marks.Reset(n.alone)
	}
}

// remind notifies those whose marks have ended of what came meanwhile.
func (f *followed) remind() {
	n := f.reminder()
	if n == nil {
		return
	}
	now := clock()
	f.crowd.each(func(s *Subscriber) { s.remind(n, now) })
	f.hub.config.Metrics.noticed(&n.tally)
	f.awaitMarks(n)
}

// reminder returns what to tell them; nil if more has come, and so the next round does.
func (f *followed) reminder() *notice {
	f.mu.RLock()
	defer f.mu.RUnlock()
	heads := f.heads()
	if f.shared.Load().cursor != heads.Cursor {
		return nil
	}
	return &notice{news: newMessages, heads: heads, settings: f.room.Settings, tally: tally{at: time.Now()}}
}

// remind notifies a viewer of what came while they were left alone, if they are no more.
func (s *Subscriber) remind(n *notice, now live.Timestamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.end != nil, s.inline: // there is nothing to tell them
	case s.attention.Overdue(n.settings.Notify, now, s.isProtected(now)):
		s.notifyOf(n, n.news, now)
	default:
		s.leave(n, now)
	}
}
