package checkup

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// preparing is the exec mode of nodes that prepare statements.
const preparing = "cache_statement"

// What errors say of a statement that was prepared: it is gone, or is there already.
var unprepared = map[string]bool{"26000": true, "42P05": true}

// pooled says whether something stands between: then who answers is not whom the connection
// was made to.
func (d database) pooled(ctx context.Context) (bool, error) {
	pid, err := backend(ctx, d.Conn)
	return pid != d.PgConn().PID(), err
}

// backend returns the number of the session that answers.
func backend(ctx context.Context, conn *pgx.Conn) (pid uint32, err error) {
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid)
	return pid, err
}

const (
	byTransaction = "a pool of connections stands between, such as PgBouncer"
	mayMigrate    = "and have migrations go past it: --postgres-migrate-url"
)

// pooler finds out whether something stands between that loses what nodes prepare.
func (d database) pooler(ctx context.Context) verdict {
	pooled, err := d.pooled(ctx)
	switch {
	case err != nil:
		return unasked(err)
	case !pooled:
		return good("nothing stands between")
	case d.serves.ExecMode != preparing:
		return good("%s, and nothing is prepared (--postgres-exec-mode %s)", byTransaction, d.serves.ExecMode)
	}
	switch d.keeps(ctx) {
	case lost:
		return bad("%s, and loses prepared statements: calls will fail", byTransaction).
			mend("set --postgres-exec-mode exec on every node, or max_prepared_statements in PgBouncer 1.21 or later; %s", mayMigrate)
	case kept:
		return good("%s, and keeps prepared statements", byTransaction)
	default:
		return doubtful("%s", byTransaction).
			mend("if it pools by transaction, set --postgres-exec-mode exec, for it loses prepared statements; %s", mayMigrate)
	}
}

// keeping is what a pool makes of what was prepared.
type keeping int

const (
	unknown keeping = iota // it pools by session, or has much to do
	lost
	kept
)

const (
	// prepared is the name of what is prepared.
	prepared = "ovation_doctor"
	// holders is how many others are to take sessions of the pool.
	holders = 8
	// holdWithin is how long one of them waits for a session.
	holdWithin = time.Second
)

// keeps prepares a statement, has others take the sessions of the pool until it is among
// them, and looks whether it is there for the next.
func (d database) keeps(ctx context.Context) keeping {
	if _, err := d.Prepare(ctx, prepared, "SELECT pg_backend_pid()"); err != nil {
		return unprepare(err)
	}
	defer func() { _ = d.Deallocate(ctx, prepared) }() // where it is
	before, err := d.prepared(ctx)
	if err != nil {
		return unprepare(err)
	}
	var held []*pgx.Conn
	defer func() { d.release(ctx, held) }()
	for range holders {
		conn, pid, err := d.hold(ctx)
		if conn != nil {
			held = append(held, conn)
		}
		if err != nil {
			return unknown
		}
		if pid == before {
			_, err := d.prepared(ctx)
			return unprepare(err)
		}
	}
	return unknown
}

// prepared executes what is prepared, and returns the session that did.
func (d database) prepared(ctx context.Context) (pid uint32, err error) {
	err = d.QueryRow(ctx, prepared).Scan(&pid)
	return pid, err
}

// unprepare says what an error tells of a pool.
func unprepare(err error) keeping {
	switch {
	case err == nil:
		return kept
	case unprepared[stateOf(err)]:
		return lost
	default:
		return unknown
	}
}

// hold begins a transaction as another client, and returns its connection and session.
func (d database) hold(ctx context.Context) (conn *pgx.Conn, pid uint32, err error) {
	ctx, cancel := context.WithTimeout(ctx, holdWithin)
	defer cancel()
	if conn, err = pgx.ConnectConfig(ctx, d.Config()); err != nil {
		return nil, 0, err
	}
	if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
		return conn, 0, err
	}
	pid, err = backend(ctx, conn)
	return conn, pid, err
}

// release ends connections, and their transactions with them.
func (database) release(ctx context.Context, held []*pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), holdWithin)
	defer cancel()
	for _, conn := range held {
		_ = conn.Close(ctx)
	}
}
