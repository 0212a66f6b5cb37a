package visit

import (
	"context"
	"errors"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

const (
	// reportEvery is how often what was noted is reported.
	reportEvery = 100 * time.Millisecond
	// reportAtOnce is about how many events one report carries.
	reportAtOnce = 2000
	// reportWithin is how long one may take, and retryReport the pause after one that failed.
	reportWithin, retryReport = 5 * time.Second, time.Second
	// forgetEvery is how often sessions are forgotten that are no longer this node's.
	forgetEvery = time.Minute
)

// reporting reports what was noted, until ctx is done and nothing is left, or it cannot be
// reported.
func (s *Service) reporting(ctx context.Context) {
	said := loop.NewOutage(s.logger, "what sessions do cannot be reported as visits; it is reported later", "what sessions do is reported as visits again")
	pause, forgotten := reportEvery, time.Now()
	for loop.Pause(ctx, pause) {
		err := s.reportNoted(ctx)
		said.Report(ctx, err)
		if pause = reportEvery; err != nil {
			pause = retryReport
		}
		if now := time.Now(); now.Sub(forgotten) > forgetEvery {
			forgotten = now
			s.notes.forget(now)
		}
	}
	last := context.WithoutCancel(ctx)
	said.Report(last, s.reportNoted(last))
}

// reportNoted reports all that is noted.
func (s *Service) reportNoted(ctx context.Context) error {
	failed := s.findOut(ctx)
	for {
		b := s.notes.take(reportAtOnce)
		s.metrics.noted.Set(float64(s.notes.count()))
		if len(b.events) == 0 {
			return failed
		}
		if err := s.reportBatch(ctx, b); err != nil {
			return err
		}
	}
}

// reportBatch reports a batch, then settles what ended with it: should this node be killed
// in between, what ended is returned to another, which reports it again.
func (s *Service) reportBatch(ctx context.Context, b batch) error {
	ctx, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	if err := s.reports.Report(ctx, b.events); err != nil {
		return err
	}
	s.took(fromSessions, len(b.events))
	if settled := s.notes.done(b); len(settled) > 0 {
		return s.presence.Settle(ctx, settled)
	}
	return nil
}

// took counts events that were put into the queue.
func (s *Service) took(from source, n int) {
	s.metrics.reported[from].Add(float64(n))
	s.waiting.since.Add(int64(n))
	s.awake()
}

// findOut asks what became of rooms that sessions are lost in.
func (s *Service) findOut(ctx context.Context) (failed error) {
	for id := range s.notes.missing() {
		goesOn, err := s.isLive(ctx, id)
		if err != nil {
			failed = err
			continue
		}
		s.notes.resolve(id, goesOn)
	}
	return failed
}

// isLive says whether a room is there and has not ended.
func (s *Service) isLive(ctx context.Context, id live.RoomID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	r, err := s.rooms.Room(ctx, id)
	if errors.Is(err, store.ErrRoomNotFound) {
		return false, nil
	}
	return r.State != room.Ended, err
}
