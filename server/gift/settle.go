package gift

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

const (
	// settleAtOnce is how many payments one settlement takes in at most: so long nobody
	// else writes into the ledger.
	settleAtOnce = 10_000
	// asideShown is how many gifts that are set aside are told of at a time.
	asideShown = 20
	// settleWithin is how long one may take.
	settleWithin = 10 * time.Second
	// The bounds of how often a node asks whether it is time.
	askSettleLeast = 20 * time.Millisecond
	askSettleMost  = time.Second
)

// settle settles what was given, until ctx is done. Every node asks the store, at moments
// of its own; the store says whether it is time, and lets one at a time.
func (s *Service) settle(ctx context.Context) {
	said := loop.NewOutage(s.logger, "gifts: cannot settle what was given; it is settled later", "gifts: what was given is settled again")
	every := min(max(s.config.SettleEvery/5, askSettleLeast), askSettleMost)
	for loop.Pause(ctx, every/2+rand.N(every)) { //nolint:gosec // nodes that were started together are to differ
		said.Report(ctx, s.settleAll(ctx))
	}
}

// settleAll settles as long as there is something to settle.
func (s *Service) settleAll(ctx context.Context) error {
	for more := true; more && ctx.Err() == nil; {
		done, err := s.settleSome(ctx)
		s.metrics.settled(done, err)
		if err != nil {
			return err
		}
		if done.Sends > 0 {
			s.tellSoon()
		}
		if done.Aside > 0 {
			s.sayAside(ctx, min(done.Aside, asideShown))
		}
		more = done.More
	}
	return nil
}

// sayAside says what was set aside, so that somebody looks at it: nothing else waits for it.
func (s *Service) sayAside(ctx context.Context, n int) {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	all, err := s.gifts.GiftsSetAside(ctx, n)
	if err != nil {
		s.logger.ErrorContext(ctx, "gifts: some cannot be settled and are set aside", "error", err)
	}
	for _, one := range all {
		s.logger.ErrorContext(ctx, "gifts: one cannot be settled and is set aside until it is as it was paid; see `ovation audit ledger`",
			"room_id", string(one.Room), "account", "pending/"+string(one.Receiver), "sequence", one.Sequence, "error", one.Why)
	}
}

// settleSome settles once. One that was begun is brought to its end.
func (s *Service) settleSome(ctx context.Context) (store.GiftSettling, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	return s.gifts.SettleGifts(ctx, s.config.SettleEvery, settleAtOnce, record)
}

// record makes the events of a settlement.
func record(done gift.Settlement, reached []gift.Goal) []store.Event {
	events := []store.Event{{
		ID: "gift_settled/" + done.ID, Room: done.Room, At: done.At, Kind: store.GiftSettled, Payload: wire.SettlementEvent(done),
	}}
	for _, g := range reached {
		events = append(events, recordGoal(done.Room, g))
	}
	return events
}

// recordGoal makes the event of a goal of a room that is reached.
func recordGoal(id live.RoomID, g gift.Goal) store.Event {
	return store.Event{
		ID:   "goal_reached/" + string(id) + "/" + string(g.ID) + "/" + strconv.FormatInt(int64(g.Reached), 10),
		Room: id, At: g.Reached, Kind: store.GoalReached, Payload: wire.GoalEvent(g),
	}
}
