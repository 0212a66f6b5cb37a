// Package pooler finds out whether a pool of connections, such as PgBouncer, stands before a
// Postgres, and whether it loses what clients prepare: one that pools by transaction may have
// each of them executed by another session.
package pooler

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Keeping is what becomes of what a client has prepared.
type Keeping int

// What may become of it.
const (
	Unknown Keeping = iota // the pool is by session, or has much to do
	Lost
	Kept
)

const (
	// prepared is the name of what is prepared.
	prepared = "ovation_looks_for_pools"
	// holders is how many others are to take sessions of the pool.
	holders = 8
	// holdWithin is how long one of them waits for a session.
	holdWithin = time.Second
)

// What errors say of a statement that was prepared: it is gone, or is there already.
var unprepared = map[string]bool{"26000": true, "42P05": true}

// Between says whether something stands between: then who answers is not whom the connection
// was made to.
func Between(ctx context.Context, conn *pgx.Conn) (bool, error) {
	pid, err := session(ctx, conn)
	return pid != conn.PgConn().PID(), err
}

// session returns the number of the session that answers. Nothing is prepared for that.
func session(ctx context.Context, conn *pgx.Conn) (pid uint32, err error) {
	err = conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid)
	return pid, err
}

// Keeps prepares a statement, has others take the sessions of the pool until it is among
// them, and looks whether it is there for the next. That takes a second at most for each of
// them, if the pool has much to do.
func Keeps(ctx context.Context, conn *pgx.Conn) Keeping {
	if _, err := conn.Prepare(ctx, prepared, "SELECT pg_backend_pid()"); err != nil {
		return keeping(err)
	}
	defer func() { _ = conn.Deallocate(ctx, prepared) }() // where it is
	before, err := execute(ctx, conn)
	if err != nil {
		return keeping(err)
	}
	var held []*pgx.Conn
	defer func() { release(ctx, held) }()
	for range holders {
		other, pid, err := hold(ctx, conn)
		if other != nil {
			held = append(held, other)
		}
		if err != nil {
			return Unknown
		}
		if pid == before {
			_, err := execute(ctx, conn)
			return keeping(err)
		}
	}
	return Unknown
}

// execute executes what is prepared, and returns the session that did.
func execute(ctx context.Context, conn *pgx.Conn) (pid uint32, err error) {
	err = conn.QueryRow(ctx, prepared).Scan(&pid)
	return pid, err
}

// keeping says what an error tells of a pool.
func keeping(err error) Keeping {
	answered, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		return Kept
	case ok && unprepared[answered.Code]:
		return Lost
	default:
		return Unknown
	}
}

// hold begins a transaction as another client, and returns its connection and session.
func hold(ctx context.Context, as *pgx.Conn) (conn *pgx.Conn, pid uint32, err error) {
	ctx, cancel := context.WithTimeout(ctx, holdWithin)
	defer cancel()
	if conn, err = pgx.ConnectConfig(ctx, as.Config()); err != nil {
		return nil, 0, err
	}
	if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
		return conn, 0, err
	}
	pid, err = session(ctx, conn)
	return conn, pid, err
}

// release ends connections, and their transactions with them.
func release(ctx context.Context, held []*pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), holdWithin)
	defer cancel()
	for _, conn := range held {
		_ = conn.Close(ctx)
	}
}
