package visit

import (
	"cmp"
	"math"

	"github.com/ovation-live/ovation/live"
)

// Visits returns the visits that the stays of a user in a room come to, in their order,
// which is that of their keys. End is when the room ended; 0: it is live. Who entered
// later than that has no visit.
func Visits(room live.RoomID, user live.UserID, stays []Stay, end live.Timestamp) []Visit {
	visits := make([]Visit, 0, len(stays))
	for i, s := range stays {
		if end != 0 && s.Entered > end {
			continue
		}
		v := Visit{Room: room, User: user, Key: s.Key, Entered: s.Entered}
		v.Exited, v.Inferred = s.exit(nextEnter(stays[i:]), end)
		v.Anomaly = s.anomaly(v)
		visits = append(visits, v)
	}
	return visits
}

// nextEnter returns when the session of the first stay entered next; 0: that was not told.
func nextEnter(stays []Stay) live.Timestamp {
	for _, s := range stays[1:] {
		if s.Session != stays[0].Session {
			break
		}
		if s.Entered != 0 {
			return s.Entered
		}
	}
	return 0
}

// exit returns when a stay ended, 0 for not yet, and whether that is inferred.
func (s Stay) exit(next, end live.Timestamp) (at live.Timestamp, inferred bool) {
	if s.Exited != 0 {
		return earlier(s.Exited, end), false
	}
	at = earlier(s.Seen, end)
	if s.Entered != 0 {
		at = earlier(at, next)
	}
	if at == 0 {
		return 0, false
	}
	return max(at, s.Entered), true
}

// anomaly returns what is wrong with a visit that the stay comes to.
func (s Stay) anomaly(v Visit) Anomaly {
	switch {
	case s.Entered == 0:
		return ExitWithoutEnter
	case v.Exited != 0 && v.Exited < v.Entered:
		return ExitBeforeEnter
	case s.Entered != s.EnteredLast || s.ExitedFirst != s.Exited:
		return Conflicting
	default:
		return None
	}
}

// Counts says whether the visit adds to the figures of its room and of its user, other than
// the numbers of visits and anomalies.
func (v Visit) Counts() bool { return v.Anomaly == None || v.Anomaly == Conflicting }

// Open says whether nobody has left yet.
func (v Visit) Open() bool { return v.Exited == 0 }

// Began returns the instant that visits are listed by: of those without enter, when they
// ended.
func (v Visit) Began() live.Timestamp {
	if v.Entered != 0 {
		return v.Entered
	}
	return v.Exited
}

// Length returns how long the visit was, or is at an instant.
func (v Visit) Length(now live.Timestamp) Span {
	switch {
	case !v.Counts():
		return 0
	case v.Open():
		return Span(max(0, now-v.Entered))
	default:
		return Span(v.Exited - v.Entered)
	}
}

// Within says whether the visit, which goes on if it is open, has anything from an instant
// on until another, 0 for any.
func (v Visit) Within(from, until live.Timestamp) bool {
	if until == 0 {
		until = math.MaxInt64
	}
	ended := v.Exited
	if v.Open() {
		ended = math.MaxInt64
	}
	return v.within(from, until, ended)
}

// within is Within for one that ended at an instant. Who left at an instant was not there
// at it.
func (v Visit) within(from, until, ended live.Timestamp) bool {
	return from < until && v.Began() < until && (ended > from || v.Began() >= from)
}

// Compare orders visits as they are listed: by when they began, then by user, session,
// version and room.
func (v Visit) Compare(other Visit) int {
	return cmp.Or(
		cmp.Compare(v.Began(), other.Began()), cmp.Compare(v.User, other.User),
		v.Key.Compare(other.Key), cmp.Compare(v.Room, other.Room),
	)
}

// Closed returns those of a user's visits that are closed after a change, and were not, or
// otherwise, before. Both are in order of their keys. An exit whose enter is yet to come
// closes nothing.
func Closed(before, after []Visit) []Visit {
	var closed []Visit
	pairs(before, after, func(was, is *Visit) {
		if is != nil && !is.Open() && is.Anomaly != ExitWithoutEnter && (was == nil || *was != *is) {
			closed = append(closed, *is)
		}
	})
	return closed
}

// pairs calls f for each visit of a user before and after a change, nil for none. Both are
// in order of their keys.
func pairs(before, after []Visit, f func(was, is *Visit)) {
	for len(before) > 0 || len(after) > 0 {
		var order int
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = before[0].Key.Compare(after[0].Key)
		}
		var was, is *Visit
		if order <= 0 {
			was, before = &before[0], before[1:]
		}
		if order >= 0 {
			is, after = &after[0], after[1:]
		}
		f(was, is)
	}
}
