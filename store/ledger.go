package store

import (
	"context"

	"github.com/ovation-live/ovation/live/ledger"
)

// Ledger is the books. Transactions are written once and never changed.
type Ledger interface {
	// Post writes transactions, in their order, all of them or none. One whose ID is there
	// already is passed over. Sequence and At are the store's. What is posted is durable
	// when it returns. A *ledger.InsufficientError where an account would be below zero
	// that may not be.
	Post(ctx context.Context, all []ledger.Transaction) error
	// Balances returns what is on accounts, in their order, and the place in the ledger up
	// to which it counts, at one instant; nothing was ever posted to one that is 0.
	Balances(ctx context.Context, accounts []ledger.Account) (LedgerBalances, error)
	// Transactions returns transactions of a query, the newest first.
	Transactions(ctx context.Context, q LedgerQuery) ([]ledger.Transaction, error)
}

// LedgerBalances is what is on accounts.
type LedgerBalances struct {
	Amounts []int64
	AsOf    uint64 // the Sequence up to which they count
}

// LedgerQuery says which transactions to return.
type LedgerQuery struct {
	Account ledger.Account // the zero value: every account
	Before  uint64         // a Sequence; 0: from the newest
	Limit   int
}
