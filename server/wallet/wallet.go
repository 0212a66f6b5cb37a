// Package wallet moves coins in and out, and shows where they are. The books are the
// store's (store.Ledger), and their rules package ledger's.
package wallet

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// InvalidError says which field of a request is wrong, and how.
type InvalidError struct{ Field, Problem string }

// Error implements error.
func (e *InvalidError) Error() string { return e.Field + ": " + e.Problem }

// Service is the use cases of wallets. It may be used concurrently.
type Service struct {
	ledger store.Ledger
	gifts  store.Gifts
	clock  store.Clock
}

// New returns the use cases over a store.
func New(set store.Set) *Service {
	return &Service{ledger: set.Ledger, gifts: set.Gifts, clock: set.Clock}
}

// Balance is what a user has.
type Balance struct {
	User    live.UserID
	Coins   int64
	Pending int64 // of gifts that are not settled
	Points  int64
	At      live.Timestamp
}

// Movement is coins that come in for a user, or go out.
type Movement struct {
	User      live.UserID
	Amount    int64 // below 0: they go out
	Reference string
	RequestID string
}

// Deposited is what came of a movement.
type Deposited struct {
	Transaction string
	Balance     Balance
	Duplicate   bool // it was there before
}

// may returns nil if the caller may see, and move, whatever is in the books: a backend for
// every room.
func may(p auth.Principal) error {
	if p.Role != live.RoleBackend {
		return auth.ErrRoleForbidden
	}
	return p.In("")
}

// Deposit moves coins between a user and the world outside. When it returns that is
// durable. Errors of auth, *InvalidError, *ledger.InsufficientError, *ledger.LimitError,
// store.ErrRequestReused: nothing moved. After any other the same movement finds out
// whether it was made.
func (s *Service) Deposit(ctx context.Context, p auth.Principal, m Movement) (Deposited, error) {
	if err := may(p); err != nil {
		return Deposited{}, err
	}
	t := m.transaction()
	by, err := s.made(ctx, t)
	if errors.Is(err, errNotMade) {
		by, err = s.post(ctx, t)
	}
	if err != nil {
		return Deposited{}, err
	}
	balance, err := s.balance(ctx, m.User)
	return Deposited{Transaction: t.ID, Balance: balance, Duplicate: by != t.Call}, err
}

// transaction returns the movement as the ledger has it: one whose id follows from the
// request's. Of calls for the same that come at once, and of tries whose answer was lost, its
// Call tells which made it.
func (m Movement) transaction() ledger.Transaction {
	return ledger.Transaction{
		ID: "deposit/" + m.RequestID, Kind: ledger.Deposit, Reference: m.Reference, RequestID: m.RequestID,
		Call: rand.Text(),
		Postings: []ledger.Posting{
			{Account: ledger.Account{Kind: ledger.User, Owner: string(m.User)}, Amount: m.Amount},
			{Account: ledger.Account{Kind: ledger.External}, Amount: -m.Amount},
		},
	}
}

// errNotMade says that a transaction is not in the books.
var errNotMade = errors.New("wallet: there is no such transaction")

// made returns the call that a transaction in the books was made by. errNotMade: it is not
// there. store.ErrRequestReused: another one of its id is.
func (s *Service) made(ctx context.Context, t ledger.Transaction) (call string, err error) {
	found, ok, err := s.ledger.Transaction(ctx, t.ID)
	if err == nil && !ok {
		err = errNotMade
	}
	if err != nil {
		return "", err
	}
	same := len(found.Postings) == len(t.Postings) && found.Reference == t.Reference
	for i := range found.Postings {
		same = same && found.Postings[i] == t.Postings[i]
	}
	if !same {
		return "", store.ErrRequestReused
	}
	return found.Call, nil
}

const (
	// postWithin is how long the store may take to write.
	postWithin = 2 * time.Second
	// postTries is how often a transaction is written whose answer was lost. It is there
	// once, however often.
	postTries = 2
	// retryPost is how long after a lost answer it is written again.
	retryPost = 50 * time.Millisecond
)

// post writes a transaction, and returns the call that it was made by. It makes sure that it is
// that one which is there: another of its id may have come between.
func (s *Service) post(ctx context.Context, t ledger.Transaction) (call string, err error) {
	writing, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	for try := 1; ; try++ {
		err := s.ledger.Post(writing, []ledger.Transaction{t})
		switch {
		case err == nil:
			return s.made(ctx, t)
		case !errors.Is(err, store.ErrUnavailable) || try == postTries:
			if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
				err = errors.Join(store.ErrUnavailable, errors.New("it does not answer in time"))
			}
			return "", err
		}
		timer := time.NewTimer(retryPost)
		select {
		case <-writing.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Balance returns what a user has; without one, what the caller has. Errors of auth.
func (s *Service) Balance(ctx context.Context, p auth.Principal, user live.UserID) (Balance, error) {
	if user == "" {
		user = p.User
	}
	if user != p.User {
		if err := may(p); err != nil {
			return Balance{}, err
		}
	}
	return s.balance(ctx, user)
}

// balance returns what a user has.
func (s *Service) balance(ctx context.Context, user live.UserID) (Balance, error) {
	b := Balance{User: user, At: s.clock.Now()}
	found, err := s.ledger.Balances(ctx, own(user))
	if err != nil {
		return Balance{}, err
	}
	points, err := s.gifts.Points(ctx, []live.UserID{user})
	if err != nil {
		return Balance{}, err
	}
	b.Coins, b.Pending, b.Points = found.Amounts[0], found.Amounts[1], points[0]
	return b, nil
}

// own returns the accounts of a user.
func own(user live.UserID) []ledger.Account {
	return []ledger.Account{
		{Kind: ledger.User, Owner: string(user)},
		{Kind: ledger.Pending, Owner: string(user)},
	}
}
