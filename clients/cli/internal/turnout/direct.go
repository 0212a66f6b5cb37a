package turnout

import (
	"cmp"
	"slices"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// stay is one visit as it follows from the events.
type stay struct {
	user, session string
	version       int64
	entered, left int64 // 0: not told; for left: or open
	inferred      bool
}

// worth says whether the visit counts for anything but itself.
func (s stay) worth() bool { return s.entered != 0 && (s.left == 0 || s.left >= s.entered) }

// anomaly is what is wrong with it. Events of one version name one instant here.
func (s stay) anomaly() ovationv1.VisitAnomaly {
	switch {
	case s.entered == 0:
		return ovationv1.VisitAnomaly_VISIT_ANOMALY_EXIT_WITHOUT_ENTER
	case s.left != 0 && s.left < s.entered:
		return ovationv1.VisitAnomaly_VISIT_ANOMALY_EXIT_BEFORE_ENTER
	default:
		return ovationv1.VisitAnomaly_VISIT_ANOMALY_UNSPECIFIED
	}
}

// Direct is what follows from events, computed from nothing else.
type Direct struct {
	stays []stay // as they are listed
	users map[string][]stay
}

// NewDirect computes the visits of events, each of which is there once, to a room that ended
// at an instant; 0: that is live.
func NewDirect(events []*ovationv1.VisitEvent, end int64) *Direct {
	type key struct {
		user, session string
		version       int64
	}
	known := make(map[key]*stay)
	for _, e := range events {
		k := key{e.GetUserId(), e.GetSessionId(), (e.GetVersion()-1)/2*2 + 1}
		if known[k] == nil {
			known[k] = &stay{user: k.user, session: k.session, version: k.version}
		}
		if e.GetVersion()%2 == 1 {
			known[k].entered = e.GetAt()
		} else {
			known[k].left = e.GetAt()
		}
	}
	d := &Direct{users: make(map[string][]stay)}
	for _, s := range known {
		d.users[s.user] = append(d.users[s.user], *s)
	}
	for user, list := range d.users {
		d.users[user] = infer(list, end)
		d.stays = append(d.stays, d.users[user]...)
	}
	slices.SortFunc(d.stays, func(a, b stay) int {
		return cmp.Or(cmp.Compare(a.began(), b.began()), cmp.Compare(a.user, b.user),
			cmp.Compare(a.session, b.session), cmp.Compare(a.version, b.version))
	})
	return d
}

// began is the instant that visits are listed by.
func (s stay) began() int64 { return cmp.Or(s.entered, s.left) }

// infer gives those of a user's visits an exit that have none, where one follows: from the
// session's next enter, or the end of the room, whichever is first.
func infer(list []stay, end int64) []stay {
	slices.SortFunc(list, func(a, b stay) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.version, b.version))
	})
	for i := range list {
		if list[i].left != 0 {
			continue
		}
		left := end
		for _, next := range list[i+1:] {
			if next.session == list[i].session && next.entered != 0 {
				if left == 0 || next.entered < left {
					left = next.entered
				}
				break
			}
		}
		if left != 0 {
			list[i].left, list[i].inferred = max(left, list[i].entered), true
		}
	}
	return list
}

// watched is how long someone watched until an instant, in µs: every microsecond in which at
// least one visit of theirs is going on.
func watched(list []stay, now int64) (total int64) {
	type step struct{ at, by int64 }
	var steps []step
	for _, s := range list {
		if s.worth() {
			steps = append(steps, step{s.entered, 1}, step{cmp.Or(s.left, max(now, s.entered)), -1})
		}
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	level := int64(0)
	for i, s := range steps {
		if level > 0 {
			total += s.at - steps[i-1].at
		}
		level += s.by
	}
	return total
}

// came says whether a visit of someone is worth anything.
func came(list []stay) bool { return slices.ContainsFunc(list, stay.worth) }

// Total is how long everyone watched until an instant, together.
func (d *Direct) Total(now int64) (total int64) {
	for _, list := range d.users {
		total += watched(list, now)
	}
	return total
}

// Sums is counts of visits.
type Sums struct {
	Visits, Users, Open, Inferred, Anomalies int64
	First, Last                              int64
}

// Sums counts the visits, at an instant.
func (d *Direct) Sums(now int64) Sums {
	var s Sums
	for _, one := range d.stays {
		s.Visits++
		if one.inferred {
			s.Inferred++
		}
		if one.anomaly() != ovationv1.VisitAnomaly_VISIT_ANOMALY_UNSPECIFIED {
			s.Anomalies++
		}
		if !one.worth() {
			continue
		}
		if one.left == 0 {
			s.Open++
		}
		if s.First == 0 || one.entered < s.First {
			s.First = one.entered
		}
		s.Last = max(s.Last, cmp.Or(one.left, now))
	}
	for _, list := range d.users {
		if came(list) {
			s.Users++
		}
	}
	return s
}

// minute is a minute in µs.
const minute = 60_000_000

// Curve is a room's curve, every minute from the first on to that of an instant, its peak and
// when that was reached first.
func (d *Direct) Curve(until int64) (curve []*ovationv1.AttendanceMinute, peak, peakAt int64) {
	changes := make(map[int64]int64)
	enters, exits := make(map[int64]int64), make(map[int64]int64)
	first := int64(0)
	for _, s := range d.stays {
		if !s.worth() {
			continue
		}
		changes[s.entered]++
		enters[s.entered/minute]++
		if first == 0 || s.entered/minute < first {
			first = s.entered / minute
		}
		if s.left != 0 {
			changes[s.left]--
			exits[s.left/minute]++
		}
	}
	var instants []int64
	for at := range changes {
		instants = append(instants, at)
	}
	slices.Sort(instants)
	online := int64(0)
	for m := first; first != 0 && m <= until/minute; m++ {
		one := &ovationv1.AttendanceMinute{MinuteAt: m * minute, Enters: enters[m], Exits: exits[m], Peak: online}
		for ; len(instants) > 0 && instants[0]/minute == m; instants = instants[1:] {
			at := instants[0]
			online += changes[at]
			if at == m*minute || online > one.GetPeak() {
				one.Peak = online
			}
			if online > peak {
				peak, peakAt = online, at
			}
		}
		one.Online = online
		curve = append(curve, one)
	}
	return curve, peak, peakAt
}

// most is the longest watch time that retention tells, in whole minutes.
const most = 1440

// Retention is how many users watched for so many whole minutes at least, until an instant.
func (d *Direct) Retention(now int64) []int64 {
	var kept []int64
	for _, list := range d.users {
		if !came(list) {
			continue
		}
		for m := range min(watched(list, now)/minute, most) + 1 {
			if int(m) == len(kept) {
				kept = append(kept, 0)
			}
			kept[m]++
		}
	}
	return kept
}
