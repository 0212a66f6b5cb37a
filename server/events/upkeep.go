package events

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

const (
	// pruneEvery is about how often a node forgets old events, and pruneAtOnce how many in one
	// step.
	pruneEvery  = 5 * time.Minute
	pruneAtOnce = 5000
	// measureEvery is how often a node finds out how far consumers are, measurePause how long
	// it waits at least, and measureMost how many of them it tells about.
	measureEvery = 10 * time.Second
	measurePause = 100 * time.Millisecond
	measureMost  = 200
)

// prune forgets events that were kept for long enough, until ctx is done.
func (s *Service) prune(ctx context.Context) {
	for {
		loop.Pause(ctx, pruneEvery/2+rand.N(pruneEvery)) //nolint:gosec // nodes are to differ
		for n := pruneAtOnce; n == pruneAtOnce && ctx.Err() == nil; {
			var err error
			if n, err = s.events.PruneEvents(ctx, s.config.Retention, pruneAtOnce); err != nil {
				s.logger.DebugContext(ctx, "old events are kept for now", "error", err)
			}
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// measure tells how far consumers are, until ctx is done.
func (s *Service) measure(ctx context.Context) {
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		all, err := s.consumers.EventConsumers(ctx, "", measureMost)
		if err == nil {
			s.metrics.tell(all, now())
		}
		select {
		case <-tick.C:
		case <-s.news:
			loop.Pause(ctx, measurePause)
		case <-ctx.Done():
		}
	}
}

// age returns how old the oldest event is that a consumer is not done with.
func age(c store.EventConsumer, nowSeconds float64) float64 {
	if c.Oldest == 0 {
		return 0
	}
	return max(0, nowSeconds-float64(c.Oldest)/1e6)
}
