package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ovation-live/ovation/store"
)

// refusal is an error that is an answer, and not Postgres'.
type refusal struct{ err error }

// Error implements error.
func (r *refusal) Error() string { return r.err.Error() }

// refuse ends a transaction with an answer of the store.
func refuse(err error) error { return &refusal{err} }

// undone is an error of Postgres' after which nothing was done.
type undone struct{ err error }

// Error implements error.
func (u *undone) Error() string { return u.err.Error() }

// Unwrap returns Postgres' error.
func (u *undone) Unwrap() error { return u.err }

// readOnly is the SQLSTATE of a change on a standby, or on what was a primary.
const readOnly = "25006"

// uniqueViolation is the SQLSTATE of what is there already.
const uniqueViolation = "23505"

// outOfRange is the SQLSTATE of a number that is too large to be kept.
const outOfRange = "22003"

// What errors of Postgres' mean, by SQLSTATE, or by its first two characters: the class.
var (
	// meets: it met another, and the same may go well now.
	meets = map[string]bool{
		uniqueViolation: true, // another was first
		"40001":         true, // transactions that cannot have come one after the other
		"40P01":         true, // deadlock_detected
		"0A000":         true, // a plan of before a migration
	}
	// away: Postgres, or what stands before it, does not work for us now.
	away = map[string]bool{
		"08":     true, // connection_exception
		readOnly: true,
		"25P03":  true, // idle_in_transaction_session_timeout
		"28":     true, // invalid_authorization_specification
		"3D000":  true, // invalid_catalog_name: no such database
		"53":     true, // insufficient_resources: connections, memory, disk
		"55P03":  true, // lock_not_available
		"57":     true, // operator_intervention: shut down, starting up, statement_timeout
		"58":     true, // system_error
	}
	// unmigrated: the tables are not those of this build.
	unmigrated = map[string]bool{
		"42P01": true, // undefined_table
		"42703": true, // undefined_column
		"42883": true, // undefined_function
	}
	// outgrown: what statements meet besides where a later build's migration has been.
	outgrown = map[string]bool{
		"42804": true, // datatype_mismatch
		"42809": true, // wrong_object_type
		"42P10": true, // invalid_column_reference: no such constraint
		"55000": true, // object_not_in_prerequisite_state: a view is not written to
		"23502": true, // not_null_violation: by a column that this build does not know
	}
	// unprepared: a statement that was prepared is gone, or is there already.
	unprepared = map[string]bool{
		"26000": true, // invalid_sql_statement_name
		"42P05": true, // duplicate_prepared_statement
	}
)

// advice is what to do about errors that do not go away by themselves, by SQLSTATE.
var advice = map[string]string{
	"3D000": "create the database (CREATE DATABASE ... ENCODING 'UTF8'), or correct its name in the URL",
	"28P01": "correct user and password in the URL",
	"28000": "correct the user in the URL, create it (CREATE ROLE ... LOGIN), or let it in (pg_hba.conf)",
	"08P01": "take the parameter that it names out of the URL, for a pool such as PgBouncer passes none on, " +
		"and set it for the role (ALTER ROLE ... SET)",
	"42501": "have the user own the database (ALTER DATABASE ... OWNER TO ...), " +
		"or grant it what it lacks (GRANT ALL ON SCHEMA public TO ..., and on the tables there)",
}

// ErrUnprepared says that something between here and Postgres loses prepared statements.
var ErrUnprepared = errors.New("postgres: something between here and Postgres loses prepared statements, " +
	"such as PgBouncer that pools by transaction")

// advise says what to do about a mistake in how Postgres is set up: to whoever starts that is
// no outage, for it does not end by itself.
func advise(err error) error {
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || advice[server.Code] == "" {
		return err
	}
	return fmt.Errorf("postgres: %w: %s", server, advice[server.Code])
}

// state returns an error's SQLSTATE, "" for one that is not of the server.
func state(err error) string {
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return server.Code
	}
	return ""
}

// in says whether a SQLSTATE, or its class, is one of a set.
func in(set map[string]bool, state string) bool {
	return state != "" && (set[state] || set[state[:2]])
}

// isBroken says whether the connection was lost, or there was none.
func isBroken(err error) bool {
	var answer *refusal
	if err == nil || errors.As(err, &answer) || errors.Is(err, pgx.ErrNoRows) || isOurs(err) {
		return false
	}
	code := state(err)
	return code == "" || code == "57P01" || in(map[string]bool{"08": true}, code)
}

// isOurs says whether a value could not be read as what it should be.
func isOurs(err error) bool {
	var scan pgx.ScanArgError
	return errors.As(err, &scan)
}

// again says whether a call that failed may go well if it is made again at once, and
// nothing of it was done.
func again(err error) bool {
	if in(meets, state(err)) {
		return true
	}
	var nothing *undone
	return errors.As(err, &nothing) && isBroken(err)
}

// translate says an error in the store's words.
func translate(err error) error {
	var answer *refusal
	code := state(err)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		return answer.err
	case in(unmigrated, code):
		return fmt.Errorf("postgres: the tables are not those of this build, migrate the database: %w", err)
	case in(unprepared, code):
		return fmt.Errorf("%w: use the exec mode %s or %s: %w", ErrUnprepared, Exec, SimpleProtocol, err)
	case code != "" && !in(away, code) && !in(meets, code), isOurs(err), errors.Is(err, pgx.ErrNoRows):
		return fmt.Errorf("postgres: %w", err)
	default:
		return fmt.Errorf("%w: postgres: %w", store.ErrUnavailable, err)
	}
}
