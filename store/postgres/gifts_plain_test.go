package postgres_test

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/storetest"
)

// payments is calls of a few givers, and what became of them.
type payments struct {
	s     *postgres.Store
	clock *clock
	name  string
	sends int
	paid  []gift.Sent
	had   int64 // each giver, before
}

// draw draws a send: to one of two, of one of two gifts, in one of two rooms of which one has
// ended, now and then again.
func (p *payments) draw(t *rapid.T) gift.Send {
	p.sends++
	giver := live.UserID(p.name + rapid.SampledFrom([]string{" ann", " bob", " cyd"}).Draw(t, "giver"))
	send := rose(fmt.Sprint(rapid.IntRange(max(0, p.sends-3), p.sends).Draw(t, "request")), "r", giver)
	send.Receiver = rapid.SampledFrom([]live.UserID{"host", "guest"}).Draw(t, "receiver")
	send.Count = rapid.Int64Range(1, 3).Draw(t, "count")
	if rapid.IntRange(0, 9).Draw(t, "room") == 0 {
		send.Room = "ended"
	}
	if rapid.Bool().Draw(t, "gift") {
		send.Gift = gift.Gift{ID: "lily", Price: 1, ComboWindow: time.Duration(rapid.IntRange(0, 2).Draw(t, "window")) * time.Second}
	}
	return send
}

// call makes a call.
func (p *payments) call(t *rapid.T) {
	p.clock.at = p.clock.at.Add(time.Duration(rapid.IntRange(0, 15).Draw(t, "pause")) * 100 * time.Millisecond)
	sends := make([]gift.Send, rapid.IntRange(1, 6).Draw(t, "sends"))
	for i := range sends {
		sends[i] = p.draw(t)
	}
	results, err := p.s.SendGifts(t.Context(), sends)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range results {
		if got.Err == nil && !got.Repeated {
			got.Sent.Send.Gift.ComboWindow = sends[i].Gift.ComboWindow
			p.paid = append(p.paid, got.Sent)
		}
	}
}

// prove says whether all that was paid is what the rules make of it, one after the other, and
// whether it is kept so.
func (p *payments) prove(t *rapid.T) {
	slices.SortFunc(p.paid, func(a, b gift.Sent) int { return cmp.Compare(a.Sequence, b.Sequence) })
	till := gift.Till{Sent: make(map[string]*gift.Sent), Balances: make(map[live.UserID]int64), Combos: make(map[gift.ComboKey]gift.Combo)}
	for i, got := range p.paid {
		if _, there := till.Balances[got.Giver]; !there {
			till.Balances[got.Giver] = p.had
		}
		if i > 0 && got.Sequence != p.paid[i-1].Sequence+1 {
			t.Fatalf("%d comes after %d", got.Sequence, p.paid[i-1].Sequence)
		}
		till.At, till.Sequence = got.At, got.Sequence-1
		want, repeated, err := till.Take(&got.Send, nil)
		if err != nil || repeated || want.Combo != got.Combo || want.ID != got.ID {
			t.Fatalf("%+v was paid, and would be %+v, %v, %v", got, want, repeated, err)
		}
		kept, err := p.s.SendGifts(t.Context(), []gift.Send{got.Send})
		if got.Send.Gift.ComboWindow = 0; err != nil || !kept[0].Repeated || !same(kept[0].Sent, got) || kept[0].Balance < 0 {
			t.Fatalf("%+v was paid, and %+v is kept, %v", got, kept, err)
		}
	}
	for giver, left := range till.Balances {
		purse := ledger.Account{Kind: ledger.User, Owner: string(giver)}
		if got, err := p.s.Balances(t.Context(), []ledger.Account{purse}); err != nil || got.Amounts[0] != left {
			t.Fatalf("%s has %v, %v; want %d", giver, got, err, left)
		}
	}
}

// same says whether what is kept of a gift is what was paid.
func same(kept, paid gift.Sent) bool {
	kept.Call, paid.Call = "", ""
	return reflect.DeepEqual(kept, paid)
}

// Whether a gift is paid with others in one trip, or decided about with those that cannot be,
// is the same: what the rules make of it is what is said, and what is kept.
func TestWhatIsPaidIsWhatTheRulesSay(t *testing.T) {
	t.Parallel()
	c, now := config(t), newClock()
	c.Clock = now.now
	s := openWith(t, c)
	create(t, s, "r")
	create(t, s, "ended")
	if _, err := s.EndRoom(t.Context(), "ended"); err != nil {
		t.Fatal(err)
	}
	runs := 0
	storetest.Check(t, 20, func(t *rapid.T) {
		runs++
		p := &payments{s: s, clock: now, name: fmt.Sprint("run ", runs), had: 30}
		for _, giver := range []string{" ann", " bob", " cyd"} {
			if err := s.Post(t.Context(), []ledger.Transaction{deposit(p.name+giver, p.had)}); err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 8).Draw(t, "calls") {
			p.call(t)
		}
		p.prove(t)
	})
}

// What is refused is refused with its reason, and what is beside it is paid.
func TestPlainAndOthersTogether(t *testing.T) {
	t.Parallel()
	s := open(t)
	create(t, s, "r")
	fund(t, s, "rich", 100)
	fund(t, s, "poor", 4)
	give(t, s, rose("0", "r", "rich"))
	sends := []gift.Send{
		rose("1", "r", "rich"), rose("1", "r", "poor"), rose("2", "r", "poor"), rose("1", "r", "nobody"),
	}
	results, err := s.SendGifts(t.Context(), sends)
	if err != nil {
		t.Fatal(err)
	}
	var short *ledger.InsufficientError
	if results[0].Err != nil || results[0].Balance != 94 || results[0].Sent.Combo.Count != 2 || results[1].Err != nil || results[1].Balance != 1 {
		t.Errorf("%+v", results[:2])
	}
	if !errors.As(results[2].Err, &short) || short.Balance != 1 || !errors.As(results[3].Err, &short) || short.Balance != 0 {
		t.Errorf("%+v", results[2:])
	}
}
