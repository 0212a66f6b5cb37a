package postgres

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable is where it stands which migrations are applied.
const versionTable = "schema_versions"

// Version is that of a database's tables, and that of this build.
type Version struct{ Applied, Wanted int64 }

// NewerError says that a later build has migrated the database.
type NewerError struct{ Version }

// Error implements error.
func (e *NewerError) Error() string {
	return fmt.Sprintf("postgres: the database is at version %d, this build knows versions up to %d: "+
		"run a build that is as new as the database", e.Applied, e.Wanted)
}

// Migration is one step from a version to the next.
type Migration struct {
	Version int64
	Name    string
	Applied time.Time // zero: it is not
}

// Status returns all migrations that this build or the database knows, by version. It
// changes nothing.
func (s *Store) Status(ctx context.Context) ([]Migration, error) {
	all, err := known()
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		applied, err := applied(ctx, q)
		if err != nil {
			return err
		}
		all = merge(all, applied)
		return nil
	})
	return all, err
}

// known returns the migrations of this build, by version.
func known() ([]Migration, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]Migration, len(files))
	for i, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return nil, err
		}
		all[i] = Migration{Version: version, Name: path.Base(file)}
	}
	return all, nil
}

// applied returns the migrations that the database knows.
func applied(ctx context.Context, q querier) ([]Migration, error) {
	var exist bool
	if err := q.QueryRow(ctx, statement("versions exist")).Scan(&exist); err != nil || !exist {
		return nil, err
	}
	rows, err := q.Query(ctx, statement("versions"))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Migration, err error) {
		err = row.Scan(&m.Version, &m.Applied)
		return m, err
	})
}

// merge returns migrations with those that are applied.
func merge(known, applied []Migration) []Migration {
	byVersion := func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) }
	all := slices.Clone(known)
	for _, m := range applied {
		at, found := slices.BinarySearchFunc(all, m, byVersion)
		if found {
			all[at].Applied = m.Applied
		} else {
			all = slices.Insert(all, at, m)
		}
	}
	return all
}

// Version returns where the database is, and where this build wants it: *NewerError if it
// is beyond that.
func (s *Store) Version(ctx context.Context) (Version, error) {
	all, err := s.Status(ctx)
	if err != nil {
		return Version{}, err
	}
	return versionOf(all)
}

// versionOf returns what Status says in short.
func versionOf(all []Migration) (v Version, err error) {
	for _, m := range all {
		if m.Name != "" {
			v.Wanted = m.Version
		}
		if !m.Applied.IsZero() {
			v.Applied = m.Version
		}
	}
	if v.Applied > v.Wanted {
		return v, &NewerError{v}
	}
	return v, nil
}

// Migrate brings the database to this build's version, and returns what it applied.
// However many do so at once, each migration is applied once, in a transaction.
// *NewerError.
func (s *Store) Migrate(ctx context.Context) ([]Migration, error) {
	done, err := s.migrateAlone(ctx)
	switch {
	case err == nil:
		return done, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	default:
		return nil, advise(translate(err))
	}
}

// migrateAlone is Migrate under a lock that a transaction holds: so it holds behind a pool of
// connections too.
func (s *Store) migrateAlone(ctx context.Context) ([]Migration, error) {
	conn, err := pgx.ConnectConfig(ctx, s.migrate)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // and with it the transaction
	_, err = conn.Exec(ctx, "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = 0; "+
		"SET LOCAL statement_timeout = 0")
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, statement("lock schema")); err != nil {
		return nil, err
	}
	before, err := applied(ctx, conn)
	if err != nil {
		return nil, err
	}
	known, err := known()
	if err != nil {
		return nil, refuse(err)
	}
	if _, err := versionOf(merge(known, before)); err != nil {
		return nil, refuse(err)
	}
	return s.up(ctx)
}

// up applies what is not applied.
func (s *Store) up(ctx context.Context) ([]Migration, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, refuse(err)
	}
	db := stdlib.OpenDB(*s.migrate)
	defer func() { _ = db.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.config.Logger))
	if err != nil {
		return nil, refuse(err)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, err
	}
	done := make([]Migration, len(results))
	for i, result := range results {
		done[i] = Migration{Version: result.Source.Version, Name: path.Base(result.Source.Path), Applied: time.Now()}
	}
	return done, nil
}
