package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/room"
)

// giving returns a store with a room, and ann who has 100 coins.
func giving(t *testing.T) *Store {
	t.Helper()
	s := migrated(t, Config{})
	if _, err := s.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Post(t.Context(), []ledger.Transaction{{ID: "fund", Kind: ledger.Deposit, Postings: []ledger.Posting{
		{Account: ledger.Account{Kind: ledger.User, Owner: "ann"}, Amount: 100}, {Account: ledger.Account{Kind: ledger.External}, Amount: -100},
	}}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// fromAnn returns roses of ann's, of 3 coins each, of one combo.
func fromAnn(requests ...string) []gift.Send {
	sends := make([]gift.Send, len(requests))
	for i, id := range requests {
		sends[i] = gift.Send{
			Room: "r", Giver: "ann", Receiver: "bob", Count: 1, RequestID: id, Gift: gift.Gift{ID: "rose", Price: 3, ComboWindow: time.Minute},
		}
	}
	return sends
}

// What payments change may be changed by hand while they wait for it: they begin again, and all
// of them is paid as if they had come later.
func TestPaymentsOfRowsThatMove(t *testing.T) {
	t.Parallel()
	for name, requests := range map[string][]string{"in one trip": {"1", "2"}, "in two": {"1", "2", "1"}} {
		for row, change := range map[string]string{
			"a purse": "UPDATE ledger_accounts SET balance = balance + 10 WHERE kind = 1", "a combo": "UPDATE gift_combos SET count = count + 10",
		} {
			t.Run(fmt.Sprint(row, ", ", name), func(t *testing.T) {
				t.Parallel()
				s := giving(t)
				if _, err := s.SendGifts(t.Context(), fromAnn("0")); err != nil {
					t.Fatal(err)
				}
				hand := begin(t, s)
				do(t, hand, change)
				paid := make(chan error, 1)
				go func() {
					results, err := s.SendGifts(t.Context(), fromAnn(requests...))
					for i := range results {
						if results[i].Err != nil || row == "a combo" && results[i].Sent.Combo.Count < 12 {
							err = fmt.Errorf("%+v", results[i])
						}
					}
					paid <- err
				}()
				waiting(t, s)
				if err := hand.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := <-paid; err != nil {
					t.Fatal(err)
				}
				want := int64(100 - 3*3)
				if row == "a purse" {
					want += 10
				}
				got, err := s.Balances(t.Context(), []ledger.Account{{Kind: ledger.User, Owner: "ann"}, {Kind: ledger.Pending, Owner: "bob"}})
				if err != nil || got.Amounts[0] != want || got.Amounts[1] != 9 {
					t.Errorf("%v, %v; want %d and 9", got, err, want)
				}
			})
		}
	}
}

// Combos go while the ledger stands still, and none that goes on.
func TestCombosArePrunedWhileTheLedgerStandsStill(t *testing.T) {
	t.Parallel()
	s := giving(t)
	if _, err := s.SendGifts(t.Context(), fromAnn("0")); err != nil {
		t.Fatal(err)
	}
	do(t, s.pool, "INSERT INTO gift_combos SELECT 'r', 'old ' || n, 'bob', 'rose', 'x', 1, 0 FROM generate_series(1, 10) AS n")
	payment := begin(t, s)
	do(t, payment, statement("hold ledger"), nil)
	pruned := make(chan error, 1)
	go func() {
		_, err := s.Prune(t.Context())
		pruned <- err
	}()
	waiting(t, s)
	do(t, payment, "UPDATE gift_combos SET last = microseconds() WHERE giver = 'old 7'")
	if err := payment.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-pruned; err != nil {
		t.Fatal(err)
	}
	var left string
	if err := s.pool.QueryRow(t.Context(), "SELECT string_agg(giver, ', ' ORDER BY giver) FROM gift_combos").Scan(&left); err != nil || left != "ann, old 7" {
		t.Errorf("left are those of %s, %v", left, err)
	}
}
