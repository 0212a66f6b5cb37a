// Package ledger is the rules of the books: double entry. Coins are never made or lost,
// they move between accounts, and no account that may not be below zero ever is.
package ledger

import (
	"fmt"

	"github.com/ovation-live/ovation/live"
)

// AccountKind is what an account stands for. The numbers are kept, and so never change.
type AccountKind uint8

// The kinds of accounts.
const (
	User     AccountKind = iota + 1 // a user's coins; the owner is the user's id
	Pending                         // gifts to a user that are not settled; the receiver's id
	Pot                             // a quiz's pot; the room's id, a slash, the quiz's id
	House                           // the platform; no owner, and may be below zero
	External                        // the world outside; no owner, and may be below zero
)

// Account names an account.
type Account struct {
	Kind  AccountKind
	Owner string
}

// Kind is why coins moved. The numbers are kept, and so never change.
type Kind uint8

// The kinds of transactions.
const (
	Deposit Kind = iota + 1
	Gift
	Settlement
	PotSetAside
	Prize
	PotReturned
)

// Posting is the change of one account: coins that came in, or, negative, went out.
type Posting struct {
	Account Account
	Amount  int64
}

// Transaction is one movement of coins: its postings, in order of account and at most one
// for each, add up to zero.
type Transaction struct {
	ID        string // the same whenever it is written
	Sequence  uint64 // the store's to say
	Kind      Kind
	At        live.Timestamp // the store's to say
	Postings  []Posting
	Room      live.RoomID
	Reference string // what it was for
	RequestID string
	Call      string // which of several calls for the same it is that wrote it; empty: it does not matter
	Gifts     int64
}

// InsufficientError says that an account has not as much as is to go out of it.
type InsufficientError struct {
	Account Account
	Balance int64 // what is on it
}

// Error implements error.
func (e *InsufficientError) Error() string {
	return fmt.Sprintf("ledger: there are only %d coins", e.Balance)
}

// LimitError says that an account would be farther from zero than MaxBalance.
type LimitError struct {
	Account Account
	Balance int64 // what is on it
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("ledger: there are %d coins, and may not be more than %d either way", e.Balance, int64(MaxBalance))
}
