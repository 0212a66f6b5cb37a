package postgres

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// Balances implements store.Ledger.
func (s *Store) Balances(ctx context.Context, accounts []ledger.Account) (b store.LedgerBalances, err error) {
	kinds, owners := accountNames(accounts)
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		b = store.LedgerBalances{Amounts: make([]int64, len(accounts))}
		rows, err := q.Query(ctx, statement("balances"), kinds, owners)
		if err != nil {
			return err
		}
		var place *int // no account was asked for
		var amount int64
		_, err = pgx.ForEachRow(rows, []any{&b.AsOf, &place, &amount}, func() error {
			if place != nil {
				b.Amounts[*place-1] = amount
			}
			return nil
		})
		return err
	})
	return b, err
}

// Transaction implements store.Ledger. Who is told of one may count on it: it is durable.
func (s *Store) Transaction(ctx context.Context, id string) (t ledger.Transaction, there bool, err error) {
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		all, err := readTransactions(ctx, db, statement("transaction"), pack(id))
		if there = err == nil && len(all) > 0; there {
			t = all[0]
			_, err = db.Exec(ctx, statement("wait for the disk"))
		}
		return err
	})
	return t, there, err
}

// Transactions implements store.Ledger.
func (s *Store) Transactions(ctx context.Context, q store.LedgerQuery) (found []ledger.Transaction, err error) {
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		after, before, err := window(ctx, db, q)
		if err != nil {
			return err
		}
		kinds := make([]int16, len(q.Kinds))
		for i, kind := range q.Kinds {
			kinds[i] = int16(kind)
		}
		name, args := "transactions", []any{after, before, kinds, q.Limit}
		if len(q.Accounts) > 0 {
			accounts, owners := accountNames(q.Accounts)
			name, args = "transactions of accounts", append(args, accounts, owners)
		} else if len(kinds) > 0 && !slices.Contains(q.Kinds, ledger.Gift) {
			name = "transactions that are no gifts"
		}
		text := statement(name)
		if q.OldestFirst {
			text = strings.ReplaceAll(text, " DESC", "")
		}
		found, err = readTransactions(ctx, db, text, args...)
		return err
	})
	return found, err
}

// window returns between which sequences a query's transactions are.
func window(ctx context.Context, db querier, q store.LedgerQuery) (after, before int64, err error) {
	before = math.MaxInt64
	after = int64(min(q.After, math.MaxInt64)) //nolint:gosec // it is not larger
	if q.Before > 0 && q.Before < math.MaxInt64 {
		before = int64(q.Before)
	}
	if q.From > 0 {
		n, err := latestBefore(ctx, db, q.From)
		if err != nil {
			return 0, 0, err
		}
		after = max(after, n)
	}
	if q.Until > 0 {
		n, err := latestBefore(ctx, db, q.Until)
		if err != nil {
			return 0, 0, err
		}
		before = min(before, n+1)
	}
	return after, before, nil
}

// latestBefore returns the sequence of the latest transaction before an instant; 0: none.
func latestBefore(ctx context.Context, db querier, at live.Timestamp) (n int64, err error) {
	err = db.QueryRow(ctx, statement("latest before"), int64(at)).Scan(&n)
	return n, err
}

// readTransactions reads transactions, as many as one page holds.
func readTransactions(ctx context.Context, db querier, text string, args ...any) ([]ledger.Transaction, error) {
	rows, err := db.Query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	postings := 0
	full := false
	var found []ledger.Transaction
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		t, n, err := transactionRow(row)
		if !full {
			found = append(found, t)
		}
		postings += n
		full = postings > store.MaxPostings
		return struct{}{}, err
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found, readPostings(ctx, db, found)
}

// transactionRow reads a transaction without its postings, and how many they are.
func transactionRow(row pgx.CollectableRow) (t ledger.Transaction, postings int, err error) {
	var id, room, reference, request, call string
	var kind int16
	err = row.Scan(&t.Sequence, &id, &kind, &t.At, &room, &reference, &request, &call, &t.Gifts, &postings)
	t.ID, t.Kind = unpack[string](id), ledger.Kind(kind) //nolint:gosec // as it was written
	t.Room, t.Reference, t.RequestID = unpack[live.RoomID](room), unpack[string](reference), unpack[string](request)
	t.Call = unpack[string](call)
	return t, postings, err
}

// readPostings reads what transactions change.
func readPostings(ctx context.Context, db querier, all []ledger.Transaction) error {
	sequences, places := make([]int64, len(all)), make(map[int64]int, len(all))
	for i, t := range all {
		sequences[i] = int64(t.Sequence) //nolint:gosec // as it was written
		places[sequences[i]] = i
	}
	rows, err := db.Query(ctx, statement("postings"), sequences)
	if err != nil {
		return err
	}
	var sequence, amount int64
	var kind int16
	var owner string
	_, err = pgx.ForEachRow(rows, []any{&sequence, &kind, &owner, &amount}, func() error {
		t := &all[places[sequence]]
		t.Postings = append(t.Postings, ledger.Posting{Account: accountOf(kind, owner), Amount: amount})
		return nil
	})
	return err
}

// accountOf returns the account that is kept so.
func accountOf(kind int16, owner string) ledger.Account {
	return ledger.Account{Kind: ledger.AccountKind(kind), Owner: unpack[string](owner)} //nolint:gosec // as it was written
}

// Accounts implements store.Ledger.
func (s *Store) Accounts(ctx context.Context, q store.AccountQuery) (all []store.AccountBalance, asOf uint64, err error) {
	name, args := "accounts", []any{int16(q.After.Kind), pack(q.After.Owner), q.Limit}
	if q.Kind != 0 {
		name, args = "accounts of a kind", append(args, int16(q.Kind))
	}
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		all = nil
		rows, err := db.Query(ctx, statement(name), args...)
		if err != nil {
			return err
		}
		var kind *int16 // there is no account
		var owner *string
		var balance *int64
		_, err = pgx.ForEachRow(rows, []any{&asOf, &kind, &owner, &balance}, func() error {
			if kind != nil {
				all = append(all, store.AccountBalance{Account: accountOf(*kind, *owner), Amount: *balance})
			}
			return nil
		})
		return err
	})
	return all, asOf, err
}
