package storetest

import (
	"context"
	"errors"
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

func hasGifts(s store.Set) bool { return s.Gifts != nil && s.Ledger != nil && s.Events != nil }

var giftsTests = []test{
	{"PutGiftCountsChanges", putGiftCountsChanges},
	{"GiftsStayWhereTheyAre", giftsStayWhereTheyAre},
	{"PutGiftIsLimited", putGiftIsLimited},
	{"GiftsAreInOrder", giftsAreInOrder},
	{"SendIsPaidAtOnce", sendIsPaidAtOnce},
	{"SendIsRefusedAlone", sendIsRefusedAlone},
	{"SendIsPaidOnce", sendIsPaidOnce},
	{"SendIsKnownAfterTheEnd", sendIsKnownAfterTheEnd},
	{"CombosGoOn", combosGoOn},
	{"SettlingPaysInOrder", settlingPaysInOrder},
	{"SettlingWaitsItsTime", settlingWaitsItsTime},
	{"GoalsAreReached", goalsAreReached},
	{"GoalsKeepWhatTheyReached", goalsKeepWhatTheyReached},
	{"GoalsAreReachedByLess", goalsAreReachedByLess},
	{"GoalsAreLimited", goalsAreLimited},
	{"CountersAreOfLaterRevisions", countersAreOfLaterRevisions},
	{"TopGiversAreTheGreatest", topGiversAreTheGreatest},
	{"ReceiversAreInOrder", receiversAreInOrder},
	{"GiftsAreAModel", giftsAreAModel},
}

// sameGift says whether two gifts are equal, where nil is as good as empty.
func sameGift(a, b gift.Gift) bool {
	same := maps.Equal(a.Labels, b.Labels)
	a.Labels, b.Labels = nil, nil
	return same && reflect.DeepEqual(a, b)
}

func putGiftCountsChanges(t *testing.T, s *rig) {
	if _, err := s.Gifts.Gift(t.Context(), "rose"); !errors.Is(err, store.ErrGiftNotFound) {
		t.Errorf("%v, want ErrGiftNotFound", err)
	}
	want := aGift("rose", 3)
	want.Revision = 99 // not the caller's to say
	for i, change := range []func(){
		func() {}, func() {}, func() { want.Price = 4 }, func() { want.Labels = map[string]string{} }, func() { want.Labels = nil },
		func() { want.Retired = true }, func() { want.ComboWindow = 0 }, func() { want.Position = -3 },
	} {
		change()
		put := s.putGift(want)
		want.Revision = []int64{1, 1, 2, 3, 3, 4, 5, 6}[i]
		got, err := s.Gifts.Gift(t.Context(), "rose")
		if must(s, "Gift", got, err); !sameGift(put, want) || !sameGift(got, want) {
			t.Errorf("%d: PutGift = %+v, Gift = %+v\nwant %+v", i, put, got, want)
		}
	}
}

func giftsStayWhereTheyAre(t *testing.T, s *rig) {
	here := aGift("here", 3)
	here.Room = "r"
	for _, want := range []gift.Gift{s.putGift(aGift("rose", 3)), s.putGift(here)} {
		for _, elsewhere := range []live.RoomID{"", "r", "q"} {
			moved := want
			moved.Room, moved.Price = elsewhere, 1
			if elsewhere == want.Room {
				continue
			}
			if _, err := s.Gifts.PutGift(t.Context(), moved, 10); !errors.Is(err, store.ErrGiftElsewhere) {
				t.Errorf("%q from %q to %q: %v, want ErrGiftElsewhere", want.ID, want.Room, elsewhere, err)
			}
		}
		got, err := s.Gifts.Gift(t.Context(), want.ID)
		if must(s, "Gift", got, err); !sameGift(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func putGiftIsLimited(t *testing.T, s *rig) {
	put := func(id gift.ID, retired bool) error {
		g := aGift(id, 1)
		g.Retired = retired
		_, err := s.Gifts.PutGift(t.Context(), g, 2)
		return err
	}
	for i, step := range []struct {
		id      gift.ID
		retired bool
		want    error
	}{
		{"a", false, nil},
		{"b", false, nil},
		{"c", false, store.ErrGiftLimit},
		{"c", true, nil},
		{"a", false, nil},
		{"a", true, nil},
		{"c", false, nil},
		{"a", false, store.ErrGiftLimit},
	} {
		if err := put(step.id, step.retired); !errors.Is(err, step.want) {
			t.Errorf("%d: %v, want %v", i, err, step.want)
		}
	}
}

func giftsAreInOrder(t *testing.T, s *rig) {
	var all []gift.Gift
	for i, id := range []gift.ID{"d", "a \x00", "c", "b", "a", "Ä", "z"} {
		g := aGift(id, 1)
		g.Position, g.Retired, g.Room = []int32{5, -1, 0}[i%3], i == 3, []live.RoomID{"", "r", "q"}[i%3]
		all = append(all, s.putGift(g))
	}
	slices.SortFunc(all, func(a, b gift.Gift) int { return a.Compare(&b) })
	for _, q := range []store.GiftQuery{{}, {Room: "r"}, {Room: "q", Retired: true}, {All: true}, {All: true, Retired: true}} {
		want := slices.DeleteFunc(slices.Clone(all), func(g gift.Gift) bool {
			return g.Retired && !q.Retired || !q.All && g.Room != "" && g.Room != q.Room
		})
		for _, q.Limit = range []int{1, 2, 100} {
			var got []gift.Gift
			for q.After = nil; ; {
				page := s.gifts(q)
				if got = append(got, page...); len(page) < q.Limit {
					break
				}
				q.After = &page[len(page)-1]
			}
			if !slices.EqualFunc(got, want, sameGift) {
				t.Errorf("Gifts(%+v) = %+v\nwant %+v", q, got, want)
			}
		}
	}
}

func sendIsPaidAtOnce(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann \x00", 100)
	send := aSend("request \x00", "r", "ann \x00", "host \x00", 4)
	got := s.gave(send)
	if got.Balance != 88 || got.Repeated || got.Transaction == "" || got.Sent.At == 0 || got.Sent.Count != 4 || got.Sent.Coins() != 12 ||
		got.Sent.Combo != (gift.Combo{ID: got.Transaction, Count: 4, Last: got.Sent.At}) {
		t.Errorf("SendGifts = %+v", got)
	}
	s.wantBalance(purse("ann \x00"), 88)
	s.wantBalance(pendingOf("host \x00"), 12)
	s.wantBalance(purse("host \x00"), 0)
	want := ledger.Transaction{
		ID: got.Transaction, Kind: ledger.Gift, Room: "r", Reference: "rose \x00", RequestID: "request \x00", Gifts: 4,
		Postings: []ledger.Posting{{Account: purse("ann \x00"), Amount: -12}, {Account: pendingOf("host \x00"), Amount: 12}},
	}
	if written := s.wantWritten(pendingOf("host \x00"), want)[0]; written.Sequence != got.Sent.Sequence || written.At != got.Sent.At {
		t.Errorf("written %+v, sent %+v", written, got.Sent)
	}
	if totals := s.giftTotals("r", ""); totals.Pending != (gift.Sum{Coins: 12, Gifts: 4, Points: 24}) || totals.Sum != (gift.Sum{}) {
		t.Errorf("GiftTotals = %+v", totals)
	}
	if none := s.give(); len(none) != 0 {
		t.Errorf("of no sends: %+v", none)
	}
}

func sendIsRefusedAlone(t *testing.T, s *rig) {
	s.create("r")
	s.create("over")
	s.end("over")
	s.fund("ann", 14)
	got := s.give(
		aSend("1", "r", "ann", "host", 3), aSend("2", "r", "ann", "host", 2), aSend("3", "absent", "ann", "host", 1),
		aSend("4", "over", "ann", "host", 1), aSend("5", "r", "nobody", "host", 1), aSend("6", "r", "ann", "bob", 1),
		aSend("1", "r", "ann", "host", 2), aSend("7", "r", "ann", "bob", 1),
	)
	var short *ledger.InsufficientError
	if got[0].Err != nil || got[0].Balance != 5 || got[5].Err != nil || got[5].Balance != 2 {
		t.Errorf("what is covered: %+v, %+v", got[0], got[5])
	}
	for i, balance := range map[int]int64{1: 5, 4: 0, 7: 2} {
		if !errors.As(got[i].Err, &short) || short.Balance != balance || short.Account.Kind != ledger.User {
			t.Errorf("%d: %v, want that there are %d", i, got[i].Err, balance)
		}
	}
	wantRoomError(t, got[2].Err, "absent", store.ErrRoomNotFound)
	wantRoomError(t, got[3].Err, "over", store.ErrRoomEnded)
	if !errors.Is(got[6].Err, store.ErrRequestReused) {
		t.Errorf("%v, want ErrRequestReused", got[6].Err)
	}
	s.wantBalance(purse("ann"), 2)
	s.wantBalance(pendingOf("host"), 9)
	s.wantBalance(pendingOf("bob"), 3)
	s.fund("nobody", 3)
	s.gave(aSend("5", "r", "nobody", "host", 1)) // a request that was refused may be made again
}

func sendIsPaidOnce(t *testing.T, s *rig) {
	s.create("r")
	s.create("q")
	s.fund("ann", 100)
	s.fund("bob", 100)
	send := aSend("request", "r", "ann", "host", 2)
	first := s.give(send, send)
	want := first[0]
	if want.Repeated || !first[1].Repeated || !reflect.DeepEqual(first[1].Sent, first[0].Sent) {
		t.Fatalf("%+v\n%+v", first[0], first[1])
	}
	s.gave(aSend("another", "r", "ann", "host", 3))
	s.gave(aSend("request", "r", "bob", "host", 5))
	again := send
	again.GiverName, again.Gift.Price, again.Gift.Points, again.Gift.ComboWindow = "renamed", 50, 1, 0
	want.Balance = 85
	for range 2 {
		got := s.gave(again) // it was paid: there is no error in it
		if got.Transaction != want.Transaction || got.Balance != want.Balance || !got.Repeated || !reflect.DeepEqual(got.Sent, want.Sent) {
			t.Errorf("again: %+v\nwant %+v", got, want)
		}
		s.settleAll()
	}
	for name, change := range map[string]func(*gift.Send){
		"room":     func(d *gift.Send) { d.Room = "q" },
		"receiver": func(d *gift.Send) { d.Receiver = "bob" },
		"gift":     func(d *gift.Send) { d.Gift.ID = "lily" },
		"count":    func(d *gift.Send) { d.Count++ },
	} {
		other := send
		change(&other)
		if got := s.give(other)[0]; !errors.Is(got.Err, store.ErrRequestReused) {
			t.Errorf("with another %s: %+v, want ErrRequestReused", name, got)
		}
	}
	s.wantBalance(purse("ann"), 85)
	s.wantBalance(purse("bob"), 85)
	s.wantBalance(purse("host"), 30)
}

func sendIsKnownAfterTheEnd(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 10)
	send := aSend("request", "r", "ann", "host", 1)
	first := s.gave(send)
	s.end("r")
	if got := s.gave(send); !got.Repeated || !reflect.DeepEqual(got.Sent, first.Sent) {
		t.Errorf("after the end: %+v, want %+v", got, first)
	}
	send.Count++
	if got := s.give(send)[0]; !errors.Is(got.Err, store.ErrRequestReused) {
		t.Errorf("after the end, another: %+v", got)
	}
	s.settleAll() // what was given before the end is
	s.wantBalance(purse("host"), 3)
}

func combosGoOn(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	s.create("q")
	s.fund("ann", 1000)
	s.fund("bob", 1000)
	n := 0
	want := func(count int64, send gift.Send) gift.Combo {
		t.Helper()
		n++
		send.RequestID = fmt.Sprint(n)
		got := s.gave(send)
		if got.Sent.Combo.Count != count || (got.Sent.Combo.ID == got.Transaction) != (count == send.Count) {
			t.Errorf("combo %+v of %q, want %d", got.Sent.Combo, got.Transaction, count)
		}
		return got.Sent.Combo
	}
	rose := aSend("", "r", "ann", "host", 2)
	first := want(2, rose)
	clock.Advance(3 * time.Second)
	if next := want(4, rose); next.ID != first.ID {
		t.Errorf("it goes on as %q, began as %q", next.ID, first.ID)
	}
	lily := rose
	lily.Gift.ID = "lily"
	want(2, lily)
	want(2, aSend("", "q", "ann", "host", 2))
	want(2, aSend("", "r", "bob", "host", 2))
	want(2, aSend("", "r", "ann", "bob", 2))
	want(6, rose)
	clock.Advance(3*time.Second + time.Microsecond)
	want(2, rose)
	single := rose
	single.Gift.ComboWindow = 0
	if n++; true {
		single.RequestID = fmt.Sprint(n)
	}
	if got := s.gave(single); got.Sent.Combo != (gift.Combo{}) {
		t.Errorf("a gift without combos: %+v", got.Sent.Combo)
	}
	a, b := rose, rose
	a.RequestID, b.RequestID = "a", "b"
	if got := s.give(a, b); got[0].Sent.Combo.Count != 4 || got[1].Sent.Combo.Count != 6 {
		t.Errorf("in one call: %+v", got)
	}
}

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

// aGoal returns a goal that counts all coins.
func aGoal(id gift.GoalID, target int64) gift.Goal {
	return gift.Goal{ID: id, Title: "Title \x00 of " + string(id), Measure: gift.Coins, Target: target}
}

func goalsAreReached(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 1000)
	coins, roses, bobs, shut := aGoal("coins \x00", 20), aGoal("roses", 5), aGoal("bobs", 3), aGoal("shut", 1)
	roses.Measure, roses.Gift, bobs.Receiver, shut.Closed = gift.Gifts, "rose \x00", "bob", true
	for _, g := range []gift.Goal{coins, roses, bobs, shut} {
		put := s.putGoal("r", g)
		g.Created = put.Created
		if put != g || put.Created == 0 {
			t.Errorf("PutGoal = %+v, want %+v", put, g)
		}
		s.pass(time.Microsecond)
	}
	lily := aSend("lily", "r", "ann", "host", 2)
	lily.Gift.ID = "lily"
	s.give(aSend("1", "r", "ann", "host", 4), lily)
	if got := s.goal("r", coins.ID).Progress; got != 0 {
		t.Errorf("what is not settled counts: %d", got)
	}
	s.settleAll()
	s.gave(aSend("2", "r", "ann", "bob", 1))
	s.settleAll()
	s.gave(aSend("3", "r", "ann", "host", 10))
	s.settleAll()
	for id, want := range map[gift.GoalID]int64{coins.ID: 51, "roses": 15, "bobs": 3} {
		if got := s.goal("r", id); got.Progress != want || got.Reached == 0 {
			t.Errorf("%+v, want %d", got, want)
		}
	}
	if goals := s.giftTotals("r", "").Goals; len(goals) != 3 || goals[0].ID != coins.ID || goals[2].ID != "bobs" {
		t.Errorf("goals = %+v", goals)
	}
	if goals := s.giftTotals("r", "host").Goals; len(goals) != 2 {
		t.Errorf("goals for host = %+v", goals)
	}
	if goals := s.giftTotals("", "bob").Goals; len(goals) != 0 {
		t.Errorf("goals of no room = %+v", goals)
	}
	var reached []string
	for _, e := range s.events(store.EventQuery{Limit: 100}) {
		if e.Kind == 6 {
			reached = append(reached, e.ID+": "+string(e.Payload))
		}
	}
	if want := []string{"goal r roses: 1 5", "goal r coins \x00: 1 21", "goal r bobs: 1 3"}; !sameStrings(reached, want) {
		t.Errorf("reached %q, want %q", reached, want)
	}
}

// sameStrings says whether two lists are equal, in whatever order.
func sameStrings(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func goalsKeepWhatTheyReached(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 1000)
	goal := s.putGoal("r", aGoal("g", 10))
	n := 0
	for i, step := range []struct {
		change   func(*gift.Goal)
		gives    int64
		progress int64
		reached  bool
	}{
		{func(*gift.Goal) {}, 2, 6, false},
		{func(g *gift.Goal) { g.Title = "another" }, 0, 6, false},
		{func(g *gift.Goal) { g.Target = 5 }, 0, 6, true},
		{func(g *gift.Goal) { g.Target = 7 }, 0, 6, false},
		{func(g *gift.Goal) { g.Closed = true }, 5, 6, false},
		{func(g *gift.Goal) { g.Closed = false }, 1, 9, true},
		{func(g *gift.Goal) { g.Measure = gift.Gifts }, 2, 2, false},
		{func(g *gift.Goal) { g.Receiver = "host" }, 3, 3, false},
		{func(g *gift.Goal) { g.Gift = "lily" }, 3, 0, false},
	} {
		created := goal.Created
		step.change(&goal)
		if put := s.putGoal("r", goal); put.Created != created {
			t.Errorf("%d: created at %d, then at %d", i, created, put.Created)
		}
		if n++; step.gives > 0 {
			s.gave(aSend(fmt.Sprint(n), "r", "ann", "host", step.gives))
			s.settleAll()
		}
		got := goal
		if !goal.Closed {
			got = s.goal("r", "g")
		}
		if !goal.Closed && (got.Progress != step.progress || (got.Reached != 0) != step.reached) {
			t.Errorf("%d: %+v, want %d, reached: %v", i, got, step.progress, step.reached)
		}
		goal = got
	}
}

// A goal that is reached because less is wished for is recorded as one that gifts reach.
func goalsAreReachedByLess(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 1000)
	goal := s.putGoal("r", aGoal("g", 10))
	s.gave(aSend("1", "r", "ann", "host", 2))
	s.settleAll()
	var want []string
	for i, step := range []struct {
		change  func(*gift.Goal)
		reached string
	}{
		{func(g *gift.Goal) { g.Target = 7 }, ""},
		{func(g *gift.Goal) { g.Target = 6 }, "6 of 6"},
		{func(*gift.Goal) {}, ""},
		{func(g *gift.Goal) { g.Title, g.Target = "less", 5 }, ""}, // it is already
		{func(g *gift.Goal) { g.Target = 9 }, ""},
		{func(g *gift.Goal) { g.Target = 4 }, "6 of 4"},
		{func(g *gift.Goal) { g.Receiver = "host" }, ""},
	} {
		s.pass(time.Microsecond)
		step.change(&goal)
		goal = s.putGoal("r", goal)
		if step.reached != "" {
			want = append(want, step.reached)
		}
		var got []string
		for _, e := range s.events(store.EventQuery{EventFilter: store.EventFilter{Kinds: []store.EventKind{6}}, Limit: 100}) {
			got = append(got, string(e.Payload))
			if len(got) == len(want) && step.reached != "" && (e.At != goal.Reached || goal.Reached == 0) {
				t.Errorf("%d: recorded at %d, reached at %d", i, e.At, goal.Reached)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: recorded %q, want %q", i, got, want)
		}
	}
}

func goalsAreLimited(t *testing.T, s *rig) {
	s.create("r")
	put := func(id gift.GoalID, closed bool) error {
		g := aGoal(id, 1)
		g.Closed = closed
		_, err := s.Gifts.PutGoal(t.Context(), "r", g, 2, recordGoal)
		return err
	}
	for i, step := range []struct {
		id     gift.GoalID
		closed bool
		want   error
	}{
		{"a", false, nil},
		{"b", false, nil},
		{"c", false, store.ErrGiftLimit},
		{"c", true, nil},
		{"a", false, nil},
		{"a", true, nil},
		{"c", false, nil},
		{"a", false, store.ErrGiftLimit},
	} {
		if err := put(step.id, step.closed); !errors.Is(err, step.want) {
			t.Errorf("%d: %v, want %v", i, err, step.want)
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

// giftsCalls is the method of Gifts that takes a room's id.
var giftsCalls = []call{
	{"PutGoal", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Gifts.PutGoal(ctx, id, aGoal("call", 5), 10, recordGoal)
		return err
	}},
}

// giftsAnywhere is every other.
var giftsAnywhere = []call{
	{"PutGift", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.PutGift(ctx, aGift("call", 1), 10)
		return err
	}},
	{"Gift", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.Gift(ctx, "call")
		return err
	}},
	{"Gifts", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.Gifts(ctx, store.GiftQuery{Limit: 10})
		return err
	}},
	{"SendGifts", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Gifts.SendGifts(ctx, []gift.Send{aSend("call", id, "ann", "host", 1)})
		return err
	}},
	{"SendGifts of none", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.SendGifts(ctx, nil)
		return err
	}},
	{"SettleGifts", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.SettleGifts(ctx, 0, 10, recordGifts)
		return err
	}},
	{"GiftsSetAside", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.GiftsSetAside(ctx, 10)
		return err
	}},
	{"GiftTotals", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Gifts.GiftTotals(ctx, store.GiftTotalsQuery{Room: id})
		return err
	}},
	{"GiftCounters", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Gifts.GiftCounters(ctx, map[live.RoomID]int64{id: 0})
		return err
	}},
	{"Points", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Gifts.Points(ctx, []live.UserID{"ann"})
		return err
	}},
}
