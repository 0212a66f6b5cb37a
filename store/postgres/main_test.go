package postgres_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store/postgres"
)

func TestMain(m *testing.M) { services.Main(m) }

// patience is how long is waited for what must happen, on a machine that does much else.
const patience = time.Minute

// config returns the configuration of a store in a schema that has tables, and nobody else.
func config(tb testing.TB) postgres.Config {
	tb.Helper()
	schema, _ := schemas.Borrow(tb)
	return inSchema(tb, schema)
}

// empty returns the configuration of a store in a schema that has no tables, and never had a
// row that the statistics would know of.
func empty(tb testing.TB) postgres.Config {
	tb.Helper()
	c := inSchema(tb, "test_"+strings.ToLower(rand.Text()[:13]))
	execute(tb, c.URL, "CREATE SCHEMA "+c.Schema)
	tb.Cleanup(func() { execute(tb, c.URL, "DROP SCHEMA "+c.Schema+" CASCADE") })
	return c
}

// inSchema returns the configuration of a store in a schema.
func inSchema(tb testing.TB, name string) postgres.Config {
	tb.Helper()
	return postgres.Config{
		URL: services.SharedPostgres(tb) + "&application_name=" + name, Timeout: patience, MaxConns: 8, Schema: name,
	}
}

// schemas have tables, and one test after the other.
var schemas = services.NewSchemas(func(tb testing.TB, name string) {
	tb.Helper()
	s, err := postgres.Open(tb.Context(), inSchema(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
})

// execute executes statements over a connection of their own.
func execute(tb testing.TB, url, sql string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context()) // the test may be over
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		tb.Errorf("%s: %v", sql, err)
	}
}

// connect opens a store until the test ends.
func connect(tb testing.TB, c postgres.Config) *postgres.Store {
	tb.Helper()
	s, err := postgres.Open(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// open opens a fresh, empty store until the test ends.
func open(tb testing.TB) *postgres.Store {
	tb.Helper()
	return connect(tb, config(tb))
}

// openWith opens a store and makes its tables.
func openWith(tb testing.TB, c postgres.Config) *postgres.Store {
	tb.Helper()
	s := connect(tb, c)
	if _, err := s.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// clock is a clock that stands still until it is advanced.
type clock struct{ at live.Timestamp }

func (c *clock) now() live.Timestamp { return c.at }

// newClock returns a clock that stands at an instant.
func newClock() *clock { return &clock{live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))} }

// newRoom returns a room to create, with something in every field that a caller sets.
func newRoom(id live.RoomID) room.Room {
	settings := room.DefaultSettings()
	settings.Feed.SlowMode = time.Second
	return room.Room{
		ID: id, Title: "An evening \x00\x01 of " + string(id), Host: "host \x00Ä", Settings: settings,
		Labels: map[string]string{"topic": "music", "a \x00 <key>": "\x01\x00 \"Wien\""},
	}
}

// create creates a room.
func create(tb testing.TB, s *postgres.Store, id live.RoomID) room.Room {
	tb.Helper()
	r, err := s.CreateRoom(tb.Context(), newRoom(id), "")
	if err != nil {
		tb.Fatal(err)
	}
	return r
}
