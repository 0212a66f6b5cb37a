package feed

import "time"

const (
	// maxStretch is how far rounds stretch under load, in multiples of the interval
	// that the room asks for.
	maxStretch = 10
	// crowd is how many viewers a room has before its rounds stretch: the fan-out
	// to fewer is not what loads a server.
	crowd = 64
	// large is how many viewers a room has when it counts as large altogether.
	large = 1000
)

// crowded says where a room of so many viewers stands between small (0) and large (1), in
// parts of whole.
func crowded(viewers int, whole time.Duration) time.Duration {
	return whole * time.Duration(min(max(viewers-crowd, 0), large-crowd)) / (large - crowd)
}

// Pace adapts the time between two rounds of delivery. The zero value begins at what
// Interval says.
type Pace struct{ interval time.Duration }

// Interval returns the least time between two rounds in a room of so many viewers: base
// up to 64, three times that from 1,000 on, in between by proportion. A round costs a
// write to every viewer, however little is in it, and in a large room there is always
// something: a third of the rounds costs little more than a third.
func Interval(base time.Duration, viewers int) time.Duration { return base + crowded(viewers, 2*base) }

// Next returns the time to leave until the next round, given the room's interval,
// how many viewers keep up with it, and how many of these are still busy with the
// round before. (Viewers who have stalled count in neither: nobody waits for them.)
// It is at least Interval's. With more than a quarter behind, rounds stretch by half, to
// at most ten times the base; with fewer than a tenth behind they shrink again, by an
// eighth at a time: quick to yield, slow to press.
func (p *Pace) Next(base time.Duration, behind, viewers int) time.Duration {
	least := Interval(base, viewers)
	p.interval = max(p.interval, least)
	switch {
	case viewers < crowd:
		p.interval = least
	case behind*4 > viewers:
		p.interval += p.interval / 2
	case behind*10 < viewers:
		p.interval -= p.interval / 8
	}
	p.interval = min(max(p.interval, least), maxStretch*base)
	return p.interval
}

// PullLimit returns how many messages one pull returns in a room of so many
// viewers: most up to 1,000, half of it up to 10,000, and so on down to an eighth.
func PullLimit(most, viewers int) int {
	limit := most
	for size := 1000; viewers > size && limit > most/8; size *= 10 {
		limit /= 2
	}
	return max(limit, 1)
}

// CountsEvery returns the time to leave between two tellings of how many are there, in
// a room of so many viewers: a second up to 64, five above 1,000, and in between by
// proportion. Each telling goes to everyone, and in a large room a second changes
// little.
func CountsEvery(viewers int) time.Duration {
	const least, most = time.Second, 5 * time.Second
	return least + crowded(viewers, most-least)
}
