package limit

import "time"

// burst is how much of a rate a bucket holds: who was quiet for so long may do at once
// what they could have done meanwhile.
const burst = 5 * time.Second

// pace is how fast a bucket refills. The zero value is no limit.
type pace struct{ interval time.Duration } // for one to come back

// paceOf returns the pace of a rate a second; 0 is no limit.
func paceOf(rate int) pace {
	if rate <= 0 {
		return pace{}
	}
	return pace{max(time.Second/time.Duration(rate), 1)}
}

// bucket is a token bucket, as the instant from which it is full. The zero value is
// full.
type bucket time.Duration

// take returns the bucket with one taken from it; or, if it is empty, as it was, and
// how long it takes until there is one.
func (b bucket) take(p pace, now time.Duration) (left bucket, wait time.Duration) {
	full := max(time.Duration(b), now) + p.interval
	if wait = full - now - burst; wait > 0 {
		return b, wait
	}
	return bucket(full), 0
}

// owes returns how long it takes until the bucket is full, 0 or less if it is.
func (b bucket) owes(now time.Duration) time.Duration { return time.Duration(b) - now }
