package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ovation-live/ovation/store"
)

const (
	// attempts is how often a call is tried that met another, or a connection that was
	// broken before it.
	attempts = 6
	// patient is how many times as long what carries much may take.
	patient = 4
	// ample is that of what may move the coins of a million.
	ample = 30
)

// querier is what statements are sent by: alone, or in a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// How much a transaction sees of what others commit meanwhile.
const (
	committed = "READ COMMITTED"
	oneMoment = "REPEATABLE READ READ ONLY" // nothing, and it changes nothing itself
)

// begins returns how transactions begin. What a transaction waits for, and how long it
// may stand open, ends on the server too: one whose node hangs holds no lock for long. What is
// prepared is planned for the tables as they are: a plan that was kept from when they were
// empty reads all of what has come since. None is compiled: that takes longer than what it is
// compiled for, where Postgres thinks that there is far more of it than there is.
func begins(isolation string, timeout time.Duration) pgx.TxOptions {
	return pgx.TxOptions{BeginQuery: fmt.Sprintf(
		"BEGIN ISOLATION LEVEL %[1]s; SET LOCAL statement_timeout = %[2]d; "+
			"SET LOCAL idle_in_transaction_session_timeout = %[2]d; SET LOCAL plan_cache_mode = force_custom_plan; "+
			"SET LOCAL jit = off",
		isolation, timeout.Milliseconds())}
}

// alone sends statements in no transaction. They are planned for the tables as they are, as
// those of transactions: nothing of them is kept but what their parameters and columns are.
type alone struct {
	pool *pgxpool.Pool
	mode pgx.QueryExecMode
}

// newAlone returns how statements are sent in no transaction, in a mode.
func newAlone(pool *pgxpool.Pool, mode ExecMode) alone {
	if mode == CacheStatement {
		return alone{pool, pgx.QueryExecModeCacheDescribe}
	}
	return alone{pool, protocols[mode]}
}

// with returns the arguments of a statement.
func (a alone) with(args []any) []any { return append([]any{a.mode}, args...) }

// Exec implements querier.
func (a alone) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return a.pool.Exec(ctx, sql, a.with(args)...)
}

// Query implements querier.
func (a alone) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return a.pool.Query(ctx, sql, a.with(args)...)
}

// QueryRow implements querier.
func (a alone) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return a.pool.QueryRow(ctx, sql, a.with(args)...)
}

// byKey returns how transactions begin that find rows one by one, by key or by place, however
// few or many Postgres thinks there are: of a table that has grown since it was looked at it
// would rather read all.
func byKey(begin pgx.TxOptions) pgx.TxOptions {
	for _, way := range []string{"seqscan", "bitmapscan", "hashjoin", "mergejoin"} {
		begin.BeginQuery += "; SET LOCAL enable_" + way + " = off"
	}
	return begin
}

// read calls f, which changes nothing, and may be called again.
func (s *Store) read(ctx context.Context, f func(context.Context, querier) error) error {
	return s.reach(ctx, s.config.Timeout, func(ctx context.Context) error {
		err := f(ctx, s.alone)
		if isBroken(err) {
			return &undone{err}
		}
		return err
	})
}

// change calls f in a transaction, which happens whole if f returns nil, and not at all
// if it returns an error. f may be called again.
func (s *Store) change(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	return s.reach(ctx, s.config.Timeout, func(ctx context.Context) error { return s.transact(ctx, s.begin, f) })
}

// carry is change for what carries much.
func (s *Store) carry(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	return s.reach(ctx, patient*s.config.Timeout, func(ctx context.Context) error {
		return s.transact(ctx, s.bulk, f)
	})
}

// labour is carry for what may carry very much, a statement after the other. It begins, or
// not, as soon as others do.
func (s *Store) labour(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	return s.reach(ctx, ample*s.config.Timeout, func(ctx context.Context) error { return s.transact(ctx, s.bulk, f) })
}

// search is labour for what finds many rows, each by its key.
func (s *Store) search(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	return s.reach(ctx, ample*s.config.Timeout, func(ctx context.Context) error { return s.transact(ctx, s.keyed, f) })
}

// transact calls f in one transaction.
func (s *Store) transact(ctx context.Context, begin pgx.TxOptions, f func(context.Context, pgx.Tx) error) error {
	tx, err := s.beginTx(ctx, begin)
	if err != nil {
		return err
	}
	if err := f(ctx, tx); err != nil {
		if state(err) == readOnly {
			_ = tx.Conn().Close(ctx) // to a server that is the primary no more; the next may be to another
		}
		_ = tx.Rollback(ctx) // if that fails the connection ends, and the transaction with it
		return err
	}
	return tx.Commit(ctx)
}

// beginTx begins a transaction. Where that takes too long it is not tried again.
func (s *Store) beginTx(ctx context.Context, begin pgx.TxOptions) (pgx.Tx, error) {
	bounded, cancel := context.WithTimeout(ctx, patient*s.config.Timeout)
	defer cancel()
	tx, err := s.pool.BeginTx(bounded, begin)
	if err != nil && bounded.Err() == nil {
		return nil, &undone{err}
	}
	return tx, err
}

// reach makes a call, in the time that it has, and says what became of it in the store's
// words.
func (s *Store) reach(ctx context.Context, timeout time.Duration, call func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := call(bounded)
	for n := 1; n < attempts && again(err) && pause(bounded, n); n++ {
		err = call(bounded)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if newer := s.newer(ctx, err); newer != nil {
		return fmt.Errorf("%w: %w: %w", store.ErrUnavailable, newer, err)
	}
	return translate(err)
}

// pause waits a little before another attempt, longer with every one, and says whether
// there is time for it.
func pause(ctx context.Context, n int) bool {
	wait := time.NewTimer(rand.N(time.Millisecond << n)) //nolint:gosec // any will do
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-ctx.Done():
		return false
	}
}
