package visit

import (
	"math"
	"time"

	"github.com/ovation-live/ovation/live"
)

// Summary adds visits up to watch time: of each user in each room the union.
type Summary struct {
	from, until live.Timestamp
	watch       Watch
	days        *days
}

// NewSummary returns a summary of what lies from an instant on until another, 0 for any, by
// day of a zone if there is one.
func NewSummary(from, until live.Timestamp, zone *time.Location) *Summary {
	s := &Summary{from: from, until: until}
	if s.until == 0 {
		s.until = math.MaxInt64
	}
	if zone != nil {
		s.days = newDays(zone)
	}
	return s
}

// Add adds the visits of one user in one room, and says that they watch until now. It
// returns whether any of them counts and is within.
func (s *Summary) Add(visits []Visit, now live.Timestamp) bool {
	came := false
	within := make([]interval, 0, len(visits))
	for _, v := range visits {
		until := v.Exited
		if v.Open() {
			until = max(now, v.Entered)
		}
		if !v.within(s.from, s.until, until) {
			continue
		}
		s.count(v, until)
		if v.Counts() {
			came = true
			one := interval{max(v.Entered, s.from), min(until, s.until)}
			within = append(within, one)
			if s.days != nil {
				s.days.visited(one)
			}
		}
	}
	covered := union(within)
	s.watch.Total += length(covered)
	if s.days != nil {
		for _, one := range covered {
			s.days.watched(one)
		}
	}
	return came
}

// count counts one visit, which lasted until an instant.
func (s *Summary) count(v Visit, until live.Timestamp) {
	w := &s.watch
	w.Visits++
	if v.Anomaly != None {
		w.Anomalies++
	}
	if v.Inferred {
		w.Inferred++
	}
	if !v.Counts() {
		return
	}
	if v.Open() {
		w.Open++
		until = min(until, s.until)
	}
	w.First = earlier(w.First, v.Entered)
	w.Last = max(w.Last, until)
}

// Watch returns the watch time of so many users.
func (s *Summary) Watch(users int64) Watch {
	w := s.watch
	w.Users = users
	if s.days != nil {
		w.Days = s.days.list()
	}
	return w
}
