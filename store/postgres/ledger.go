package postgres

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
)

// rowsAtOnce is how many rows one statement writes at most: each has its time.
const rowsAtOnce = 20_000

// Post implements store.Ledger. All that post wait for each other: one that committed later
// at an earlier sequence would be in no balance up to it.
func (s *Store) Post(ctx context.Context, all []ledger.Transaction) error {
	if len(all) == 0 {
		return ctx.Err()
	}
	return s.labour(ctx, func(ctx context.Context, tx pgx.Tx) error { return s.post(ctx, tx, all) })
}

// post writes transactions with what else a database's transaction does.
func (s *Store) post(ctx context.Context, tx pgx.Tx, all []ledger.Transaction) error {
	if len(all) == 0 {
		return nil
	}
	var after uint64
	var at live.Timestamp
	if err := tx.QueryRow(ctx, statement("hold ledger"), s.instant()).Scan(&after, &at); err != nil {
		return err
	}
	fresh, err := unwritten(ctx, tx, all)
	if err != nil || len(fresh) == 0 {
		return err
	}
	b := newBooking(fresh)
	if err := b.check(ctx, tx); err != nil {
		return err
	}
	return b.write(ctx, tx, after, at)
}

// unwritten returns those of the transactions that are not written yet, each once.
func unwritten(ctx context.Context, tx pgx.Tx, all []ledger.Transaction) ([]ledger.Transaction, error) {
	ids := make([]string, len(all))
	for i, t := range all {
		ids[i] = pack(t.ID)
	}
	rows, err := tx.Query(ctx, statement("transactions there are"), ids)
	if err != nil {
		return nil, err
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	written := make(map[string]bool, len(there))
	for _, id := range there {
		written[id] = true
	}
	var fresh []ledger.Transaction
	for i, t := range all {
		if !written[ids[i]] {
			written[ids[i]] = true
			fresh = append(fresh, t)
		}
	}
	return fresh, nil
}

// booking is transactions that are to be written, and what they change.
type booking struct {
	all      []ledger.Transaction
	changes  map[ledger.Account]int64
	accounts []ledger.Account // in order
}

func newBooking(all []ledger.Transaction) *booking {
	b := &booking{all: all, changes: ledger.Changes(all)}
	b.accounts = slices.SortedFunc(maps.Keys(b.changes), ledger.Account.Compare)
	return b
}

// accountNames returns accounts as statements take them.
func accountNames(accounts []ledger.Account) (kinds []int16, owners []string) {
	kinds, owners = make([]int16, len(accounts)), make([]string, len(accounts))
	for i, a := range accounts {
		kinds[i], owners[i] = int16(a.Kind), pack(a.Owner)
	}
	return kinds, owners
}

// check refuses what the rules do not permit.
func (b *booking) check(ctx context.Context, tx pgx.Tx) error {
	has := make(map[ledger.Account]int64, len(b.accounts))
	for some := range slices.Chunk(b.accounts, rowsAtOnce) {
		if err := readBalances(ctx, tx, some, has); err != nil {
			return err
		}
	}
	if err := ledger.Permit(b.all, b.changes, has); err != nil {
		return refuse(err)
	}
	return nil
}

// readBalances reads what is on those of some accounts that there are.
func readBalances(ctx context.Context, tx pgx.Tx, accounts []ledger.Account, has map[ledger.Account]int64) error {
	kinds, owners := accountNames(accounts)
	rows, err := tx.Query(ctx, statement("balances to change"), kinds, owners)
	if err != nil {
		return err
	}
	var kind int16
	var owner string
	var balance int64
	_, err = pgx.ForEachRow(rows, []any{&kind, &owner, &balance}, func() error {
		has[accountOf(kind, owner)] = balance
		return nil
	})
	return err
}

// write writes the transactions after a sequence.
func (b *booking) write(ctx context.Context, tx pgx.Tx, after uint64, at live.Timestamp) error {
	var all pgx.Batch
	//nolint:gosec // sequences are far from so large
	all.Queue(statement("move ledger"), int64(after)+int64(len(b.all)), int64(at))
	b.queueTransactions(&all, after, at)
	b.queuePostings(&all, after)
	for some := range slices.Chunk(b.accounts, rowsAtOnce) {
		b.queueAccounts(&all, some)
	}
	return tx.SendBatch(ctx, &all).Close()
}

// queueAccounts changes what is on some accounts.
func (b *booking) queueAccounts(all *pgx.Batch, accounts []ledger.Account) {
	kinds, owners := accountNames(accounts)
	changes := make([]int64, len(accounts))
	for i, a := range accounts {
		changes[i] = b.changes[a]
	}
	all.Queue(statement("open accounts"), kinds, owners)
	all.Queue(statement("change balances"), kinds, owners, changes)
}

// queueTransactions writes the transactions themselves.
func (b *booking) queueTransactions(all *pgx.Batch, after uint64, at live.Timestamp) {
	n := len(b.all)
	ids, kinds, rooms := make([]string, n), make([]int16, n), make([]string, n)
	references, requests, gifts := make([]string, n), make([]string, n), make([]int64, n)
	for i, t := range b.all {
		ids[i], kinds[i], rooms[i] = pack(t.ID), int16(t.Kind), pack(t.Room)
		references[i], requests[i], gifts[i] = pack(t.Reference), pack(t.RequestID), t.Gifts
	}
	//nolint:gosec // sequences are far from so large
	all.Queue(statement("post transactions"), int64(after), int64(at), ids, kinds, rooms, references, requests, gifts)
}

// queuePostings writes what they change.
func (b *booking) queuePostings(all *pgx.Batch, after uint64) {
	var rows postings
	for i, t := range b.all {
		for place, p := range t.Postings {
			//nolint:gosec // they are far from so many
			rows.add(p, int64(after)+int64(i)+1, int32(place)+1)
			if len(rows.amounts) == rowsAtOnce {
				rows.queue(all)
			}
		}
	}
	rows.queue(all)
}

// postings is what one statement writes.
type postings struct {
	accounts           []ledger.Account
	sequences, amounts []int64
	places             []int32
}

func (r *postings) add(p ledger.Posting, sequence int64, place int32) {
	r.accounts, r.amounts = append(r.accounts, p.Account), append(r.amounts, p.Amount)
	r.sequences, r.places = append(r.sequences, sequence), append(r.places, place)
}

// queue writes what was added, and begins anew.
func (r *postings) queue(all *pgx.Batch) {
	if len(r.amounts) == 0 {
		return
	}
	kinds, owners := accountNames(r.accounts)
	all.Queue(statement("post amounts"), kinds, owners, r.sequences, r.places, r.amounts)
	*r = postings{}
}
