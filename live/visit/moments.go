package visit

import (
	"cmp"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// Net is by how much a number changes at an instant.
type Net struct {
	At live.Timestamp
	By int64
}

// Moments is what changes at instants, in any order; an instant may come several times.
// Moments of several changes are put together by appending them.
type Moments []Net

// Sum returns what they come to: each instant at which anything is left once, in order. It
// changes the slice. What has been summed before costs little.
func (m Moments) Sum() Moments {
	summed := 0 // so many at the beginning are in order
	for summed < len(m) && (summed == 0 || m[summed-1].At < m[summed].At) && m[summed].By != 0 {
		summed++
	}
	if summed == len(m) {
		return m
	}
	fresh := slices.Clone(m[summed:])
	slices.SortFunc(fresh, func(a, b Net) int { return cmp.Compare(a.At, b.At) })
	return merged(m[:summed], fresh)
}

// merged sums two that are in order into a slice of its own.
func merged(a, b Moments) Moments {
	sum := make(Moments, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0].At <= b[0].At {
			sum, a = sum.plus(a[0]), a[1:]
		} else {
			sum, b = sum.plus(b[0]), b[1:]
		}
	}
	return sum.trimmed()
}

// plus adds one that is at the last instant, or later.
func (m Moments) plus(n Net) Moments {
	if last := len(m) - 1; last >= 0 && m[last].At == n.At {
		m[last].By += n.By
		return m
	}
	return append(m.trimmed(), n)
}

// trimmed drops the last if nothing of it is left.
func (m Moments) trimmed() Moments {
	if last := len(m) - 1; last >= 0 && m[last].By == 0 {
		return m[:last]
	}
	return m
}

// less returns the moments less others. Both are summed.
func (m Moments) less(others Moments) Moments {
	taken := slices.Clone(others)
	for i := range taken {
		taken[i].By = -taken[i].By
	}
	return merged(m, taken)
}

// total is how many there are at all instants together.
func (m Moments) total() (n int64) {
	for _, one := range m {
		n += one.By
	}
	return n
}

// ByMinute calls f for each minute, in order, with the moments in it. They are summed.
func (m Moments) ByMinute(f func(minute live.Timestamp, in Moments)) {
	for len(m) > 0 {
		at, n := MinuteOf(m[0].At), 1
		for n < len(m) && MinuteOf(m[n].At) == at {
			n++
		}
		f(at, m[:n:n])
		m = m[n:]
	}
}

// Lengths adds to how many users watched for how many whole minutes those who watch since
// the moments' instants, as of one.
func (m Moments) Lengths(users map[int]int64, at live.Timestamp) {
	for _, one := range m {
		users[WholeMinutes(Span(at-one.At))] += one.By
	}
}
