package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

func TestMigrateFromEmpty(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			c := empty(t)
			c.ExecMode = mode
			s := connect(t, c)
			before, err := s.Version(t.Context())
			if err != nil || before.Applied != 0 || before.Wanted == 0 {
				t.Fatalf("%+v, %v", before, err)
			}
			_, err = s.Room(t.Context(), "r")
			if err == nil || errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "migrate") {
				t.Errorf("without tables: %v, want that the database is to be migrated", err)
			}
			done, err := s.Migrate(t.Context())
			if err != nil || int64(len(done)) != before.Wanted {
				t.Fatalf("%+v, %v", done, err)
			}
			if again, err := s.Migrate(t.Context()); err != nil || len(again) > 0 {
				t.Errorf("again: %+v, %v", again, err)
			}
			if now, err := s.Version(t.Context()); err != nil || now.Applied != before.Wanted || now.Wanted != before.Wanted {
				t.Errorf("%+v, %v", now, err)
			}
			status, err := s.Status(t.Context())
			for i, m := range status {
				if m.Version != int64(i)+1 || m.Name == "" || m.Applied.IsZero() {
					t.Errorf("%+v", m)
				}
			}
			if err != nil || len(status) != len(done) {
				t.Errorf("%+v, %v", status, err)
			}
		})
	}
}

func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	c := empty(t)
	var applied atomic.Int64
	var wanted int64
	stores := make([]*postgres.Store, 4)
	for i := range stores {
		stores[i] = connect(t, c)
	}
	parallel(len(stores), func(i int) {
		done, err := stores[i].Migrate(t.Context())
		if err != nil {
			t.Error(err)
		}
		applied.Add(int64(len(done)))
	})
	version, err := stores[0].Version(t.Context())
	if wanted = version.Wanted; err != nil || applied.Load() != wanted || version.Applied != wanted {
		t.Errorf("%d migrations were applied, %+v, %v", applied.Load(), version, err)
	}
	create(t, stores[1], "r")
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	c := empty(t)
	s := openWith(t, c)
	execute(t, c.URL, "INSERT INTO "+c.Schema+".schema_versions (version_id, is_applied) VALUES (990, true)")
	var newer *postgres.NewerError
	if _, err := s.Version(t.Context()); !errors.As(err, &newer) || newer.Applied != 990 || !strings.Contains(err.Error(), "990") {
		t.Errorf("Version: %v", err)
	}
	if _, err := s.Migrate(t.Context()); !errors.As(err, &newer) {
		t.Errorf("Migrate: %v", err)
	}
	status, err := s.Status(t.Context())
	if err != nil || status[len(status)-1].Version != 990 || status[len(status)-1].Name != "" {
		t.Errorf("Status: %+v, %v", status, err)
	}
}

// A node of an earlier build that still runs is as one whose store is away, where it cannot do
// with the tables of a later one: its callers go elsewhere. On tables of its own build the same
// errors are bugs.
func TestTablesOfALaterBuildAreAnOutage(t *testing.T) {
	t.Parallel()
	for name, migration := range map[string]string{
		"a table": "ALTER TABLE rooms RENAME TO later_rooms",
		"columns": "ALTER TABLE rooms RENAME COLUMN title TO later_title",
		"a view":  "ALTER TABLE rooms RENAME TO later_rooms; CREATE VIEW rooms AS SELECT * FROM later_rooms UNION ALL SELECT * FROM later_rooms",
		"a rule":  "ALTER TABLE rooms ADD COLUMN later text NOT NULL",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			c := empty(t)
			c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))
			s := openWith(t, c)
			execute(t, c.URL, "SET search_path = "+c.Schema+"; "+migration)
			if _, err := s.CreateRoom(t.Context(), newRoom("a"), ""); err == nil || errors.Is(err, store.ErrUnavailable) {
				t.Errorf("by nobody: %v, want an error that is no outage", err)
			}
			if log.Len() > 0 {
				t.Errorf("by nobody: said %s", &log)
			}
			execute(t, c.URL, "INSERT INTO "+c.Schema+".schema_versions (version_id, is_applied) VALUES (990, true)")
			for range 2 {
				var newer *postgres.NewerError
				_, err := s.CreateRoom(t.Context(), newRoom("b"), "")
				if !errors.Is(err, store.ErrUnavailable) || !errors.As(err, &newer) || newer.Applied != 990 {
					t.Errorf("by a later build: %v, want ErrUnavailable and why", err)
				}
			}
			if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "replace this node") || !strings.Contains(said, "990") {
				t.Errorf("said %s, want once what to do", said)
			}
		})
	}
}

func TestMigrateBesideWhatIsNotThere(t *testing.T) {
	t.Parallel()
	c := empty(t)
	c.MigrateURL = "postgres://postgres@127.0.0.1:1/postgres?sslmode=disable"
	s := connect(t, c)
	if _, err := s.Migrate(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v, want ErrUnavailable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Migrate(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	url := services.SharedPostgres(t)
	for name, tt := range map[string]struct {
		change func(c *postgres.Config)
		want   string
	}{
		"a mode":          {func(c *postgres.Config) { c.ExecMode = "fast" }, "simple_protocol"},
		"no connections":  {func(c *postgres.Config) { c.MaxConns = -1 }, "connections"},
		"a timeout":       {func(c *postgres.Config) { c.Timeout = -time.Second }, "negative"},
		"a retention":     {func(c *postgres.Config) { c.RoomRetention = -time.Second }, "negative"},
		"a URL":           {func(c *postgres.Config) { c.URL = "postgres://a:secret@[x" }, "URL cannot be read"},
		"another URL":     {func(c *postgres.Config) { c.MigrateURL = "postgres://a:secret@[x" }, "URL for migrations"},
		"another program": {func(c *postgres.Config) { c.URL = "postgres://a:secret@127.0.0.1:1/x" }, store.ErrUnavailable.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := postgres.Config{URL: url}
			tt.change(&c)
			s, err := postgres.Open(t.Context(), c)
			if err == nil {
				s.Close()
				t.Fatal("it opened")
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v, want %q in it and no secret", err, tt.want)
			}
		})
	}
}

func TestDatabaseMustBeInUTF8(t *testing.T) {
	t.Parallel()
	url := services.SharedPostgres(t)
	execute(t, url, "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
	t.Cleanup(func() { execute(t, url, "DROP DATABASE latin") })
	_, err := postgres.Open(t.Context(), postgres.Config{URL: strings.Replace(url, "/postgres?", "/latin?", 1)})
	if err == nil || !strings.Contains(err.Error(), "LATIN1") {
		t.Errorf("%v, want that its encoding is wrong", err)
	}
}
