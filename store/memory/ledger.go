package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// books is the ledger. The zero value is empty and ready to use.
type books struct {
	mu       sync.Mutex
	all      []ledger.Transaction // in order; the first has sequence 1
	ids      map[string]struct{}
	balances map[ledger.Account]int64
	of       map[ledger.Account][]uint64 // the sequences of an account's transactions
	latest   live.Timestamp
}

// Post implements store.Ledger.
func (s *Store) Post(ctx context.Context, all []ledger.Transaction) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.books.post(all, s.now())
}

// post writes transactions, all or none.
func (b *books) post(all []ledger.Transaction, now live.Timestamp) error {
	if len(all) == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	fresh := b.fresh(all)
	if err := b.check(fresh); err != nil {
		return err
	}
	b.latest = max(b.latest, now)
	for _, t := range fresh {
		b.write(t)
	}
	return nil
}

// fresh returns those of the transactions that are not written yet, each once.
func (b *books) fresh(all []ledger.Transaction) []ledger.Transaction {
	var fresh []ledger.Transaction
	seen := make(map[string]struct{}, len(all))
	for _, t := range all {
		_, written := b.ids[t.ID]
		if _, twice := seen[t.ID]; !written && !twice {
			seen[t.ID] = struct{}{}
			fresh = append(fresh, t)
		}
	}
	return fresh
}

// check returns an error if an account would be below zero that may not be.
func (b *books) check(all []ledger.Transaction) error {
	changes := make(map[ledger.Account]int64)
	for _, t := range all {
		for _, p := range t.Postings {
			changes[p.Account] += p.Amount
		}
	}
	for _, t := range all {
		for _, p := range t.Postings { // in order, so that it is always the same account
			has, change := b.balances[p.Account], changes[p.Account]
			if change < 0 && has+change < 0 && !p.Account.MayBeNegative() {
				return &ledger.InsufficientError{Account: p.Account, Balance: has}
			}
		}
	}
	return nil
}

// write writes one transaction.
func (b *books) write(t ledger.Transaction) {
	if b.ids == nil {
		b.ids, b.balances = make(map[string]struct{}), make(map[ledger.Account]int64)
		b.of = make(map[ledger.Account][]uint64)
	}
	t.Sequence, t.At = uint64(len(b.all))+1, b.latest
	b.all = append(b.all, t)
	b.ids[t.ID] = struct{}{}
	for _, p := range t.Postings {
		b.balances[p.Account] += p.Amount
		b.of[p.Account] = append(b.of[p.Account], t.Sequence)
	}
}

// Balances implements store.Ledger.
func (s *Store) Balances(ctx context.Context, accounts []ledger.Account) (store.LedgerBalances, error) {
	if err := ctx.Err(); err != nil {
		return store.LedgerBalances{}, err
	}
	b := &s.books
	b.mu.Lock()
	defer b.mu.Unlock()
	got := store.LedgerBalances{Amounts: make([]int64, len(accounts)), AsOf: uint64(len(b.all))}
	for i, a := range accounts {
		got.Amounts[i] = b.balances[a]
	}
	return got, nil
}

// Transactions implements store.Ledger.
func (s *Store) Transactions(ctx context.Context, q store.LedgerQuery) ([]ledger.Transaction, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := &s.books
	b.mu.Lock()
	defer b.mu.Unlock()
	before := uint64(len(b.all)) + 1
	if q.Before != 0 {
		before = min(before, q.Before)
	}
	var found []ledger.Transaction
	if q.Account == (ledger.Account{}) {
		for n := before - 1; n > 0 && len(found) < q.Limit; n-- {
			found = append(found, b.all[n-1])
		}
		return found, nil
	}
	own := b.of[q.Account]
	at, _ := slices.BinarySearchFunc(own, before, cmp.Compare[uint64])
	for at--; at >= 0 && len(found) < q.Limit; at-- {
		found = append(found, b.all[own[at]-1])
	}
	return found, nil
}
