package postgres

import (
	"context"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// errNotCommitted says that a transaction came to its end, and did not happen.
var errNotCommitted = errors.New("postgres: a transaction was rolled back at its commit")

// errThereAlready says that some of what was to be added is there already, so nothing was.
var errThereAlready = errors.New("postgres: some of it is there already")

// errTooLarge says that what was to be written is a number too large to be kept.
var errTooLarge = errors.New("postgres: a number is too large to be kept")

// inOneTrip is a change in one trip to Postgres, for what is held up by the time that others
// are in theirs: the transaction is begun, what queue queues, and committed. Where something of it
// is there already it fails with errThereAlready, where it is too large with errTooLarge.
//
// Others need not wait while it becomes durable: it is committed without that, and what was
// held is free; then whatever was committed is waited for, be it by another. So what it read
// and does not change is durable too when it returns.
//
// Its statements go by indexes, and are planned once for each connection: what they cost grows
// with what is asked for, and with no table, whatever is known of that.
func (s *Store) inOneTrip(ctx context.Context, queue func(*pgx.Batch)) error {
	return s.onConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		var all pgx.Batch
		s.queueBegin(&all)
		queue(&all)
		queueCommit(&all)
		err := conn.SendBatch(ctx, &all).Close()
		switch state(err) {
		case uniqueViolation:
			return refuse(errThereAlready)
		case outOfRange:
			return refuse(errTooLarge)
		default:
			return err
		}
	})
}

// inTwoTrips is inOneTrip for what is decided here: the first sends what reads queues, the
// second what writes queues. Both may be called again, one after the other.
func (s *Store) inTwoTrips(ctx context.Context, reads, writes func(*pgx.Batch)) error {
	return s.onConn(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		var first, last pgx.Batch
		s.queueBegin(&first)
		reads(&first)
		err := conn.SendBatch(ctx, &first).Close()
		if isBroken(err) {
			return &undone{err}
		}
		if err != nil {
			return err
		}
		writes(&last)
		queueCommit(&last)
		return conn.SendBatch(ctx, &last).Close()
	})
}

// onConn calls trips with a connection. A transaction that they leave open is abandoned.
func (s *Store) onConn(ctx context.Context, trips func(context.Context, *pgxpool.Conn) error) error {
	return s.reach(ctx, s.config.Timeout, func(ctx context.Context) error {
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			return &undone{err}
		}
		defer conn.Release()
		if err = trips(ctx, conn); err != nil {
			abandon(ctx, conn, err)
		}
		return err
	})
}

// queueBegin begins a transaction.
func (s *Store) queueBegin(all *pgx.Batch) {
	all.Queue("BEGIN ISOLATION LEVEL " + committed)
	all.Queue(statement("go by indexes and do not wait for the disk"), strconv.FormatInt(s.config.Timeout.Milliseconds(), 10))
}

// queueCommit commits, and waits until that is durable.
func queueCommit(all *pgx.Batch) {
	all.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" {
			return errNotCommitted
		}
		return nil
	})
	all.Queue(statement("wait for the disk"))
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
