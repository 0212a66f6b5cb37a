package store

import "github.com/ovation-live/ovation/live"

// Clock is the clock by which what happens in a store counts, as far as this process
// knows it. It may be asked at any time, and never waits.
type Clock interface {
	Now() live.Timestamp
}
