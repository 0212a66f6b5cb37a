package ledger_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live/ledger"
)

// between is a transaction that moves coins.
func between(kind ledger.Kind, from, to ledger.Account, coins int64) ledger.Transaction {
	return ledger.Transaction{ID: "id", Kind: kind, Postings: []ledger.Posting{{from, -coins}, {to, coins}}}
}

func TestPermit(t *testing.T) {
	t.Parallel()
	const most = ledger.MaxBalance
	for name, tt := range map[string]struct {
		kind     ledger.Kind
		from, to ledger.Account
		coins    int64
		has      map[ledger.Account]int64
		short    *ledger.InsufficientError
		limit    *ledger.LimitError
	}{
		"enough":                       {kind: ledger.Gift, from: ann, to: bob, coins: 3, has: map[ledger.Account]int64{ann: 3}},
		"too little":                   {kind: ledger.Gift, from: ann, to: bob, coins: 4, has: map[ledger.Account]int64{ann: 3}, short: &ledger.InsufficientError{Account: ann, Balance: 3}},
		"nothing there":                {kind: ledger.Gift, from: pot, to: bob, coins: 1, short: &ledger.InsufficientError{Account: pot}},
		"the house pays":               {kind: ledger.Prize, from: house, to: bob, coins: 1},
		"a deposit up to the limit":    {kind: ledger.Deposit, from: world, to: ann, coins: 1, has: map[ledger.Account]int64{ann: most - 1}},
		"a deposit beyond the limit":   {kind: ledger.Deposit, from: world, to: ann, coins: 1, has: map[ledger.Account]int64{ann: most}, limit: &ledger.LimitError{Account: ann, Balance: most}},
		"a gift beyond the limit":      {kind: ledger.Gift, from: bob, to: ann, coins: 1, has: map[ledger.Account]int64{ann: most, bob: 1}},
		"the world has given all":      {kind: ledger.Deposit, from: world, to: ann, coins: 1, has: map[ledger.Account]int64{world: -most}, limit: &ledger.LimitError{Account: world, Balance: -most}},
		"the house has given all":      {kind: ledger.PotSetAside, from: house, to: pot, coins: 1, has: map[ledger.Account]int64{house: -most}, limit: &ledger.LimitError{Account: house, Balance: -most}},
		"what cannot be added up":      {kind: ledger.Settlement, from: bob, to: ann, coins: 1, has: map[ledger.Account]int64{ann: math.MaxInt64, bob: 1}, limit: &ledger.LimitError{Account: ann, Balance: math.MaxInt64}},
		"nor taken off":                {kind: ledger.Prize, from: house, to: ann, coins: 1, has: map[ledger.Account]int64{house: math.MinInt64}, limit: &ledger.LimitError{Account: house, Balance: math.MinInt64}},
		"a payout from above the line": {kind: ledger.Deposit, from: ann, to: world, coins: 1, has: map[ledger.Account]int64{ann: most + 5, world: -most}},
	} {
		all := []ledger.Transaction{between(tt.kind, tt.from, tt.to, tt.coins)}
		err := ledger.Permit(all, ledger.Changes(all), tt.has)
		var short *ledger.InsufficientError
		var limit *ledger.LimitError
		if errors.As(err, &short) != (tt.short != nil) || tt.short != nil && *short != *tt.short {
			t.Errorf("%s: %v, want %v", name, err, tt.short)
		}
		if errors.As(err, &limit) != (tt.limit != nil) || tt.limit != nil && *limit != *tt.limit {
			t.Errorf("%s: %v, want %v", name, err, tt.limit)
		}
	}
}

// What is permitted leaves nobody below zero who may not be, and makes no coins.
func TestPermittedBooks(t *testing.T) {
	t.Parallel()
	accounts := []ledger.Account{ann, bob, pot, house, world}
	rapid.Check(t, func(t *rapid.T) {
		has := make(map[ledger.Account]int64)
		for range rapid.IntRange(1, 10).Draw(t, "posts") {
			var all []ledger.Transaction
			for range rapid.IntRange(1, 3).Draw(t, "transactions") {
				from := rapid.IntRange(0, len(accounts)-1).Draw(t, "from")
				to := (from + rapid.IntRange(1, len(accounts)-1).Draw(t, "to")) % len(accounts)
				kind := rapid.SampledFrom([]ledger.Kind{ledger.Deposit, ledger.Gift, ledger.PotSetAside}).Draw(t, "kind")
				all = append(all, between(kind, accounts[from], accounts[to], rapid.Int64Range(1, ledger.MaxAmount).Draw(t, "coins")))
			}
			changes := ledger.Changes(all)
			if ledger.Permit(all, changes, has) != nil {
				continue
			}
			var sum int64
			for _, a := range accounts {
				has[a] += changes[a]
				sum += has[a]
				if has[a] < -ledger.MaxBalance || has[a] < 0 && !a.MayBeNegative() {
					t.Fatalf("on %+v are %d", a, has[a])
				}
			}
			if sum != 0 {
				t.Fatalf("%d coins were made", sum)
			}
		}
	})
}
