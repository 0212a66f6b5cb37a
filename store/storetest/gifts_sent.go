package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

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
	called := aSend("called", "r", "bob", "host", 1)
	called.Call = "one"
	s.gave(called)
	if got := s.gave(called); got.Repeated {
		t.Errorf("the call that paid, again: %+v; it repeats nothing", got)
	}
	if called.Call = "two"; !s.gave(called).Repeated {
		t.Error("another call for the same repeats nothing")
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
	s.wantBalance(purse("bob"), 82)
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
