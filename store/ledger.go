package store

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
)

// Ledger is the books. Transactions are written once and never changed.
type Ledger interface {
	// Post writes transactions, in their order, all of them or none. One whose ID is there
	// already is passed over: it keeps the Call that wrote it. Sequence and At are the store's. What is posted is durable
	// when it returns. A *ledger.InsufficientError where an account would be below zero
	// that may not be, a *ledger.LimitError where a deposit would bring one beyond
	// ledger.MaxBalance.
	Post(ctx context.Context, all []ledger.Transaction) error
	// Balances returns what is on accounts, in their order, and the place in the ledger up
	// to which it counts, at one instant; nothing was ever posted to one that is 0.
	Balances(ctx context.Context, accounts []ledger.Account) (LedgerBalances, error)
	// Transaction returns the transaction of an id; false if there is none.
	Transaction(ctx context.Context, id string) (ledger.Transaction, bool, error)
	// Transactions returns transactions of a query; fewer than the limit only where there
	// are no more, or where they hold more than MaxPostings postings.
	Transactions(ctx context.Context, q LedgerQuery) ([]ledger.Transaction, error)
	// Accounts returns accounts to which anything was ever posted, by kind and owner, after
	// one; and the place in the ledger up to which all of them count.
	Accounts(ctx context.Context, q AccountQuery) ([]AccountBalance, uint64, error)
}

// MaxPostings is about how many postings one page of transactions holds at most.
const MaxPostings = 10_000

// LedgerBalances is what is on accounts.
type LedgerBalances struct {
	Amounts []int64
	AsOf    uint64 // the Sequence up to which they count
}

// LedgerQuery says which transactions to return.
type LedgerQuery struct {
	Accounts    []ledger.Account // those of any of them; none: of every account
	After       uint64           // only those at a greater Sequence
	Before      uint64           // only those at a smaller Sequence; 0: to the end
	From, Until live.Timestamp   // only those at or after, and before; 0: any
	Kinds       []ledger.Kind    // none: every kind
	OldestFirst bool
	Limit       int
}

// AccountQuery says which accounts to return.
type AccountQuery struct {
	After ledger.Account     // the zero value: from the first
	Kind  ledger.AccountKind // 0: every kind
	Limit int
}

// AccountBalance is an account and what is on it.
type AccountBalance struct {
	ledger.Account
	Amount int64
}
