package postgres

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// errNotCommitted says that a transaction came to its end, and did not happen.
var errNotCommitted = errors.New("postgres: a transaction was rolled back at its commit")

// inTwoTrips is a change in two trips to Postgres, for what is held up by the time that others
// are in theirs: the first begins the transaction and sends what reads queues, the second what
// writes queues, and the commit. Both may be called again, one after the other.
//
// Its statements go by indexes, and are planned once for each connection: what they cost grows
// with what is asked for, and with no table, whatever is known of that.
func (s *Store) inTwoTrips(ctx context.Context, reads, writes func(*pgx.Batch)) error {
	return s.reach(ctx, s.config.Timeout, func(ctx context.Context) error {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return &undone{err}
		}
		defer conn.Release()
		if err = firstTrip(ctx, conn, s.config.Timeout, reads); err == nil {
			err = lastTrip(ctx, conn, writes)
		}
		if err != nil {
			abandon(ctx, conn, err)
		}
		return err
	})
}

// firstTrip begins a transaction, and reads. If the connection breaks nothing was done.
func firstTrip(ctx context.Context, conn *pgxpool.Conn, timeout time.Duration, reads func(*pgx.Batch)) error {
	var all pgx.Batch
	all.Queue("BEGIN ISOLATION LEVEL " + committed)
	all.Queue(statement("go by indexes"), strconv.FormatInt(timeout.Milliseconds(), 10))
	reads(&all)
	err := conn.SendBatch(ctx, &all).Close()
	if isBroken(err) {
		return &undone{err}
	}
	return err
}

// lastTrip writes, and commits.
func lastTrip(ctx context.Context, conn *pgxpool.Conn, writes func(*pgx.Batch)) error {
	var all pgx.Batch
	writes(&all)
	all.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return errNotCommitted
		}
		return nil
	})
	return conn.SendBatch(ctx, &all).Close()
}

// abandon ends a transaction that failed, where it is not over. If that fails the connection
// ends, and the transaction with it; it ends too if it is to a server that is the primary no
// more, for the next may be to another.
func abandon(ctx context.Context, conn *pgxpool.Conn, failure error) {
	if state(failure) == readOnly {
		_ = conn.Conn().Close(ctx)
	}
	if conn.Conn().IsClosed() || conn.Conn().PgConn().TxStatus() == 'I' {
		return
	}
	if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = conn.Conn().Close(ctx)
	}
}
