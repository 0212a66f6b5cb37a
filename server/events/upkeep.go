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
	// lettersEvery is about how often a node looks for dead letters that are too many.
	lettersEvery = 20 * time.Second
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

// pruneLetters drops dead letters that are too many, until ctx is done.
func (s *Service) pruneLetters(ctx context.Context) {
	for ctx.Err() == nil {
		loop.Pause(ctx, lettersEvery/2+rand.N(lettersEvery)) //nolint:gosec // nodes are to differ
		s.dropLetters(ctx)
	}
}

// dropLetters drops the oldest dead letters of webhooks that have more than are kept: one room
// that a webhook refuses for ever would make them without end.
func (s *Service) dropLetters(ctx context.Context) {
	for n := pruneAtOnce; n == pruneAtOnce && ctx.Err() == nil; {
		var err error
		if n, err = s.webhooks.PruneDeadLetters(ctx, s.config.DeadLetters, pruneAtOnce); err != nil {
			s.logger.DebugContext(ctx, "old dead letters are kept for now", "error", err)
			return
		}
		if n > 0 {
			s.metrics.lettersDropped.Add(float64(n))
			s.logger.WarnContext(ctx, "webhooks have more dead letters than are kept: the oldest are dropped", "dropped", n, "kept", s.config.DeadLetters)
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
