package visit

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/ovation-live/ovation/server/loop"
)

const (
	// closeEvery is how often visits are looked for whose rooms have ended.
	closeEvery = time.Second
	// closeAtOnce is how many are closed in one step, about.
	closeAtOnce = 2000
	// pruneEvery is about how often each node deletes what was kept for long enough, and
	// pruneAtOnce how much of it in one step.
	pruneEvery  = time.Hour
	pruneAtOnce = 5000
)

// closing closes the visits to rooms that have ended, until ctx is done.
func (s *Service) closing(ctx context.Context) {
	said := loop.NewOutage(s.logger, "visits to rooms that have ended cannot be closed; they are closed later", "visits to rooms that have ended are closed again")
	for loop.Pause(ctx, closeEvery/2+rand.N(closeEvery)) { //nolint:gosec // nodes that were started together are to differ
		said.Report(ctx, s.closeAll(ctx))
	}
}

// closeAll closes all that is to be closed now.
func (s *Service) closeAll(running context.Context) error {
	for more := true; more && running.Err() == nil; {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(running), mergeWithin)
		n, left, err := s.visits.CloseVisits(ctx, closeAtOnce, Closed)
		cancel()
		if err != nil {
			return err
		}
		s.metrics.closed.Add(float64(n))
		more = left
	}
	return nil
}

// pruning deletes what was kept for long enough, now and then, until ctx is done.
func (s *Service) pruning(ctx context.Context) {
	if s.config.Keep == 0 {
		return
	}
	for loop.Pause(ctx, pruneEvery/2+rand.N(pruneEvery)) { //nolint:gosec // nodes that were started together are to differ
		n, err := s.prune(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			s.logger.WarnContext(ctx, "visits that were kept for long enough cannot be deleted", "error", err)
		case n > 0:
			s.logger.InfoContext(ctx, "deleted visits that were kept for long enough", "rows", n)
		}
	}
}

// prune deletes all that was kept for long enough.
func (s *Service) prune(ctx context.Context) (rows int, err error) {
	for ctx.Err() == nil {
		n, err := s.visits.PruneVisits(ctx, s.config.Keep, pruneAtOnce)
		rows += n
		if err != nil || n < pruneAtOnce {
			return rows, err
		}
	}
	return rows, nil
}
