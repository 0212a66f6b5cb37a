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
	held       bool // something came since that the viewer was not told of, or Hold says so
}

// Round decides for a round in which something is new, however many messages that
// are. Time counts only in such rounds: in a silent room nobody goes offline.
// Protected viewers are never offline. Whoever is left alone is told by Overdue, should no
// other round come.
func (a *Attention) Round(p NotifyPolicy, now live.Timestamp, protected bool) Verdict {
	if a.unanswered > 0 {
		left := now.Sub(a.last) < p.PullMark
		switch {
		case !protected && now.Sub(a.first) >= p.OfflineAfter:
			return Offline
		case left:
			a.held = true
			return Quiet
		case !protected && a.unanswered >= p.OfflineNotifications:
			return Offline
		}
	} else {
		a.first = now
	}
	a.notified(now)
	return Notify
}

// Overdue decides between rounds, and says whether the viewer is to be notified now of
// what came while they were left alone: once, when their mark has ended. That counts as
// the notification of the rounds that it stands for. One whose notifications are used up
// waits for the next round, which takes them for gone: no time that passes does.
func (a *Attention) Overdue(p NotifyPolicy, now live.Timestamp, protected bool) bool {
	if wait, held := a.Held(p, now); !held || wait > 0 {
		return false
	}
	a.held = false
	if !protected && a.unanswered >= p.OfflineNotifications {
		return false
	}
	a.notified(now)
	return true
}

// Hold says that a viewer who was notified may have pulled in vain, where nobody heard of
// it: Overdue decides as if something had come since.
func (a *Attention) Hold() { a.held = a.unanswered > 0 }

// Held says whether something came while the viewer is left alone, and for how long they
// still are.
func (a *Attention) Held(p NotifyPolicy, now live.Timestamp) (wait time.Duration, held bool) {
	return min(max(0, p.PullMark-now.Sub(a.last)), p.PullMark), a.held
}

// notified notes that the viewer is notified of all that is new.
func (a *Attention) notified(now live.Timestamp) {
	a.last, a.held = now, false
	a.unanswered++
}

// Pulled takes the mark away.
func (a *Attention) Pulled() { *a = Attention{} }

// Ignored says whether the viewer was notified again without a pull between.
func (a *Attention) Ignored() bool { return a.unanswered > 1 }
