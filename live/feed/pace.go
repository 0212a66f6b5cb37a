package feed

import "time"

const (
	// maxStretch is how far rounds stretch under load, in multiples of the interval
	// that the room asks for.
	maxStretch = 10
	// crowd is how many viewers a room has before its rounds stretch: the fan-out
	// to fewer is not what loads a server.
	crowd = 64
)

// Pace adapts the time between two rounds of delivery. The zero value begins at the
// room's interval.
type Pace struct{ interval time.Duration }

// Next returns the time to leave until the next round, given the room's interval,
// how many viewers keep up with it, and how many of these are still busy with the
// round before. (Viewers who have stalled count in neither: nobody waits for them.)
// With more than a quarter behind, rounds stretch by half, to at most ten times the
// base; with fewer than a tenth behind they shrink again, by an eighth at a time:
// quick to yield, slow to press.
func (p *Pace) Next(base time.Duration, behind, viewers int) time.Duration {
	p.interval = max(p.interval, base)
	switch {
	case viewers < crowd:
		p.interval = base
	case behind*4 > viewers:
		p.interval += p.interval / 2
	case behind*10 < viewers:
		p.interval -= p.interval / 8
	}
	p.interval = min(max(p.interval, base), maxStretch*base)
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
	const large, least, most = 1000, time.Second, 5 * time.Second
	over := min(max(viewers-crowd, 0), large-crowd)
	return least + (most-least)*time.Duration(over)/(large-crowd)
}
