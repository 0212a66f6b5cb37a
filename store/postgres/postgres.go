package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ovation-live/ovation/internal/pooler"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
)

var _ paired.Durable = (*Store)(nil)

// ExecMode is how statements are sent.
type ExecMode string

// The modes. Where connections are pooled by transaction in front of Postgres, as
// PgBouncer does, a statement that was prepared may be gone with the next transaction:
// there it must be one of the others.
const (
	CacheStatement ExecMode = "cache_statement" // prepared once for each connection
	Exec           ExecMode = "exec"            // in the extended protocol, never prepared
	SimpleProtocol ExecMode = "simple_protocol" // as text
)

// protocols is how pgx calls the modes.
var protocols = map[ExecMode]pgx.QueryExecMode{
	CacheStatement: pgx.QueryExecModeCacheStatement,
	Exec:           pgx.QueryExecModeExec,
	SimpleProtocol: pgx.QueryExecModeSimpleProtocol,
}

// Config is how a Store reaches Postgres. The zero value of a field is its default.
type Config struct {
	// URL is postgres://user:password@host:port/database, with libpq's parameters
	// (sslmode, several hosts with target_session_attrs ...), or libpq's key=value form.
	URL string
	// MigrateURL is where migrations connect to, past a pool in front of Postgres.
	MigrateURL string // URL
	// MaxConns is how many connections there are at most.
	MaxConns int // 16
	// ExecMode is how statements are sent.
	ExecMode ExecMode // CacheStatement
	// Timeout is how long an answer may take, waiting for a connection included, before
	// Postgres counts as away; what carries much has four times as long.
	Timeout time.Duration // 2 s
	// HistoryRetention is how long messages are kept.
	HistoryRetention time.Duration // for ever
	// RoomRetention is how long ended rooms are kept, with all that is known of them. It
	// must be longer than the hot backend keeps them.
	RoomRetention time.Duration // for ever
	// MaxVisits is how many visits a user has in a room at most.
	MaxVisits int // visit.MaxVisits
	// Payloads has the store record events of what it does itself; nil: it records none.
	Payloads store.Payloads
	// Logger is told what operators should know.
	Logger *slog.Logger // discards
	// Clock is where instants come from, for tests; nil: the database's clock.
	Clock func() live.Timestamp
	// Schema is where the tables are, for tests; empty: where the database's search_path
	// says.
	Schema string
}

// withDefaults fills in what is not set.
func (c Config) withDefaults() Config {
	c.MigrateURL = cmp.Or(c.MigrateURL, c.URL)
	c.MaxConns = cmp.Or(c.MaxConns, 16)
	c.ExecMode = cmp.Or(c.ExecMode, CacheStatement)
	c.Timeout = cmp.Or(c.Timeout, 2*time.Second)
	c.MaxVisits = cmp.Or(c.MaxVisits, visit.MaxVisits)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// validate returns what is wrong with the configuration, joined.
func (c Config) validate() error {
	var errs []error
	if _, known := protocols[c.ExecMode]; !known {
		errs = append(errs, fmt.Errorf("postgres: there is no exec mode %q: use %s, %s or %s",
			c.ExecMode, CacheStatement, Exec, SimpleProtocol))
	}
	if c.MaxConns < 1 || c.MaxConns > 10_000 {
		errs = append(errs, fmt.Errorf("postgres: %d connections: there must be from 1 to 10000", c.MaxConns))
	}
	if c.Timeout < 0 || c.HistoryRetention < 0 || c.RoomRetention < 0 {
		errs = append(errs, errors.New("postgres: a timeout or retention is negative"))
	}
	return errors.Join(errs...)
}

// Store is the durable backend. Make one with Open. It may be used concurrently, and by
// any number of processes on one database.
type Store struct {
	config  Config
	pool    *pgxpool.Pool
	alone   alone
	migrate *pgx.ConnConfig
	begin   pgx.TxOptions
	bulk    pgx.TxOptions // begin for what carries much
	still   pgx.TxOptions // begin for what reads several times as of one instant
	keyed   pgx.TxOptions // bulk for what finds many rows, each by its key

	paidAgain atomic.Int64 // when a payment came again last, in nanoseconds since 1970
	outdated  outdated
	tooMuch   seldom // said of accounts to which nothing can be added
	noCursor  seldom // said where it is gone
}

// Open connects to Postgres. Close the store when it is no longer used. Tables are made
// by Migrate alone. What cannot go well later either is not ErrUnavailable: no such database,
// nobody who may, ErrUnprepared.
func Open(ctx context.Context, c Config) (*Store, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("postgres: the URL cannot be read: %w", err)
	}
	migrate, err := pgx.ParseConfig(c.MigrateURL)
	if err != nil {
		return nil, fmt.Errorf("postgres: the URL for migrations cannot be read: %w", err)
	}
	c.prepare(config.ConnConfig)
	c.prepare(migrate)
	config.MaxConns = int32(c.MaxConns) //nolint:gosec // it was checked
	config.MinIdleConns = 1
	s := &Store{
		config: c, migrate: migrate, begin: begins(committed, c.Timeout), bulk: begins(committed, patient*c.Timeout),
		still: begins(oneMoment, c.Timeout), keyed: byKey(begins(committed, patient*c.Timeout)),
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s.alone = newAlone(s.pool, c.ExecMode)
	if err := s.ready(ctx); err != nil {
		s.pool.Close()
		return nil, advise(err)
	}
	return s, nil
}

// prepare says what connections are like.
func (c Config) prepare(conn *pgx.ConnConfig) {
	conn.DefaultQueryExecMode = protocols[c.ExecMode]
	conn.ConnectTimeout = cmp.Or(conn.ConnectTimeout, c.Timeout)
	conn.RuntimeParams["client_encoding"] = "UTF8"
	if conn.RuntimeParams["application_name"] == "" {
		conn.RuntimeParams["application_name"] = "ovation"
	}
	if c.Schema != "" {
		conn.RuntimeParams["search_path"] = pgx.Identifier{c.Schema}.Sanitize() //nolint:misspell // pgx writes it so
	}
}

// ready connects for the first time, and checks that the database can hold what it must.
func (s *Store) ready(ctx context.Context) error {
	var encoding string
	err := s.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, "SHOW server_encoding").Scan(&encoding)
	})
	if err == nil && encoding != "UTF8" {
		return fmt.Errorf("postgres: the database's encoding is %s: create it with ENCODING 'UTF8'", encoding)
	}
	if err != nil || s.config.ExecMode != CacheStatement {
		return err
	}
	return s.prepares(ctx)
}

// lookWithin is how long it is looked for what stands between.
const lookWithin = 5 * time.Second

// prepares returns ErrUnprepared if something stands between that loses what is prepared. What
// cannot be found out is no error: whoever needs it next says so.
func (s *Store) prepares(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	var between bool
	err := s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) (err error) {
		between, err = pooler.Between(ctx, c.Conn())
		return err
	})
	if err != nil || !between {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return nil
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if pooler.Keeps(ctx, conn) != pooler.Lost {
		return nil
	}
	return fmt.Errorf("%w: use the exec mode %s or %s", ErrUnprepared, Exec, SimpleProtocol)
}

// Close ends all connections, when the calls under way are over.
func (s *Store) Close() { s.pool.Close() }

// instant is what statements take for the time; nil for the database's own.
func (s *Store) instant() *int64 {
	if s.config.Clock == nil {
		return nil
	}
	now := int64(s.config.Clock())
	return &now
}

// notFound says that a room is not there.
func notFound(id live.RoomID) error { return &store.RoomError{Room: id, Err: store.ErrRoomNotFound} }

// ended says that a room has ended.
func ended(id live.RoomID) error { return &store.RoomError{Room: id, Err: store.ErrRoomEnded} }
