package memory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/store/storetest"
)

// What was given in a room outlives it until it is settled.
func TestRoomsWithUnsettledGiftsAreNotForgotten(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(1_000_000)
	s := memory.New(memory.WithClock(clock.Now), memory.WithRetention(time.Minute))
	for _, id := range []live.RoomID{"given", "other"} {
		if _, err := s.CreateRoom(t.Context(), room.Room{ID: id, Settings: room.DefaultSettings()}, ""); err != nil {
			t.Fatal(err)
		}
	}
	fund := ledger.Transaction{ID: "fund", Kind: ledger.Deposit, Postings: []ledger.Posting{
		{Account: ledger.Account{Kind: ledger.User, Owner: "ann"}, Amount: 10}, {Account: ledger.Account{Kind: ledger.External}, Amount: -10},
	}}
	if err := s.Post(t.Context(), []ledger.Transaction{fund}); err != nil {
		t.Fatal(err)
	}
	send := gift.Send{Room: "given", Giver: "ann", Receiver: "host", Gift: gift.Gift{ID: "rose", Price: 3}, Count: 2, RequestID: "1"}
	if got, err := s.SendGifts(t.Context(), []gift.Send{send}); err != nil || got[0].Err != nil {
		t.Fatal(got, err)
	}
	for _, id := range []live.RoomID{"given", "other"} {
		if _, err := s.EndRoom(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(time.Minute)
	checkRooms(t, s, "given")
	nothing := func(gift.Settlement, []gift.Goal) []store.Event { return nil }
	if got, err := s.SettleGifts(t.Context(), time.Minute, 10, nothing); err != nil || got.Sends != 1 || got.More {
		t.Fatalf("settled %+v, %v", got, err)
	}
	if got, err := s.GiftTotals(t.Context(), store.GiftTotalsQuery{Room: "given", Receivers: 10}); err != nil || got.Coins != 6 || len(got.Receivers) != 1 {
		t.Errorf("totals %+v, %v", got, err)
	}
	checkRooms(t, s)
	for scope, want := range map[store.GiftTotalsQuery]int64{{Room: "given"}: 0, {Receiver: "host"}: 6, {Room: "given", Receiver: "host"}: 0} {
		if got, err := s.GiftTotals(t.Context(), scope); err != nil || got.Coins != want {
			t.Errorf("%+v: %+v, %v; want %d coins", scope, got, err, want)
		}
	}
	send.RequestID = "2"
	if got, err := s.SendGifts(t.Context(), []gift.Send{send}); err != nil || got[0].Err == nil {
		t.Errorf("a gift in a room that is forgotten: %+v, %v", got, err)
	}
	send.RequestID = "1"
	if got, err := s.SendGifts(t.Context(), []gift.Send{send}); err != nil || got[0].Err != nil || !got[0].Repeated {
		t.Errorf("what was sent there before: %+v, %v", got, err)
	}
}

func BenchmarkGifts(b *testing.B) {
	const batch = 64
	s := memory.New()
	if _, err := s.CreateRoom(b.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
		b.Fatal(err)
	}
	sends := make([]gift.Send, batch)
	for i := range sends {
		giver := fmt.Sprint("user-", i)
		fund := ledger.Transaction{ID: giver, Kind: ledger.Deposit, Postings: []ledger.Posting{
			{Account: ledger.Account{Kind: ledger.User, Owner: giver}, Amount: 1e15}, {Account: ledger.Account{Kind: ledger.External}, Amount: -1e15},
		}}
		if err := s.Post(b.Context(), []ledger.Transaction{fund}); err != nil {
			b.Fatal(err)
		}
		sends[i] = gift.Send{Room: "r", Giver: live.UserID(giver), Receiver: "host", Gift: gift.Gift{ID: "rose", Price: 3, ComboWindow: time.Second}, Count: 1}
	}
	for n := 0; b.Loop(); n++ {
		for i := range sends {
			sends[i].RequestID = fmt.Sprint(n)
		}
		if _, err := s.SendGifts(b.Context(), sends); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "sends/s")
}
