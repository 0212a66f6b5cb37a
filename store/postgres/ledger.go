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

// post writes transactions with what else a database's transaction does, but those that are
// there already. While the ledger stands still for them there is one trip to read what they are
// decided by, and one to write.
func (s *Store) post(ctx context.Context, tx pgx.Tx, all []ledger.Transaction) error {
	if len(all) == 0 {
		return nil
	}
	b := newBooking(all)
	if err := s.readBooking(ctx, tx, b); err != nil {
		return err
	}
	fresh := b.fresh()
	if len(fresh) == 0 {
		return nil
	}
	if len(fresh) < len(all) {
		b.state(fresh)
	}
	return b.write(ctx, tx)
}

// postNew is post for transactions none of which may be there: errThereAlready if one is.
func (s *Store) postNew(ctx context.Context, tx pgx.Tx, all []ledger.Transaction) error {
	b := newBooking(all)
	if err := s.readBooking(ctx, tx, b); err != nil {
		return err
	}
	if len(b.written) > 0 {
		return refuse(errThereAlready)
	}
	return b.write(ctx, tx)
}

// booking is transactions that are to be written, and what they are decided by.
type booking struct {
	all      []ledger.Transaction
	changes  map[ledger.Account]int64
	accounts []ledger.Account // in order
	has      map[ledger.Account]int64
	written  map[string]bool // by id as it is kept
	after    uint64          // the latest sequence
	at       live.Timestamp
}

func newBooking(all []ledger.Transaction) *booking {
	b := &booking{has: make(map[ledger.Account]int64), written: make(map[string]bool)}
	b.state(all)
	return b
}

// state says which transactions are to be written.
func (b *booking) state(all []ledger.Transaction) {
	b.all, b.changes = all, ledger.Changes(all)
	b.accounts = slices.SortedFunc(maps.Keys(b.changes), ledger.Account.Compare)
}

// readBooking has the ledger stand still, and reads what is written and what is on accounts.
func (s *Store) readBooking(ctx context.Context, tx pgx.Tx, b *booking) error {
	ids := make([]string, len(b.all))
	for i, t := range b.all {
		ids[i] = pack(t.ID)
	}
	var all pgx.Batch
	all.Queue(statement("hold ledger"), s.instant()).QueryRow(func(row pgx.Row) error { return row.Scan(&b.after, &b.at) })
	all.Queue(statement("transactions there are"), ids).Query(notes(b.written))
	for some := range slices.Chunk(b.accounts, rowsAtOnce) {
		kinds, owners := accountNames(some)
		all.Queue(statement("balances to change"), kinds, owners).Query(b.readBalances)
	}
	return tx.SendBatch(ctx, &all).Close()
}

// notes returns what notes the ids that are read.
func notes(ids map[string]bool) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var id string
		_, err := pgx.ForEachRow(rows, []any{&id}, func() error {
			ids[id] = true
			return nil
		})
		return err
	}
}

func (b *booking) readBalances(rows pgx.Rows) error {
	var kind int16
	var owner string
	var balance int64
	_, err := pgx.ForEachRow(rows, []any{&kind, &owner, &balance}, func() error {
		b.has[accountOf(kind, owner)] = balance
		return nil
	})
	return err
}

// fresh returns those of the transactions that are not written yet, each once.
func (b *booking) fresh() (fresh []ledger.Transaction) {
	for _, t := range b.all {
		if id := pack(t.ID); !b.written[id] {
			b.written[id] = true
			fresh = append(fresh, t)
		}
	}
	return fresh
}

// accountNames returns accounts as statements take them.
func accountNames(accounts []ledger.Account) (kinds []int16, owners []string) {
	kinds, owners = make([]int16, len(accounts)), make([]string, len(accounts))
	for i, a := range accounts {
		kinds[i], owners[i] = int16(a.Kind), pack(a.Owner)
	}
	return kinds, owners
}

// write writes the transactions after the latest, if they are permitted.
func (b *booking) write(ctx context.Context, tx pgx.Tx) error {
	if err := ledger.Permit(b.all, b.changes, b.has); err != nil {
		return refuse(err)
	}
	var all pgx.Batch
	//nolint:gosec // sequences are far from so large
	all.Queue(statement("move ledger"), int64(b.after)+int64(len(b.all)), int64(b.at))
	b.queueTransactions(&all)
	b.queuePostings(&all)
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
func (b *booking) queueTransactions(all *pgx.Batch) {
	n := len(b.all)
	ids, kinds, rooms := make([]string, n), make([]int16, n), make([]string, n)
	references, requests, gifts := make([]string, n), make([]string, n), make([]int64, n)
	calls := make([]string, n)
	for i, t := range b.all {
		ids[i], kinds[i], rooms[i] = pack(t.ID), int16(t.Kind), pack(t.Room)
		references[i], requests[i], gifts[i] = pack(t.Reference), pack(t.RequestID), t.Gifts
		calls[i] = pack(t.Call)
	}
	//nolint:gosec // sequences are far from so large
	all.Queue(statement("post transactions"), int64(b.after), int64(b.at), ids, kinds, rooms, references, requests, calls, gifts)
}

// queuePostings writes what they change.
func (b *booking) queuePostings(all *pgx.Batch) {
	var rows postings
	for i, t := range b.all {
		for place, p := range t.Postings {
			//nolint:gosec // they are far from so many
			rows.add(p, int64(b.after)+int64(i)+1, int32(place)+1)
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
