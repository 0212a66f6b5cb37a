package audience

import (
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// watch decides when a run is over, from how the room's head moves. It is pure: time
// comes in as an argument.
type watch struct {
	options Options
	started time.Time
	head    *ovationv1.Cursor
	moved   bool      // at least once
	since   time.Time // when the head moved last
	ending  time.Time // when it was time to end; zero: not yet
}

func newWatch(options Options, head *ovationv1.Cursor, started time.Time) *watch {
	return &watch{options: options, started: started, head: head, since: started}
}

// saw takes the room's head.
func (w *watch) saw(head *ovationv1.Cursor, now time.Time) {
	if w.ending.IsZero() || w.options.Duration == 0 {
		if !sameCursor(w.head, head) {
			w.moved, w.since, w.ending = true, now, time.Time{}
		}
		w.head = head
	}
}

// over says whether the run is: it is time, and every viewer has read up to the head,
// or has had long enough for it.
func (w *watch) over(now time.Time, settled func(*ovationv1.Cursor) bool) bool {
	if w.ending.IsZero() {
		if !w.due(now) {
			return false
		}
		w.ending = now
	}
	return settled(w.head) || now.Sub(w.ending) >= w.options.Settle
}

// due says whether it is time to end. With a Duration the head of that moment is the
// one that counts; without, a head that moves again puts the end off.
func (w *watch) due(now time.Time) bool {
	if w.options.Duration > 0 && now.Sub(w.started) >= w.options.Duration {
		return true
	}
	return w.options.UntilIdle > 0 && w.moved && now.Sub(w.since) >= w.options.UntilIdle
}

// sameCursor says whether nothing was added between two heads.
func sameCursor(a, b *ovationv1.Cursor) bool {
	return a.GetEpoch() == b.GetEpoch() && a.GetWhitelist() == b.GetWhitelist() &&
		a.GetHigh() == b.GetHigh() && a.GetLow() == b.GetLow()
}
