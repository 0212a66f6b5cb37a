package storetest

import (
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
)

// Clock is a clock that stands still until it is advanced. It is safe for concurrent
// use.
type Clock struct{ now atomic.Int64 }

// NewClock returns a clock that stands at an instant.
func NewClock(at live.Timestamp) *Clock {
	c := &Clock{}
	c.now.Store(int64(at))
	return c
}

// Now returns where the clock stands.
func (c *Clock) Now() live.Timestamp { return live.Timestamp(c.now.Load()) }

// Advance moves the clock, back if d is negative.
func (c *Clock) Advance(d time.Duration) { c.now.Add(d.Microseconds()) }
