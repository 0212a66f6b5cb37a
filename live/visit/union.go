package visit

import (
	"cmp"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// interval is from an instant to another, at which it is over.
type interval struct{ from, to live.Timestamp }

// union returns the intervals that cover what some intervals cover, in order, each apart
// from the next. It changes the slice.
func union(all []interval) []interval {
	slices.SortFunc(all, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	n := 0
	for _, one := range all {
		if n > 0 && one.from <= all[n-1].to {
			all[n-1].to = max(all[n-1].to, one.to)
			continue
		}
		all[n] = one
		n++
	}
	return all[:n]
}

// length returns how long intervals are together that are apart.
func length(all []interval) (total Span) {
	for _, one := range all {
		total += Span(one.to - one.from)
	}
	return total
}

// Watched is how long a user has watched in a room. While a visit of theirs is open that
// grows with the time, as if they had watched without a break since an instant.
type Watched struct {
	Came  bool // a visit of theirs counts
	Open  bool
	Total Span           // if none is open
	Since live.Timestamp // if one is
}

// WatchedOf returns how long a user has watched in a room.
func WatchedOf(visits []Visit) Watched {
	if len(visits) == 1 { // as most do
		return watchedOnce(visits[0])
	}
	var w Watched
	for _, v := range visits {
		if v.Counts() {
			w.Came = true
			if v.Open() {
				w.Open, w.Since = true, earlier(w.Since, v.Entered)
			}
		}
	}
	closed := make([]interval, 0, len(visits))
	for _, v := range visits {
		if !v.Counts() || v.Open() || w.Open && v.Entered >= w.Since {
			continue
		}
		to := v.Exited
		if w.Open {
			to = min(to, w.Since)
		}
		closed = append(closed, interval{v.Entered, to})
	}
	total := length(union(closed))
	if w.Open {
		w.Since -= live.Timestamp(total)
	} else {
		w.Total = total
	}
	return w
}

// watchedOnce is WatchedOf for one visit.
func watchedOnce(v Visit) Watched {
	switch {
	case !v.Counts():
		return Watched{}
	case v.Open():
		return Watched{Came: true, Open: true, Since: v.Entered}
	default:
		return Watched{Came: true, Total: Span(v.Exited - v.Entered)}
	}
}

// At returns how long it is at an instant.
func (w Watched) At(now live.Timestamp) Span {
	if w.Open {
		return Span(now - w.Since)
	}
	return w.Total
}
