package gift

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/server/loop"
)

const (
	// countEvery is how often the store is asked what is new in the rooms of this node's
	// viewers.
	countEvery = time.Second
	// countWithin is how long it may take to answer.
	countWithin = 2 * time.Second
	// glanceWithin is how long those who come into a room wait for what was given there.
	glanceWithin = 500 * time.Millisecond
)

// tellSoon has viewers of this node told what is new before their time.
func (s *Service) tellSoon() {
	select {
	case s.hurry <- struct{}{}:
	default:
	}
}

// count tells viewers what was given, until ctx is done.
func (s *Service) count(ctx context.Context) {
	said := loop.NewOutage(s.logger, "gifts: cannot count what was given; viewers are told later", "gifts: what was given is counted again")
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.hurry:
		}
		said.Report(ctx, s.tell(ctx))
	}
}

// tell tells viewers what is new.
func (s *Service) tell(ctx context.Context) error {
	known := s.config.Viewers.GiftRevisions()
	if len(known) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, countWithin)
	defer cancel()
	fresh, err := s.gifts.GiftCounters(ctx, known)
	for id, counters := range fresh {
		s.config.Viewers.SetGifts(id, counters)
	}
	return err
}

// Counters returns what everyone sees of a room's gifts; nothing where nothing was given,
// or while nobody can say.
func (s *Service) Counters(ctx context.Context, id live.RoomID) gift.Counters {
	read := s.counting.DoChan(string(id), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), glanceWithin)
		defer cancel()
		found, err := s.gifts.GiftCounters(ctx, map[live.RoomID]int64{id: 0})
		return found[id], err
	})
	select {
	case done := <-read:
		counters, _ := done.Val.(gift.Counters)
		return counters
	case <-ctx.Done():
		return gift.Counters{}
	}
}
