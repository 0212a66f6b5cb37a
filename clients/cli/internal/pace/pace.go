// Package pace turns the times of a log into the times of its replay, and waits for
// what is due.
package pace

import (
	"math"
	"time"
)

// Schedule says when each entry of a log is due, counted from the start of the
// replay. It never runs back, and is not safe for concurrent use.
type Schedule struct {
	speed  float64
	maxGap time.Duration

	started bool
	last    int64   // the latest log time seen, milliseconds
	elapsed float64 // the replay's seconds up to last
}

// New returns a schedule that runs a log at speed times its own pace; at speed 0
// everything is due at once. A gap of the log longer than maxGap is taken as
// maxGap; 0 keeps every gap.
func New(speed float64, maxGap time.Duration) *Schedule {
	return &Schedule{speed: speed, maxGap: maxGap}
}

// Due says when an entry of that log time, in milliseconds, is due. The first one
// is due at 0; one whose time runs back is due with the one before it.
func (s *Schedule) Due(millis int64) time.Duration {
	if !s.started {
		s.started, s.last = true, millis
	}
	if millis > s.last && s.speed > 0 {
		s.elapsed += s.gap(millis-s.last) / s.speed
	}
	s.last = max(s.last, millis)
	return duration(s.elapsed)
}

// gap is the length of a gap in seconds, as far as it is kept.
func (s *Schedule) gap(millis int64) float64 {
	seconds := float64(millis) / 1000
	if s.maxGap > 0 {
		seconds = math.Min(seconds, s.maxGap.Seconds())
	}
	return seconds
}

// duration is a number of seconds, as far as a Duration reaches.
func duration(seconds float64) time.Duration {
	nanos := seconds * float64(time.Second)
	if nanos >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(nanos)
}
