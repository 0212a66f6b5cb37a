package postgres_test

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// Whatever one gift is damaged by, it is set aside and says why, all others are settled in that
// round, and it is settled once it is right.
func TestDamagedGiftsHoldUpNothing(t *testing.T) {
	t.Parallel()
	const good = "UPDATE s.gift_payments SET receiver = 'host', count = 1, price = 3, coins = 3, points = 1 WHERE sequence = 3"
	for why, harm := range map[string]struct{ hurt, mend string }{
		"no possible number of gifts": {"UPDATE s.gift_payments SET count = -1 WHERE sequence = 3", good},
		"not cost what was paid":      {"UPDATE s.gift_payments SET price = 9223372036854775807 WHERE sequence = 3", good},
		"not cost what was":           {"UPDATE s.gift_payments SET coins = 4 WHERE sequence = 3", good},
		"number of points":            {"UPDATE s.gift_payments SET points = -1 WHERE sequence = 3", good},
		"only 0 coins are":            {"UPDATE s.gift_payments SET receiver = 'eve' WHERE sequence = 3", good},
		"more than can be paid": {
			"UPDATE s.gift_payments SET price = 9000000000000000001, coins = 9000000000000000001 WHERE sequence = 3; " +
				"UPDATE s.ledger_accounts SET balance = 9100000000000000000 WHERE kind = 2 AND owner = 'host'",
			good + "; UPDATE s.ledger_accounts SET balance = 3 WHERE kind = 2 AND owner = 'host'",
		},
		"only 8 coins are": {"UPDATE s.ledger_accounts SET balance = 8 WHERE kind = 2 AND owner = 'host'", "UPDATE s.ledger_accounts SET balance = 9 WHERE kind = 2 AND owner = 'host'"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			c := config(t)
			s := openWith(t, c)
			in := func(statement string) string { return strings.ReplaceAll(statement, "s.", c.Schema+".") }
			create(t, s, "r")
			fund(t, s, "ann", 100)
			other := rose("other", "r", "ann")
			other.Receiver = "bob"
			give(t, s, rose("1", "r", "ann"), rose("2", "r", "ann"), rose("3", "r", "ann"), other)
			execute(t, c.URL, in(harm.hurt))
			whole := strings.HasPrefix(harm.hurt, "UPDATE s.ledger_accounts") // all that the receiver has
			want := store.GiftSettling{Sends: 3, Aside: 1}
			if whole {
				want = store.GiftSettling{Sends: 1, Aside: 3}
			}
			settle := func(want store.GiftSettling) {
				t.Helper()
				done, err := s.SettleGifts(t.Context(), 0, 10, unrecorded)
				if done.Lag = 0; err != nil || done != want {
					t.Fatalf("settled %+v, %v; want %+v", done, err, want)
				}
			}
			settle(want)
			aside, err := s.GiftsSetAside(t.Context(), 10)
			if err != nil || len(aside) != want.Aside || !strings.Contains(aside[0].Why, why) || aside[0].At == 0 || !whole && aside[0].Sequence != 3 {
				t.Fatalf("set aside are %+v, %v", aside, err)
			}
			settle(store.GiftSettling{})
			give(t, s, rose("later", "r", "ann"))
			settle(store.GiftSettling{Sends: 1}) // those who come later do not wait for it
			execute(t, c.URL, in(harm.mend))
			settle(store.GiftSettling{Sends: want.Aside})
			if aside, err := s.GiftsSetAside(t.Context(), 10); err != nil || len(aside) > 0 {
				t.Errorf("still set aside are %+v, %v", aside, err)
			}
			totals, err := s.GiftTotals(t.Context(), store.GiftTotalsQuery{Room: "r", Receiver: "host"})
			if err != nil || totals.Sum != (gift.Sum{Coins: 12, Gifts: 4, Points: 4}) || totals.Pending != (gift.Sum{}) {
				t.Errorf("in the end %+v, %v", totals, err)
			}
			accounts := []ledger.Account{{Kind: ledger.User, Owner: "host"}, {Kind: ledger.Pending, Owner: "host"}}
			if got, err := s.Balances(t.Context(), accounts); err != nil || got.Amounts[0] != 12 || got.Amounts[1] != 0 {
				t.Errorf("the host has %+v, %v", got, err)
			}
		})
	}
}

// said is what a store has logged.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *said) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// overheard returns a store, how it was opened, and what it says to operators.
func overheard(t *testing.T) (*postgres.Store, postgres.Config, *said) {
	t.Helper()
	c, log := config(t), new(said)
	c.Logger = slog.New(slog.NewTextHandler(log, nil))
	return openWith(t, c), c, log
}

// times returns how often something was said.
func (l *said) times(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// A list of who gave most that cannot be read holds up nothing, and is whole again with the
// next gift.
func TestDamagedTopListsHoldUpNothing(t *testing.T) {
	t.Parallel()
	s, c, log := overheard(t)
	create(t, s, "r")
	create(t, s, "other")
	for _, user := range []string{"ann", "bob", "cy \x00"} {
		fund(t, s, user, 100)
	}
	settle := func(sends ...gift.Send) {
		t.Helper()
		give(t, s, sends...)
		if done, err := s.SettleGifts(t.Context(), 0, 10, unrecorded); err != nil || done.Sends != len(sends) {
			t.Fatalf("settled %+v, %v", done, err)
		}
	}
	shown := func(want ...gift.Giver) {
		t.Helper()
		totals, err := s.GiftTotals(t.Context(), store.GiftTotalsQuery{Room: "r", Top: 10})
		if err != nil || !slices.Equal(totals.Top, want) {
			t.Errorf("%+v, %v; want %+v", totals.Top, err, want)
		}
		later, err := s.GiftCounters(t.Context(), map[live.RoomID]int64{"r": 0, "other": -1})
		if err != nil || !slices.Equal(later["r"].Top, want) {
			t.Errorf("%+v, %v; want %+v", later, err, want)
		}
	}
	settle(rose("1", "r", "bob"), rose("2", "r", "bob"), rose("3", "r", "cy \x00"))
	for i, damage := range []string{"", "{", "{}", `[{"user": 7}]`} {
		execute(t, c.URL, "UPDATE "+c.Schema+".gift_tallies SET top = '"+damage+"'")
		shown()
		if n := log.times("is not shown until the next gift is settled"); n != 2+3*i {
			t.Errorf("said %d times", n)
		}
		settle(rose(fmt.Sprint("ann", i), "r", "ann"), rose(fmt.Sprint("other", i), "other", "ann"))
		ann := gift.Giver{User: "ann", Coins: 3 * int64(i+1), Gifts: int64(i + 1)}
		want := []gift.Giver{{User: "bob", Coins: 6, Gifts: 2}, {User: "cy \x00", Coins: 3, Gifts: 1}, ann}
		slices.SortFunc(want, func(a, b gift.Giver) int { return cmp.Or(cmp.Compare(b.Coins, a.Coins), cmp.Compare(a.User, b.User)) })
		shown(want...)
	}
	if n := log.times("was made anew"); n == 0 {
		t.Error("nothing is said of what was made anew")
	}
}

// What is set aside is pending as before, and its room is not forgotten.
func TestWhatIsSetAsideIsPending(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock, c.RoomRetention = clock.now, time.Hour
	s := openWith(t, c)
	create(t, s, "r")
	fund(t, s, "ann", 100)
	give(t, s, rose("1", "r", "ann"), rose("2", "r", "ann"))
	execute(t, c.URL, "UPDATE "+c.Schema+".gift_payments SET count = 2 WHERE sequence = 2")
	if done, err := s.SettleGifts(t.Context(), 0, 1, unrecorded); err != nil || done != (store.GiftSettling{Aside: 1, More: true}) {
		t.Fatalf("settled %+v, %v", done, err)
	}
	if done, err := s.SettleGifts(t.Context(), 0, 1, unrecorded); err != nil || done.Sends != 1 || done.Aside != 0 {
		t.Fatalf("settled %+v, %v", done, err)
	}
	totals, err := s.GiftTotals(t.Context(), store.GiftTotalsQuery{Receiver: "host"})
	if err != nil || totals.Gifts != 1 || totals.Pending.Gifts != 2 {
		t.Errorf("%+v, %v", totals, err)
	}
	if _, err := s.EndRoom(t.Context(), "r"); err != nil {
		t.Fatal(err)
	}
	clock.at = clock.at.Add(2 * time.Hour)
	if done, err := s.Prune(t.Context()); err != nil || done.Rooms != 0 {
		t.Errorf("forgotten: %+v, %v", done, err)
	}
	if got := services.Query(t, c.URL, "SELECT why FROM "+c.Schema+".gifts_set_aside"); got == "" {
		t.Error("nothing is set aside")
	}
}

// That somebody has so many coins that no more can be added keeps nobody else from being paid:
// what they are given is set aside until that is put right.
func TestReceiversWithTooMuchHoldUpNothing(t *testing.T) {
	t.Parallel()
	c := config(t)
	s := openWith(t, c)
	create(t, s, "r")
	fund(t, s, "ann", 100)
	settle := func(want store.GiftSettling) {
		t.Helper()
		done, err := s.SettleGifts(t.Context(), 0, 10, unrecorded)
		if done.Lag = 0; err != nil || done != want {
			t.Fatalf("settled %+v, %v; want %+v", done, err, want)
		}
	}
	purse := func(coins string) {
		execute(t, c.URL, "UPDATE "+c.Schema+".ledger_accounts SET balance = "+coins+" WHERE kind = 1 AND owner = 'host'")
	}
	give(t, s, rose("1", "r", "ann"))
	settle(store.GiftSettling{Sends: 1})
	purse("9223372036854775807")
	for _, id := range []string{"2", "3"} {
		other := rose("other "+id, "r", "ann")
		other.Receiver = "moon"
		give(t, s, rose(id, "r", "ann"), other)
		settle(store.GiftSettling{Sends: 1, Aside: 1})
	}
	aside, err := s.GiftsSetAside(t.Context(), 10)
	if err != nil || len(aside) != 2 || !strings.Contains(aside[0].Why, "its receiver has 9223372036854775807 coins") {
		t.Fatalf("set aside are %+v, %v", aside, err)
	}
	var limit *ledger.LimitError
	if err := s.Post(t.Context(), []ledger.Transaction{deposit("host", 1)}); !errors.As(err, &limit) || limit.Account.Owner != "host" {
		t.Errorf("a deposit: %v", err)
	}
	purse("3")
	settle(store.GiftSettling{Sends: 2})
	accounts := []ledger.Account{{Kind: ledger.User, Owner: "host"}, {Kind: ledger.User, Owner: "moon"}}
	if got, err := s.Balances(t.Context(), accounts); err != nil || got.Amounts[0] != 9 || got.Amounts[1] != 6 {
		t.Errorf("they have %+v, %v", got, err)
	}
}

// Nor does it keep others from being paid for that nothing can be added to what is pending for
// somebody, or to a combo: who gives to them is told so.
func TestTooMuchPendingHoldsUpNobody(t *testing.T) {
	t.Parallel()
	for name, requests := range map[string][]string{"in one trip": {"1", "2"}, "in two": {"1", "2", "2"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c, log := overheard(t)
			create(t, s, "r")
			other := func(request string) gift.Send {
				send := rose(request, "r", "bob")
				send.Receiver = "moon"
				return send
			}
			for _, user := range []string{"ann", "bob"} {
				fund(t, s, user, 100)
			}
			give(t, s, rose("0", "r", "ann"), other("0"))
			execute(t, c.URL, "UPDATE "+c.Schema+".ledger_accounts SET balance = 9223372036854775803 WHERE kind = 2 AND owner = 'host'; "+
				"UPDATE "+c.Schema+".gift_combos SET count = 9223372036854775807 WHERE receiver = 'moon'")
			var sends []gift.Send
			for _, id := range requests {
				sends = append(sends, rose(id, "r", "ann"), other(id))
			}
			results, err := s.SendGifts(t.Context(), sends)
			if err != nil {
				t.Fatal(err)
			}
			for i := range results {
				var limit *ledger.LimitError
				toHost := sends[i].Receiver == "host" && sends[i].RequestID != "1" // one could be added
				if errors.As(results[i].Err, &limit) != toHost || !toHost && results[i].Err != nil {
					t.Errorf("%+v: %v", sends[i], results[i].Err)
				}
			}
			accounts := []ledger.Account{
				{Kind: ledger.User, Owner: "ann"},
				{Kind: ledger.User, Owner: "bob"},
				{Kind: ledger.Pending, Owner: "moon"},
			}
			if got, err := s.Balances(t.Context(), accounts); err != nil || !slices.Equal(got.Amounts, []int64{94, 91, 9}) {
				t.Errorf("they have %+v, %v", got, err)
			}
			if log.times("nothing can be given to them") != 1 {
				t.Errorf("said: %s", log.text.String())
			}
			execute(t, c.URL, "UPDATE "+c.Schema+".ledger_accounts SET balance = 6 WHERE kind = 2 AND owner = 'host'")
			give(t, s, rose("2", "r", "ann"))
		})
	}
}
