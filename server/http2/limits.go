package http2

import "time"

// What a client may ask for without getting anything done. A client that wants to cost
// more than it pays sends what is cheap to send and not to take: streams that it resets at
// once, pings to be answered, empty frames. Each such thing draws on an allowance.
const (
	resetBurst, resetRate = 1000, 100
	idleBurst, idleRate   = 10000, 1000

	// pendingBytes is how much may wait to be written before those who write wait too.
	pendingBytes = 64 << 10
	// controlBytes is how much more may wait that nobody can wait for: answers to pings
	// and settings, resets, windows. A client that provokes them and does not read them
	// loses its connection.
	controlBytes = 64 << 10
	// debtBytes is how much a client may send after its connection failed, until it has
	// read why.
	debtBytes = 1 << 20
)

// allowance is a number of things that may be done at once, and how many more with each
// second. Only when it is used up does it ask for the time.
type allowance struct {
	left, burst, rate int
	since             time.Time
}

func newAllowance(burst, rate int, now time.Time) allowance {
	return allowance{burst, burst, rate, now}
}

// take says whether one more may be done.
func (a *allowance) take() bool { return a.left > 0 && a.draw() || a.refill(time.Now()) && a.draw() }

func (a *allowance) draw() bool {
	a.left--
	return true
}

// refill adds what the time since the last refill is good for, if anything.
func (a *allowance) refill(now time.Time) bool {
	earned := min(now.Sub(a.since).Seconds()*float64(a.rate), float64(a.burst))
	if earned < 1 {
		return false
	}
	a.left, a.since = int(earned), now
	return true
}
