package memory

import (
	"context"
	"iter"
	"slices"
	"sort"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// Transactions implements store.Ledger. It passes over as many as there are.
func (s *Store) Transactions(ctx context.Context, q store.LedgerQuery) ([]ledger.Transaction, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := &s.books
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []ledger.Transaction
	postings := 0
	for n := range b.sequences(q) {
		t := b.all[n-1]
		if len(q.Kinds) > 0 && !slices.Contains(q.Kinds, t.Kind) {
			continue
		}
		found, postings = append(found, t), postings+len(t.Postings)
		if len(found) >= q.Limit || postings > store.MaxPostings {
			break
		}
	}
	return found, nil
}

// sequences returns the sequences of a query's transactions of every kind, in its order.
func (b *books) sequences(q store.LedgerQuery) iter.Seq[uint64] {
	first, last := b.window(q)
	if len(q.Accounts) == 0 {
		return inOrder(first, last, q.OldestFirst)
	}
	var lists [][]uint64
	for _, a := range q.Accounts {
		own := b.of[a]
		from, _ := slices.BinarySearch(own, first)
		to, _ := slices.BinarySearch(own, last+1)
		lists = append(lists, own[from:max(from, to)])
	}
	return merged(lists, q.OldestFirst)
}

// window returns the first and the last sequence that a query may be about.
func (b *books) window(q store.LedgerQuery) (first, last uint64) {
	last = uint64(len(b.all))
	first = min(q.After, last) + 1
	if q.Before != 0 {
		last = min(last, q.Before-1)
	}
	if q.From != 0 {
		first = max(first, b.at(q.From))
	}
	if q.Until != 0 {
		last = min(last, b.at(q.Until)-1)
	}
	return first, last
}

// at returns the sequence of the first transaction at or after an instant, or the next one.
func (b *books) at(t live.Timestamp) uint64 {
	n := sort.Search(len(b.all), func(i int) bool { return b.all[i].At >= t })
	return uint64(n) + 1 //nolint:gosec // not negative
}

// inOrder counts from the first to the last, or back.
func inOrder(first, last uint64, up bool) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for i := uint64(0); first <= last && i <= last-first; i++ {
			n := last - i
			if up {
				n = first + i
			}
			if !yield(n) {
				return
			}
		}
	}
}

// merged returns what is in any of several lists, each of which goes up, once and in order.
func merged(lists [][]uint64, up bool) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for {
			next := uint64(0)
			for _, list := range lists {
				if len(list) > 0 && (next == 0 || before(end(list, up), next, up)) {
					next = end(list, up)
				}
			}
			if next == 0 || !yield(next) {
				return
			}
			for i, list := range lists {
				lists[i] = without(list, next, up)
			}
		}
	}
}

// before says whether a comes before b.
func before(a, b uint64, up bool) bool { return up == (a < b) && a != b }

// end returns the end of a list that comes first.
func end(list []uint64, up bool) uint64 {
	if up {
		return list[0]
	}
	return list[len(list)-1]
}

// without returns a list without what is at the end that comes first, if that is n.
func without(list []uint64, n uint64, up bool) []uint64 {
	switch {
	case len(list) == 0 || end(list, up) != n:
		return list
	case up:
		return list[1:]
	default:
		return list[:len(list)-1]
	}
}

// Accounts implements store.Ledger.
func (s *Store) Accounts(ctx context.Context, q store.AccountQuery) ([]store.AccountBalance, uint64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	b := &s.books
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sortAccounts()
	at, found := slices.BinarySearchFunc(b.accounts, q.After, ledger.Account.Compare)
	if found {
		at++
	}
	if q.Kind != 0 {
		first, _ := slices.BinarySearchFunc(b.accounts, ledger.Account{Kind: q.Kind}, ledger.Account.Compare)
		at = max(at, first)
	}
	var all []store.AccountBalance
	for ; at < len(b.accounts) && len(all) < q.Limit; at++ {
		a := b.accounts[at]
		if q.Kind != 0 && a.Kind != q.Kind {
			break
		}
		all = append(all, store.AccountBalance{Account: a, Amount: b.balances[a]})
	}
	return all, uint64(len(b.all)), nil
}

// sortAccounts puts the accounts that were opened since the last time among the others.
func (b *books) sortAccounts() {
	if len(b.opened) == 0 {
		return
	}
	slices.SortFunc(b.opened, ledger.Account.Compare)
	all := make([]ledger.Account, 0, len(b.accounts)+len(b.opened))
	for _, a := range b.opened {
		n, _ := slices.BinarySearchFunc(b.accounts, a, ledger.Account.Compare)
		all = append(append(all, b.accounts[:n]...), a)
		b.accounts = b.accounts[n:]
	}
	b.accounts, b.opened = append(all, b.accounts...), nil
}
