package feed

import (
	"time"

	"github.com/ovation-live/ovation/live"
)

// Limits is what a room accepts.
type Limits struct {
	Rate          int           // HIGH and LOW together, messages in any second
	WhitelistRate int           // WHITELIST, messages in any second; as many recalls by staff besides
	SlowMode      time.Duration // least time between two messages of one viewer; raised: from their next on
	Capacity      int           // entries that each bucket keeps
}

// steady is the time that a log's rules run on, apart from the room's timestamps: the
// wall clock, put forward by as much as it has stepped back behind what was admitted.
// So a step back counts as no time passed, and time goes on from there at once: a
// second of a window is never shorter than a second by the wall clock, and nobody
// waits longer than the rule itself says, however far the clock stepped. A step
// forward is taken for time that passed. The zero value is ready to use.
type steady struct {
	last  live.Timestamp // the latest at which something was admitted
	ahead time.Duration  // of the wall clock
}

// at returns the time at which the wall clock says wall; never before last.
func (s *steady) at(wall live.Timestamp) live.Timestamp {
	if behind := s.last.Sub(wall.Add(s.ahead)); behind > 0 {
		s.ahead += behind
	}
	return wall.Add(s.ahead)
}

// admit notes that something was admitted at t.
func (s *steady) admit(t live.Timestamp) { s.last = t }

// window is a sliding log: it remembers every instant of the last second at which
// one was admitted, and so admits at most the limit in any second, exactly, however
// the limit changes on the way. The zero value remembers none.
type window struct {
	times []live.Timestamp // ascending
	first int              // times before it are over
}

// freeAt returns the earliest instant at which another may be admitted under limit
// (at least 1).
func (w *window) freeAt(limit int) live.Timestamp {
	i := len(w.times) - max(limit, 1)
	if i < w.first {
		return 0
	}
	return w.times[i].Add(time.Second)
}

// admit remembers one admitted at t, which must not be before the one before, and
// forgets what is over by then.
func (w *window) admit(t live.Timestamp) {
	for w.first < len(w.times) && w.times[w.first].Add(time.Second) <= t {
		w.first++
	}
	if w.first > len(w.times)/2 {
		w.times = w.times[:copy(w.times, w.times[w.first:])]
		w.first = 0
	}
	w.times = append(w.times, t)
}

// RecallRate is how many recalls by viewers a room accepts in any second. A recall
// is an entry of WHITELIST, and viewers are many: what they take back must not crowd
// out what the host says.
const RecallRate = 10

// Rate is the rate policy of one room. In any second it admits at most Limits.Rate
// messages of HIGH, and LOW only while HIGH and LOW together stay within
// Limits.Rate: LOW is shed first, and never pushes the room over its rate.
// WHITELIST counts apart. So do recalls, whose system messages are not counted as
// messages: RecallRate of them by viewers, and Limits.WhitelistRate by staff. The
// zero value is ready to use.
type Rate struct {
	all       window // HIGH and LOW
	high      window
	whitelist window

	viewerRecalls window
	staffRecalls  window
}

// FreeAt returns the earliest instant at which a message of bucket b may be
// admitted; until then every one would be shed.
func (r *Rate) FreeAt(b Bucket, limits Limits) live.Timestamp {
	switch b {
	case Whitelist:
		return r.whitelist.freeAt(limits.WhitelistRate)
	case High:
		return r.high.freeAt(limits.Rate)
	default:
		return r.all.freeAt(limits.Rate)
	}
}

// RecallFreeAt is FreeAt for a recall.
func (r *Rate) RecallFreeAt(staff bool, limits Limits) live.Timestamp {
	if staff {
		return r.staffRecalls.freeAt(limits.WhitelistRate)
	}
	return r.viewerRecalls.freeAt(RecallRate)
}

// AdmitRecall counts a recall admitted at t.
func (r *Rate) AdmitRecall(staff bool, t live.Timestamp) {
	if staff {
		r.staffRecalls.admit(t)
		return
	}
	r.viewerRecalls.admit(t)
}

// Admit counts a message of bucket b admitted at t.
func (r *Rate) Admit(b Bucket, t live.Timestamp) {
	switch b {
	case Whitelist:
		r.whitelist.admit(t)
	case High:
		r.high.admit(t)
		r.all.admit(t)
	default:
		r.all.admit(t)
	}
}
