package memory

import (
	"context"
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// books is the ledger. The zero value is empty and ready to use.
type books struct {
	mu       sync.Mutex
	all      []ledger.Transaction // in order; the first has sequence 1
	ids      map[string]uint64
	balances map[ledger.Account]int64
	of       map[ledger.Account][]uint64 // the sequences of an account's transactions
	latest   live.Timestamp
	accounts []ledger.Account // those that were there when they were listed last, in order
	opened   []ledger.Account // since
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
	if err := ledger.Permit(fresh, ledger.Changes(fresh), b.balances); err != nil {
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

// write writes one transaction.
func (b *books) write(t ledger.Transaction) {
	if b.ids == nil {
		b.ids, b.balances = make(map[string]uint64), make(map[ledger.Account]int64)
		b.of = make(map[ledger.Account][]uint64)
	}
	t.Sequence, t.At = uint64(len(b.all))+1, b.latest
	b.all = append(b.all, t)
	b.ids[t.ID] = t.Sequence
	for _, p := range t.Postings {
		if _, there := b.balances[p.Account]; !there {
			b.opened = append(b.opened, p.Account)
		}
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

// Transaction implements store.Ledger.
func (s *Store) Transaction(ctx context.Context, id string) (ledger.Transaction, bool, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Transaction{}, false, err
	}
	b := &s.books
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.ids[id]
	if n == 0 {
		return ledger.Transaction{}, false, nil
	}
	return b.all[n-1], true, nil
}
