package events

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// The pauses between the attempts to send one event.
const (
	minPause = time.Second
	maxPause = 5 * time.Minute
)

// pauseAfter returns how long to wait after so many attempts: about twice as long each time.
func pauseAfter(attempts int) (d time.Duration) {
	b := backoff.ExponentialBackOff{
		InitialInterval: minPause, MaxInterval: maxPause, Multiplier: 2, RandomizationFactor: 0.2,
	}
	b.Reset()
	for range min(max(attempts, 1), 12) {
		d = b.NextBackOff()
	}
	return min(d, maxPause)
}
