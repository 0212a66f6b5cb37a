package visit

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
)

// day is a day in microseconds: of a clock that is not changed on it.
const day = 24 * 60 * minute

// days adds watch time up by the days of a zone. A day is what the zone's calendar calls so:
// on some the clock is changed, some are missing, and where the clock goes back over
// midnight a day comes in two pieces.
type days struct {
	zone *time.Location
	of   map[int64]*daySum // by days since 1970-01-01
	n    int64
}

// daySum is what there is of a day.
type daySum struct {
	total  Span
	visits int64
	latest int64 // the visit that touched it last
}

func newDays(zone *time.Location) *days {
	return &days{zone: zone, of: make(map[int64]*daySum)}
}

// watched adds watch time.
func (d *days) watched(i interval) {
	d.pieces(i, func(s *daySum, length Span) { s.total += length })
}

// visited counts a visit on all days that it touches.
func (d *days) visited(i interval) {
	d.n++
	d.pieces(i, func(s *daySum, _ Span) {
		if s.latest != d.n {
			s.latest = d.n
			s.visits++
		}
	})
}

// pieces calls f for each piece of an interval that is of one day. An empty interval is one
// piece.
func (d *days) pieces(i interval, f func(s *daySum, length Span)) {
	for {
		number, end := d.dayOf(i.from)
		to := min(i.to, end)
		f(d.sum(number), Span(to-i.from))
		if to >= i.to {
			return
		}
		i.from = to
	}
}

// dayOf returns the day that an instant is on, as a number of days since 1970-01-01, and
// until when that is so.
func (d *days) dayOf(at live.Timestamp) (number int64, end live.Timestamp) {
	t := at.Time().In(d.zone)
	_, seconds := t.Zone()
	offset := live.Timestamp(seconds) * 1_000_000
	local := at + offset
	number = int64(local / day)
	if local < 0 && local%day != 0 {
		number--
	}
	end = live.Timestamp(number+1)*day - offset
	if _, change := t.ZoneBounds(); !change.IsZero() {
		end = min(end, live.At(change))
	}
	return number, end
}

// sum returns what there is of a day.
func (d *days) sum(number int64) *daySum {
	s := d.of[number]
	if s == nil {
		s = new(daySum)
		d.of[number] = s
	}
	return s
}

// list returns the days with watch time, in order.
func (d *days) list() []Day {
	var all []Day
	for _, number := range slices.SortedFunc(maps.Keys(d.of), cmp.Compare[int64]) {
		if s := d.of[number]; s.total > 0 {
			date := time.Unix(number*24*60*60, 0).UTC().Format(time.DateOnly)
			all = append(all, Day{Date: date, Total: s.total, Visits: s.visits})
		}
	}
	return all
}
