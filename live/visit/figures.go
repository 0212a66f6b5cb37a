package visit

import "github.com/ovation-live/ovation/live"

// minute is a minute in microseconds.
const minute = 60 * 1_000_000

// MaxLength is the longest watch time that retention tells, in whole minutes: who watched
// longer is counted there.
const MaxLength = 1440

// MinuteOf returns the beginning of the minute that an instant is in.
func MinuteOf(at live.Timestamp) live.Timestamp {
	m := at - at%minute
	if m > at {
		m -= minute
	}
	return m
}

// Figures is what is counted of a room's visits, or what a change of some adds to it.
type Figures struct {
	Visits, Open, Inferred, Anomalies int64
	// Users is whom visits count of. Of those with no open visit Watched is their watch time
	// added up; Watching counts the others, and Since is the instants of their Watched added
	// up.
	Users    int64
	Watched  Span
	Watching int64
	Since    Instants
	// Latest is the latest of all instants that were told. It never goes back.
	Latest live.Timestamp
	// Lengths counts users with no open visit by whole minutes of watch time, up to
	// MaxLength.
	Lengths map[int]int64
	// Enters and Exits are when visits began and ended, and Watchers since when those with
	// an open one watch, of changes that nobody has taken yet.
	Enters, Exits, Watchers Moments
}

// Flow is who came and went.
type Flow struct{ Enters, Exits int64 }

// Instants is a sum of instants: a number of microseconds would not hold it.
type Instants struct{ Seconds, Micros int64 }

// add adds an instant n times.
func (i *Instants) add(at live.Timestamp, n int64) {
	i.Seconds += n * int64(at/1_000_000)
	i.Micros += n * int64(at%1_000_000)
}

// since returns how long n instants that come to the sum were ago, together.
func (i Instants) since(now live.Timestamp, n int64) Span {
	seconds := n*int64(now/1_000_000) - i.Seconds
	return Span(seconds*1_000_000 + n*int64(now%1_000_000) - i.Micros)
}

// NewFigures returns those of no visits.
func NewFigures() *Figures {
	return &Figures{Lengths: make(map[int]int64)}
}

// Change counts that a user's visits in the room are others than before. Both are in order
// of their keys.
func (f *Figures) Change(before, after []Visit) {
	pairs(before, after, func(was, is *Visit) {
		if was != nil && is != nil && *was == *is {
			return
		}
		if was != nil {
			f.count(was, -1)
		}
		if is != nil {
			f.count(is, 1)
		}
	})
	if was, is := WatchedOf(before), WatchedOf(after); was != is {
		f.watch(was, -1)
		f.watch(is, 1)
	}
}

// count counts a visit n times.
func (f *Figures) count(v *Visit, n int64) {
	f.Visits += n
	if v.Anomaly != None {
		f.Anomalies += n
	}
	if v.Inferred {
		f.Inferred += n
	}
	if !v.Counts() {
		return
	}
	if v.Open() {
		f.Open += n
	} else {
		f.Exits = append(f.Exits, Net{v.Exited, n})
	}
	f.Enters = append(f.Enters, Net{v.Entered, n})
}

// watch counts a user n times.
func (f *Figures) watch(w Watched, n int64) {
	switch {
	case !w.Came:
	case w.Open:
		f.Users += n
		f.Watching += n
		f.Since.add(w.Since, n)
		f.Watchers = append(f.Watchers, Net{w.Since, n})
	default:
		f.Users += n
		f.Watched += Span(n) * w.Total
		f.Lengths[WholeMinutes(w.Total)] += n
	}
}

// WholeMinutes returns how many whole minutes a watch time has, MaxLength at most.
func WholeMinutes(s Span) int { return int(min(max(s, 0)/minute, MaxLength)) }

// Tell notes an instant that was told.
func (f *Figures) Tell(at live.Timestamp) { f.Latest = max(f.Latest, at) }

// Add adds what a change adds.
func (f *Figures) Add(c *Figures) {
	f.Visits += c.Visits
	f.Open += c.Open
	f.Inferred += c.Inferred
	f.Anomalies += c.Anomalies
	f.Users += c.Users
	f.Watched += c.Watched
	f.Watching += c.Watching
	f.Since.Seconds += c.Since.Seconds
	f.Since.Micros += c.Since.Micros
	f.Latest = max(f.Latest, c.Latest)
	f.Enters, f.Exits = append(f.Enters, c.Enters...), append(f.Exits, c.Exits...)
	f.Watchers = append(f.Watchers, c.Watchers...)
	for minutes, n := range c.Lengths {
		f.Lengths[minutes] += n
	}
}

// At returns the instant that figures are of: now, or the latest of what was told, if that
// is ahead.
func (f *Figures) At(now live.Timestamp) live.Timestamp { return max(now, f.Latest) }

// Total returns the watch time of all users together at an instant.
func (f *Figures) Total(at live.Timestamp) Span {
	return f.Watched + f.Since.since(at, f.Watching)
}

// Flows returns what changes have added to the curve, by minutes: where its steps change,
// even if who came and went is as many.
func (f *Figures) Flows() map[live.Timestamp]Flow {
	f.Enters, f.Exits = f.Enters.Sum(), f.Exits.Sum()
	flows := make(map[live.Timestamp]Flow)
	f.Enters.ByMinute(func(minute live.Timestamp, in Moments) { flows[minute] = Flow{Enters: in.total()} })
	f.Exits.ByMinute(func(minute live.Timestamp, in Moments) {
		flows[minute] = Flow{flows[minute].Enters, in.total()}
	})
	return flows
}

// Retention returns how many users watched for so many whole minutes at least, from 0 on,
// of how many watched for how many.
func Retention(users map[int]int64) []int64 {
	longest := -1
	for minutes, n := range users {
		if n > 0 {
			longest = max(longest, minutes)
		}
	}
	if longest < 0 {
		return nil
	}
	kept := make([]int64, longest+1)
	var sum int64
	for m := longest; m >= 0; m-- {
		sum += users[m]
		kept[m] = sum
	}
	return kept
}

// Step is one minute of a room's curve as it is kept: by what it adds to those before it.
type Step struct {
	At live.Timestamp // its beginning
	Flow
	// Rise is the most visits that were open at once in the minute, less those that were as
	// it began; RiseAt is when that was reached first.
	Rise   int64
	RiseAt live.Timestamp
}

// rise sets a step's Rise and RiseAt by what changed in its minute, an instant once, in
// order.
func (s *Step) rise(nets Moments) {
	s.Rise, s.RiseAt = 0, s.At
	var level int64
	for _, n := range nets {
		level += n.By
		if n.At == s.At || level > s.Rise {
			s.Rise, s.RiseAt = level, n.At
		}
	}
}

// StepOf returns the step of a minute, by the visits that began and ended in it.
func StepOf(at live.Timestamp, enters, exits Moments) Step {
	enters, exits = enters.Sum(), exits.Sum()
	s := Step{At: at, Flow: Flow{enters.total(), exits.total()}}
	s.rise(enters.less(exits))
	return s
}

// MaxCurve is how many minutes a curve has at most.
const MaxCurve = 7 * 24 * 60

// CurveEnd returns until when a curve is that nobody has bounded: what happens at the room's
// end, or (0: it is live) now, is in it.
func CurveEnd(end, now live.Timestamp) live.Timestamp {
	if end != 0 {
		return end + 1
	}
	return now + 1
}

// Chart sets the peak of an attendance by all the steps of a room, in order, and if it is
// asked for its curve: every minute from that of an instant (0: the first step) until another,
// which is not in it, and of those the last MaxCurve.
func (a *Attendance) Chart(steps []Step, curve bool, from, until live.Timestamp) {
	var online int64
	for _, s := range steps {
		if peak := online + s.Rise; peak > a.Peak {
			a.Peak, a.PeakAt = peak, s.RiseAt
		}
		online += s.Enters - s.Exits
	}
	for len(steps) > 0 && steps[0].Flow == (Flow{}) { // where somebody was, as far as was told once
		steps = steps[1:]
	}
	if !curve || len(steps) == 0 {
		return
	}
	first, last := steps[0].At, MinuteOf(until-1)
	if from != 0 {
		first = max(first, MinuteOf(from))
	}
	first = max(first, last-(MaxCurve-1)*minute)
	if first > last {
		return
	}
	a.Curve = make([]Minute, 0, (last-first)/minute+1)
	online = 0
	for len(steps) > 0 && steps[0].At < first {
		online += steps[0].Enters - steps[0].Exits
		steps = steps[1:]
	}
	for n := range (last-first)/minute + 1 { // of minutes, whose last may have none after it
		at := first + n*minute
		m := Minute{At: at, Online: online, Peak: online}
		if len(steps) > 0 && steps[0].At == at {
			s := steps[0]
			steps = steps[1:]
			m.Enters, m.Exits, m.Peak = s.Enters, s.Exits, online+s.Rise
			online += s.Enters - s.Exits
			m.Online = online
		}
		a.Curve = append(a.Curve, m)
	}
}
