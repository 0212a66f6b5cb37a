package feed

import (
	"time"

	"github.com/ovation-live/ovation/live"
)

// NotifyPolicy says when a viewer is notified, and when one is taken for gone.
type NotifyPolicy struct {
	PullMark             time.Duration // a notified viewer is left alone for this long
	OfflineAfter         time.Duration // without a pull since the first unanswered notification
	OfflineNotifications int           // unanswered in a row, the last for PullMark
}

// Verdict is what a round means for one viewer.
type Verdict uint8

// What Round answers.
const (
	// Quiet: send nothing; the viewer was notified and is on their way.
	Quiet Verdict = iota
	// Notify: send one notification for all that is new.
	Notify
	// Offline: the viewer is gone; end the session.
	Offline
)

// Attention is what the notify policy knows of one viewer: the notifications that
// were not yet answered by a pull. The zero value has none.
type Attention struct {
	first      live.Timestamp // of the first unanswered notification, 0: none
	last       live.Timestamp // of the latest
	unanswered int
}

// Round decides for a round in which something is new, however many messages that
// are. Time counts only in such rounds: in a silent room nobody goes offline.
// Protected viewers are never offline.
func (a *Attention) Round(p NotifyPolicy, now live.Timestamp, protected bool) Verdict {
	if a.unanswered > 0 {
		left := now.Sub(a.last) < p.PullMark
		switch {
		case !protected && now.Sub(a.first) >= p.OfflineAfter:
			return Offline
		case left:
			return Quiet
		case !protected && a.unanswered >= p.OfflineNotifications:
			return Offline
		}
	} else {
		a.first = now
	}
	a.last = now
	a.unanswered++
	return Notify
}

// Pulled takes the mark away.
func (a *Attention) Pulled() { *a = Attention{} }

// Ignored says whether the viewer was notified again without a pull between.
func (a *Attention) Ignored() bool { return a.unanswered > 1 }
