package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// aGift returns a gift with something in every field that a caller sets.
func aGift(id gift.ID, price int64) gift.Gift {
	return gift.Gift{
		ID: id, Name: "Name \x00 of " + string(id), Price: price, Points: 2 * price, ComboWindow: 3 * time.Second, Position: 7,
		Labels: map[string]string{"icon \x00": "Ä \x00", "<k>": ""},
	}
}

func (s *rig) putGift(g gift.Gift) gift.Gift {
	s.t.Helper()
	put, err := s.Gifts.PutGift(s.t.Context(), g, 1000)
	return must(s, "PutGift", put, err)
}

func (s *rig) gifts(q store.GiftQuery) []gift.Gift {
	s.t.Helper()
	all, err := s.Gifts.Gifts(s.t.Context(), q)
	return must(s, "Gifts", all, err)
}

// aSend returns gifts to give: roses of 3 coins and 6 points.
func aSend(request string, id live.RoomID, giver, receiver live.UserID, count int64) gift.Send {
	return gift.Send{
		Room: id, Giver: giver, GiverName: "Name \x00 of " + string(giver), Receiver: receiver, Gift: aGift("rose \x00", 3),
		Count: count, RequestID: request,
	}
}

// give sends gifts.
func (s *rig) give(sends ...gift.Send) []store.GiftResult {
	s.t.Helper()
	results, err := s.Gifts.SendGifts(s.t.Context(), sends)
	if must(s, "SendGifts", results, err); len(results) != len(sends) {
		s.t.Fatalf("%d results of %d sends", len(results), len(sends))
	}
	return results
}

// gave sends one gift, which is paid.
func (s *rig) gave(send gift.Send) store.GiftResult {
	s.t.Helper()
	got := s.give(send)[0]
	return must(s, "SendGifts", got, got.Err)
}

// settledEvent is the event of a settlement, and reachedEvent that of a goal.
func settledEvent(p gift.Settlement) store.Event {
	return store.Event{ID: p.ID, Room: p.Room, At: p.At, Kind: 5, Payload: fmt.Appendf(nil, "%+v", p)}
}

func reachedEvent(p gift.Settlement, g gift.Goal) store.Event {
	id := fmt.Sprint("goal ", p.Room, " ", g.ID)
	return store.Event{ID: id, Room: p.Room, At: g.Reached, Kind: 6, Payload: fmt.Appendf(nil, "%d %d", p.Sequence, g.Progress)}
}

// recordGoal records that a goal is reached which was put.
func recordGoal(g gift.Goal) []store.Event {
	return []store.Event{{
		ID: fmt.Sprint("put ", g.ID, " ", g.Reached), Room: "r", At: g.Reached, Kind: 6, Payload: fmt.Appendf(nil, "%d of %d", g.Progress, g.Target),
	}}
}

// recordGifts records settlements, and goals that are reached.
func recordGifts(p gift.Settlement, reached []gift.Goal) []store.Event {
	events := []store.Event{settledEvent(p)}
	for _, g := range reached {
		events = append(events, reachedEvent(p, g))
	}
	return events
}

// settleSome settles at most so many sends, however soon.
func (s *rig) settleSome(limit int) store.GiftSettling {
	s.t.Helper()
	done, err := s.Gifts.SettleGifts(s.t.Context(), 0, limit, recordGifts)
	return s.settled(must(s, "SettleGifts", done, err))
}

// settled returns what a settlement came to, whatever its lag, which is seen to be one.
func (s *rig) settled(done store.GiftSettling) store.GiftSettling {
	s.t.Helper()
	if done.Lag < 0 || done.Lag > 0 && done.Sends == 0 {
		s.t.Errorf("SettleGifts lags: %+v", done)
	}
	done.Lag = 0
	return done
}

// settleAll settles all that was sent.
func (s *rig) settleAll() {
	s.t.Helper()
	for {
		if done := s.settleSome(10_000); !done.More && !done.Busy {
			return
		}
	}
}

func (s *rig) giftTotals(id live.RoomID, receiver live.UserID) gift.Totals {
	s.t.Helper()
	totals, err := s.Gifts.GiftTotals(s.t.Context(), store.GiftTotalsQuery{Room: id, Receiver: receiver, Top: 100, Receivers: 100})
	return must(s, "GiftTotals", totals, err)
}

// counters returns what is later than a revision of a room; false: nothing is.
func (s *rig) counters(id live.RoomID, revision int64) (gift.Counters, bool) {
	s.t.Helper()
	all, err := s.Gifts.GiftCounters(s.t.Context(), map[live.RoomID]int64{id: revision, "absent": 0})
	must(s, "GiftCounters", all, err)
	counters, later := all[id]
	if len(all) > 1 || len(all) == 1 && !later {
		s.t.Fatalf("GiftCounters of %q = %+v", id, all)
	}
	return counters, later
}

func (s *rig) putGoal(id live.RoomID, g gift.Goal) gift.Goal {
	s.t.Helper()
	put, err := s.Gifts.PutGoal(s.t.Context(), id, g, 10, recordGoal)
	return must(s, "PutGoal", put, err)
}

// goal returns an open goal of a room.
func (s *rig) goal(room live.RoomID, id gift.GoalID) gift.Goal {
	s.t.Helper()
	goals := s.giftTotals(room, "").Goals
	at := slices.IndexFunc(goals, func(g gift.Goal) bool { return g.ID == id })
	if at < 0 {
		s.t.Fatalf("there is no goal %q in %+v", id, goals)
	}
	return goals[at]
}

// pendingOf is the account of what a user got that is not settled.
func pendingOf(user live.UserID) ledger.Account {
	return ledger.Account{Kind: ledger.Pending, Owner: string(user)}
}
