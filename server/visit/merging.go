package visit

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

const (
	// mergeAtOnce is about how many events are merged in one step, and mergeLeast how few where
	// that takes longer than a step may.
	mergeAtOnce, mergeLeast = 10_000, 100
	// takeEvery is how often the queue is looked at for what other nodes have reported: so
	// seldom while there is nothing, for who reports looks at once.
	takeEvery = time.Second
	// takeSoon is that after there was something.
	takeSoon = 200 * time.Millisecond
	// mergeLease is for how long nobody else gets what this node has taken.
	mergeLease = 30 * time.Second
	// mergeWithin is how long one step may take.
	mergeWithin = 15 * time.Second
	// retryMerge is the pause after a step that failed.
	retryMerge = 500 * time.Millisecond
	// mergeTries is how often an event is tried alone before it is set aside.
	mergeTries = 3
)

// merging merges what is in the queue until ctx is done. A step that was begun is brought
// to its end. That visits cannot be merged is over when some were.
func (s *Service) merging(ctx context.Context, said *loop.Outage) {
	rest, most := takeSoon, mergeAtOnce
	for ctx.Err() == nil {
		begun := time.Now()
		n, err := s.mergeSome(ctx, most)
		most = mostNext(most, n, time.Since(begun), err)
		if err != nil || n > 0 {
			said.Report(ctx, err)
		}
		switch {
		case err != nil:
			loop.Pause(ctx, retryMerge)
		case n == 0:
			s.rest(ctx, rest)
			rest = min(2*rest, takeEvery)
		default:
			rest = takeSoon
		}
	}
}

// mostNext returns about how many events the next step is to merge: far fewer after one whose
// time was up, a few more after one that was quick.
func mostNext(most, n int, took time.Duration, err error) int {
	switch {
	case n > 0 && took < mergeWithin/4:
		return min(most+mergeLeast, mergeAtOnce)
	case errors.Is(err, context.DeadlineExceeded):
		return max(most/4, mergeLeast)
	default:
		return most
	}
}

// rest waits until there may be something in the queue, about so long.
func (s *Service) rest(ctx context.Context, about time.Duration) {
	timer := time.NewTimer(about/2 + rand.N(about)) //nolint:gosec // nodes that were started together are to differ
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.arrived:
	case <-timer.C:
	}
}

// mergeSome takes some of the queue, about so many events at most, merges it and settles it. It
// returns how many that were. What it has taken it keeps trying to merge for as long as nobody
// else gets it.
func (s *Service) mergeSome(running context.Context, most int) (int, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(running), mergeLease-mergeWithin)
	defer cancel()
	taken, err := s.reports.TakeReports(ctx, s.config.Node, most, mergeLease)
	if err != nil || len(taken) == 0 {
		return 0, err
	}
	var events []visit.Event
	for _, t := range taken {
		events = append(events, t.Events...)
	}
	begun := time.Now()
	for {
		err = s.merge(ctx, events)
		if err == nil || ctx.Err() != nil || !loop.Pause(running, retryMerge) {
			break
		}
	}
	if err != nil {
		return 0, err
	}
	s.metrics.merged(len(events), time.Since(begun))
	return len(events), s.reports.SettleReports(ctx, taken)
}

// merge merges events. Those that cannot be merged, whatever comes with them, are set
// aside. If it fails, some may be merged all the same.
func (s *Service) merge(ctx context.Context, events []visit.Event) error {
	aside, err := s.mergeStep(ctx, events)
	switch {
	case err == nil:
		s.metrics.setAside(aside)
		return nil
	case !spoilt(err):
		return err
	case len(events) == 1:
		return s.mergeAlone(ctx, events[0], err)
	}
	s.metrics.halved.Inc()
	half := len(events) / 2
	if err := s.merge(ctx, events[:half]); err != nil {
		return err
	}
	return s.merge(ctx, events[half:])
}

// mergeStep merges events in one step of the store.
func (s *Service) mergeStep(ctx context.Context, events []visit.Event) ([]store.AsideVisit, error) {
	ctx, cancel := context.WithTimeout(ctx, mergeWithin)
	defer cancel()
	return s.visits.MergeVisits(ctx, events, Closed)
}

// spoilt says whether a step may have failed for what was to be merged: else it will
// succeed some time, as it is.
func spoilt(err error) bool {
	return !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// mergeAlone tries one event again, which has failed for a reason of its own, and sets it
// aside if that does not change.
func (s *Service) mergeAlone(ctx context.Context, e visit.Event, why error) error {
	for range mergeTries - 1 {
		if !loop.Pause(ctx, retryMerge/mergeTries) {
			return why
		}
		aside, err := s.mergeStep(ctx, []visit.Event{e})
		if err == nil {
			s.metrics.setAside(aside)
			return nil
		}
		if !spoilt(err) {
			return err
		}
		why = err
	}
	s.logger.ErrorContext(ctx, "an event of a visit cannot be merged, and is set aside",
		"room_id", string(e.Room), "user_id", string(e.User), "session_id", string(e.Session), "error", why)
	aside, err := s.visits.SetAside(ctx, []store.AsideVisit{store.AsideFor(e, visit.MergeFailed)})
	s.metrics.setAside(aside)
	return err
}
