package storetest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

func settlingPaysInOrder(t *testing.T, s *rig) {
	s.create("r")
	s.create("q")
	s.fund("ann", 1000)
	if done := s.settleSome(10); done != (store.GiftSettling{}) {
		t.Errorf("nothing is settled: %+v", done)
	}
	s.give(
		aSend("1", "r", "ann", "host", 1), aSend("2", "q", "ann", "host", 2), aSend("3", "r", "ann", "host", 4),
		aSend("4", "r", "ann", "bob", 8), aSend("5", "r", "ann", "host", 16),
	)
	for i, want := range []store.GiftSettling{{Sends: 3, More: true}, {Sends: 2}, {}} {
		if done := s.settleSome(3); done != want {
			t.Errorf("%d: SettleGifts = %+v, want %+v", i, done, want)
		}
	}
	want := []gift.Settlement{
		{Receiver: "host", Room: "r", Sequence: 1, Coins: 15, Gifts: 5, Points: 30},
		{Receiver: "host", Room: "q", Sequence: 2, Coins: 6, Gifts: 2, Points: 12},
		{Receiver: "bob", Room: "r", Sequence: 1, Coins: 24, Gifts: 8, Points: 48},
		{Receiver: "host", Room: "r", Sequence: 3, Coins: 48, Gifts: 16, Points: 96},
	}
	paid := s.written(store.LedgerQuery{Kinds: []ledger.Kind{ledger.Settlement}, OldestFirst: true})
	events := s.events(store.EventQuery{Limit: 100})
	if len(paid) != len(want) || len(events) != len(want) {
		t.Fatalf("%d settlements, %d events; want %d", len(paid), len(events), len(want))
	}
	for i, p := range want {
		p.ID, p.At = paid[i].ID, events[i].At
		move := p.Transaction()
		move.Sequence, move.At = paid[i].Sequence, paid[i].At
		if event := settledEvent(p); !reflect.DeepEqual(paid[i], move) || string(event.Payload) != string(events[i].Payload) || event.ID != events[i].ID {
			t.Errorf("%d: %+v, recorded as %s\nwant %+v, %s", i, paid[i], events[i].Payload, move, event.Payload)
		}
	}
	s.wantBalance(purse("host"), 69)
	s.wantBalance(purse("bob"), 24)
	s.wantBalance(pendingOf("host"), 0)
	points, err := s.Gifts.Points(t.Context(), []live.UserID{"bob", "cy", "host"})
	if must(s, "Points", points, err); !slices.Equal(points, []int64{48, 0, 138}) {
		t.Errorf("Points = %v", points)
	}
}

func settlingWaitsItsTime(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	s.fund("ann", 1000)
	settle := func(limit int) store.GiftSettling {
		done, err := s.Gifts.SettleGifts(t.Context(), 5*time.Second, limit, recordGifts)
		return s.settled(must(s, "SettleGifts", done, err))
	}
	n := 0
	send := func() { n++; s.gave(aSend(fmt.Sprint(n), "r", "ann", "host", 1)) }
	for i, step := range []struct {
		sends int
		after time.Duration
		want  store.GiftSettling
	}{
		{1, 0, store.GiftSettling{Sends: 1}}, // there was none before
		{1, 5*time.Second - time.Microsecond, store.GiftSettling{Busy: true}},
		{3, time.Microsecond, store.GiftSettling{Sends: 2, More: true}},
		{0, 0, store.GiftSettling{Sends: 2}},
		{1, 0, store.GiftSettling{Busy: true}},
		{0, 5 * time.Second, store.GiftSettling{Sends: 1}},
		{0, 5 * time.Second, store.GiftSettling{}},
		{1, 0, store.GiftSettling{Sends: 1}},
	} {
		for range step.sends {
			send()
		}
		clock.Advance(step.after)
		if got := settle(2); got != step.want {
			t.Errorf("%d: SettleGifts = %+v, want %+v", i, got, step.want)
		}
	}
}

func countersAreOfLaterRevisions(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 1000)
	if got, later := s.counters("r", 0); later {
		t.Errorf("of no gifts: %+v", got)
	}
	var before int64
	for i, step := range []func(){
		func() { s.putGoal("r", aGoal("g", 10)) },
		func() { s.gave(aSend("1", "r", "ann", "host", 1)); s.settleAll() },
		func() { s.gave(aSend("2", "r", "ann", "bob", 1)); s.settleAll() },
		func() { g := aGoal("g", 10); g.Title = "another"; s.putGoal("r", g) },
	} {
		step()
		got, later := s.counters("r", before)
		if !later || got.Revision <= before {
			t.Fatalf("%d: counters %+v, later than %d: %v", i, got, before, later)
		}
		totals := s.giftTotals("r", "")
		if !reflect.DeepEqual(got, totals.Counters) {
			t.Errorf("%d: counters %+v\nwant %+v", i, got, totals.Counters)
		}
		if before = got.Revision; i == 3 {
			s.putGoal("r", got.Goals[0]) // nothing changes
		}
		if got, later := s.counters("r", before); later {
			t.Errorf("%d: nothing is later than %d: %+v", i, before, got)
		}
	}
}

func topGiversAreTheGreatest(t *testing.T, s *rig) {
	s.create("r")
	gave := make(map[live.UserID]int64)
	for round := range 4 {
		var sends []gift.Send
		for i := range 130 {
			user := live.UserID(fmt.Sprintf("user %03d", i))
			if round == 0 {
				s.fund(string(user), 1_000_000)
			}
			if count := int64((i*37 + round*round*11) % 50); count > 0 {
				sends = append(sends, aSend(fmt.Sprint(round), "r", user, "host", count))
				gave[user] += count
			}
		}
		for _, got := range s.give(sends...) {
			must(s, "SendGifts", got, got.Err)
		}
		s.settleAll()
		users := slices.SortedFunc(maps.Keys(gave), func(a, b live.UserID) int {
			if gave[a] != gave[b] {
				return int(gave[b] - gave[a])
			}
			return int(a[5])*10000 + int(a[6])*100 + int(a[7]) - int(b[5])*10000 - int(b[6])*100 - int(b[7])
		})
		for _, of := range []gift.Scope{{Room: "r"}, {Receiver: "host"}, {Room: "r", Receiver: "host"}} {
			totals := s.giftTotals(of.Room, of.Receiver)
			if len(totals.Top) != 100 || totals.Givers != int64(len(gave)) {
				t.Fatalf("%d givers, of %d in all; want 100 of %d", len(totals.Top), totals.Givers, len(gave))
			}
			for i, giver := range totals.Top {
				if want := (gift.Giver{User: users[i], Name: "Name \x00 of " + string(users[i]), Coins: 3 * gave[users[i]], Gifts: gave[users[i]]}); giver != want {
					t.Fatalf("round %d: %d is %+v, want %+v", round, i, giver, want)
				}
			}
		}
	}
	if got, _ := s.counters("r", 0); len(got.Top) != 10 {
		t.Errorf("everyone sees %d givers", len(got.Top))
	}
}

func receiversAreInOrder(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 1000)
	s.give(aSend("1", "r", "ann", "bob", 2), aSend("2", "r", "ann", "cy", 5), aSend("3", "r", "ann", "an", 2))
	s.settleAll()
	s.give(aSend("4", "r", "ann", "dee", 9), aSend("5", "r", "ann", "bob", 1))
	var got []string
	for _, r := range s.giftTotals("r", "").Receivers {
		got = append(got, fmt.Sprint(r.Receiver, r.Sum, r.Pending, r.Settled != 0))
	}
	want := []string{
		"cy{15 5 30} {0 0 0} true", "an{6 2 12} {0 0 0} true", "bob{6 2 12} {3 1 6} true", "dee{0 0 0} {27 9 54} false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("receivers %q\nwant %q", got, want)
	}
	some, err := s.Gifts.GiftTotals(t.Context(), store.GiftTotalsQuery{Room: "r", Top: 0, Receivers: 2})
	if must(s, "GiftTotals", some, err); len(some.Receivers) != 2 || len(some.Top) != 0 || some.Pending.Gifts != 10 {
		t.Errorf("GiftTotals = %+v", some)
	}
	for _, id := range []live.RoomID{"", "r"} {
		if one := s.giftTotals(id, "dee").Receivers; len(one) != 1 || one[0].Pending.Gifts != 9 {
			t.Errorf("of dee: %+v", one)
		}
	}
	if none := s.giftTotals("absent", ""); !reflect.DeepEqual(none, gift.Totals{}) {
		t.Errorf("of nothing: %+v", none)
	}
}
