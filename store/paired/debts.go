package paired

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

const (
	// payAtOnce is how many debts are read at once.
	payAtOnce = 256
	// hands is how many places are handed over at once by a store itself.
	hands = 8
)

// pay hands over what is owed, and says so.
func (s *Store) pay(ctx context.Context) {
	for {
		debts, err := s.durable.Owed(ctx, payAtOnce)
		if err != nil {
			s.complain(ctx, "read_debts", err)
			return
		}
		var group errgroup.Group
		group.SetLimit(hands)
		for _, d := range debts {
			group.Go(func() error { return s.settle(ctx, d) })
		}
		if err := group.Wait(); err != nil {
			s.complain(ctx, "pay_debts", err)
			return
		}
		if len(debts) < payAtOnce {
			return
		}
	}
}

// settle hands over what one debt is for, as it is now, and pays it.
func (s *Store) settle(ctx context.Context, d Debt) error {
	if err := s.handOver(ctx, d.Of, d.Room); err != nil && !errors.Is(err, store.ErrRoomNotFound) {
		return err
	}
	if err := s.durable.Paid(ctx, d); err != nil {
		return err
	}
	s.metrics.paid.Inc()
	return nil
}

// handOver hands over one matter of a place.
func (s *Store) handOver(ctx context.Context, of Matter, place live.RoomID) (err error) {
	switch of {
	case OfRoom:
		r, err := s.truth(ctx, place)
		if err != nil {
			return err
		}
		return s.hand(ctx, r)
	case OfSanctions:
		err = s.handLate(ctx, place)
	case OfWords:
		_, err = s.handWords(ctx, place)
	}
	return err
}

// complain logs what went wrong, unless the store is being stopped. A backend that is away
// is no news each second: metrics show it.
func (s *Store) complain(ctx context.Context, task string, err error) {
	if ctx.Err() != nil {
		return
	}
	level := slog.LevelWarn
	if errors.Is(err, store.ErrUnavailable) {
		level = slog.LevelDebug
	}
	s.logger.Log(ctx, level, "the store cannot do what it does by itself, and tries again", "task", task, "error", err)
}

// Behind notes that the copies of a room are behind the durable backend's, or may be. They
// are handed over again soon.
func (s *Store) Behind(id live.RoomID) { s.seen.suspect(id) }

// again is how long a store waits before it hands over again what it could not.
const again = time.Second

// mend hands over the copies of places that may be behind.
func (s *Store) mend(ctx context.Context) {
	for {
		select {
		case <-s.seen.waiting:
		case <-ctx.Done():
			return
		}
		for more := true; more && ctx.Err() == nil; {
			var places []live.RoomID
			places, more = s.seen.take(payAtOnce)
			more = s.mendAll(ctx, places) && more
		}
	}
}

// mendAll hands over all copies of places. If it cannot it is false, after a while, and
// they may still be behind.
func (s *Store) mendAll(ctx context.Context, places []live.RoomID) bool {
	var group errgroup.Group
	group.SetLimit(hands)
	for _, place := range places {
		group.Go(func() error {
			err := s.mendPlace(ctx, place)
			if errors.Is(err, store.ErrRoomNotFound) {
				return nil
			}
			if err != nil {
				s.seen.suspect(place)
			}
			return err
		})
	}
	err := group.Wait()
	if err == nil {
		return true
	}
	s.complain(ctx, "mend_copies", err)
	select {
	case <-time.After(again):
	case <-ctx.Done():
	}
	return false
}

// mendPlace hands over all copies of a place.
func (s *Store) mendPlace(ctx context.Context, place live.RoomID) error {
	matters := []Matter{OfRoom, OfSanctions, OfWords}
	if place == "" {
		matters = matters[1:]
	}
	for _, of := range matters {
		if err := s.handOver(ctx, of, place); err != nil {
			return err
		}
	}
	s.metrics.mended.Inc()
	return nil
}
