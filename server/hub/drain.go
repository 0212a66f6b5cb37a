package hub

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/ovation-live/ovation/server/wire"
)

const (
	// drainRate is how many streams a draining node ends in a second, unless that
	// would take too long: as many as other nodes take in without noticing.
	drainRate = 500
	// drainTick is how often it ends some.
	drainTick = 20 * time.Millisecond
	// leastJitter is over how long viewers come back who were told together.
	leastJitter = time.Second
)

// Farewell is how a node sends its viewers away.
type Farewell struct {
	// After is how long viewers are to wait at least before they come back.
	After time.Duration
	// Jitter is over how long all of them come back, at most.
	Jitter time.Duration
	// Within is how long the node may take to tell them.
	Within time.Duration
	// Endpoint says where a viewer is to go, when it is their turn; empty: they know
	// themselves. nil: all do.
	Endpoint Endpoint
}

// plan returns over how long so many streams are ended, and over how long the viewers
// of those that end together are to come back. The streams end at 500 a second, and
// faster where that would exceed the jitter. What of that time the node does not have,
// because Within is short, is left to the viewers.
func (f Farewell) plan(streams int) (spread, jitter time.Duration) {
	wanted := min(f.Jitter, time.Duration(streams)*time.Second/drainRate)
	spread = min(wanted, f.Within)
	return spread, min(f.Jitter, max(leastJitter, wanted-spread))
}

// Drain takes no more subscribers and ends the streams that there are, one after the
// other, in random order: each is served until its turn, and told to come back soon.
// It returns when all are told, or ctx is done; then long polls answer at once.
func (h *Hub) Drain(ctx context.Context, f Farewell) {
	defer h.hurry()
	streams := 0
	for _, room := range h.table.all() {
		streams += room.crowd.len()
	}
	spread, jitter := f.plan(streams)
	frames := framesTo(func(endpoint string) *wire.Frame { return wire.DrainFrame(f.After, jitter, endpoint) })
	var all []*Subscriber
	for _, room := range h.table.drain(frames.to("")) {
		room.crowd.each(func(s *Subscriber) { all = append(all, s) })
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	overTime(ctx, spread, len(all), func(i int) { all[i].finish(Drained, frames.to(f.Endpoint.of(all[i]))) })
}

// overTime calls do for 0 up to n, spread evenly.
func overTime(ctx context.Context, spread time.Duration, n int, do func(i int)) {
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	begun := time.Now()
	for done := 0; ; {
		due := n
		if passed := time.Since(begun); passed < spread {
			due = int(float64(n) * float64(passed+drainTick) / float64(spread))
		}
		for ; done < min(due, n); done++ {
			do(done)
		}
		if done == n {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
