package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// Where it is not known any more how many settlements a receiver had, the ledger is asked: no
// settlement has the number of another, all that was given is paid, and others notice nothing.
func TestSettlementsAreNumberedAnew(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]string{
		"forgotten": "DELETE FROM s.gift_receivers WHERE receiver = 'host'",
		"all":       "DELETE FROM s.gift_receivers",
		"lowered":   "UPDATE s.gift_receivers SET settlements = 3 WHERE receiver = 'host'",
		"by one":    "UPDATE s.gift_receivers SET settlements = settlements - 1 WHERE receiver = 'host'",
		"below 0":   "UPDATE s.gift_receivers SET settlements = -7 WHERE receiver = 'host'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c, log := overheard(t)
			create(t, s, "r")
			create(t, s, "other")
			fund(t, s, "ann", 1000)
			var settled []string
			record := func(paid gift.Settlement, _ []gift.Goal) []store.Event {
				if paid.ID != gift.SettlementID(paid.Receiver, paid.Sequence) {
					t.Errorf("settlement %+v", paid)
				}
				settled = append(settled, fmt.Sprint(paid.Receiver, " ", paid.Sequence))
				return nil
			}
			round := func(n int) {
				t.Helper()
				bob := rose(fmt.Sprint("bob", n), "r", "ann")
				bob.Receiver = "bob"
				give(t, s, rose(fmt.Sprint(n), "r", "ann"), rose(fmt.Sprint("other", n), "other", "ann"), bob)
				settled = nil
				done, err := s.SettleGifts(t.Context(), 0, 10, record)
				if err != nil || done.Sends != 3 || done.Aside != 0 {
					t.Fatalf("settled %+v, %v", done, err)
				}
				want := []string{fmt.Sprint("host ", 2*n-1), fmt.Sprint("host ", 2*n), fmt.Sprint("bob ", n)}
				if !slices.Equal(settled[len(settled)-3:], want) {
					t.Errorf("settled %v, want %v", settled, want)
				}
			}
			const before, after = 5, 7
			for n := 1; n <= before; n++ {
				round(n)
			}
			execute(t, c.URL, strings.ReplaceAll(harm, "s.", c.Schema+"."))
			for n := before + 1; n <= after; n++ {
				round(n)
			}
			if n := log.times("was made anew"); n == 0 || n > 2 {
				t.Errorf("said %d times: %s", n, log.text.String())
			}
			accounts := []ledger.Account{
				{Kind: ledger.User, Owner: "host"},
				{Kind: ledger.Pending, Owner: "host"},
				{Kind: ledger.User, Owner: "bob"},
				{Kind: ledger.Pending, Owner: "bob"},
			}
			if got, err := s.Balances(t.Context(), accounts); err != nil || !slices.Equal(got.Amounts, []int64{6 * after, 0, 3 * after, 0}) {
				t.Errorf("they have %+v, %v", got, err)
			}
		})
	}
}
