package ledger_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live/ledger"
)

var (
	ann   = ledger.Account{Kind: ledger.User, Owner: "ann"}
	bob   = ledger.Account{Kind: ledger.User, Owner: "bob"}
	house = ledger.Account{Kind: ledger.House}
	world = ledger.Account{Kind: ledger.External}
	pot   = ledger.Account{Kind: ledger.Pot, Owner: "room/quiz"}
)

// gift is a transaction with nothing wrong with it.
func gift() ledger.Transaction {
	return ledger.Transaction{ID: "id", Kind: ledger.Gift, Postings: []ledger.Posting{{ann, -3}, {bob, 2}, {house, 1}}}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if good := gift(); good.Check() != nil {
		t.Fatal(good.Check())
	}
	for problem, spoil := range map[string]func(*ledger.Transaction){
		"has no id":            func(t *ledger.Transaction) { t.ID = "" },
		"is of no kind":        func(t *ledger.Transaction) { t.Kind = 0 },
		"has 1 postings":       func(t *ledger.Transaction) { t.Postings = t.Postings[:1] },
		"has 1001 postings":    func(t *ledger.Transaction) { t.Postings = make([]ledger.Posting, 1001) },
		"adds up to -1 coins":  func(t *ledger.Transaction) { t.Postings = t.Postings[:2] },
		"names an account":     func(t *ledger.Transaction) { t.Postings[1].Account.Owner = "" },
		"has postings that":    func(t *ledger.Transaction) { slices.Reverse(t.Postings) },
		"has a posting of 0":   func(t *ledger.Transaction) { t.Postings[0].Amount = 0 },
		"has a posting of -92": func(t *ledger.Transaction) { t.Postings[0].Amount = math.MinInt64 },
		"has a posting of 92":  func(t *ledger.Transaction) { t.Postings[0].Amount = math.MaxInt64 },
	} {
		bad := gift()
		spoil(&bad)
		invalid := new(ledger.InvalidError)
		if err := bad.Check(); !errors.As(err, &invalid) || !strings.HasPrefix(invalid.Problem, problem) {
			t.Errorf("%v, want that it %s", err, problem)
		}
	}
	twice := gift()
	twice.Postings[1].Account = ann
	if twice.Check() == nil {
		t.Error("an account is in a transaction twice")
	}
}

func TestMayBeNegative(t *testing.T) {
	t.Parallel()
	for account, want := range map[ledger.Account]bool{
		ann: false, {Kind: ledger.Pending, Owner: "ann"}: false, pot: false, house: true, world: true,
	} {
		if account.MayBeNegative() != want {
			t.Errorf("%+v", account)
		}
	}
}

// Whatever passes adds up to nothing, and balances that it is posted to too.
func TestPassedBalances(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var tx ledger.Transaction
		tx.ID, tx.Kind = "id", ledger.Deposit
		var sum int64
		for i := range rapid.IntRange(1, 20).Draw(t, "postings") {
			amount := rapid.Int64Range(-9, 9).Draw(t, "amount")
			sum += amount
			tx.Postings = append(tx.Postings, ledger.Posting{
				Account: ledger.Account{Kind: ledger.User, Owner: fmt.Sprintf("%02d", i)}, Amount: amount,
			})
		}
		if rapid.Bool().Draw(t, "balanced") {
			tx.Postings, sum = append(tx.Postings, ledger.Posting{Account: world, Amount: -sum}), 0
		}
		zero := slices.ContainsFunc(tx.Postings, func(p ledger.Posting) bool { return p.Amount == 0 })
		if err := tx.Check(); (err == nil) != (sum == 0 && !zero && len(tx.Postings) > 1) {
			t.Fatalf("%+v: %v", tx, err)
		}
	})
}
