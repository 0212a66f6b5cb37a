package services_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/internal/services"
)

func TestMain(m *testing.M) { services.Main(m) }

// connect returns a client of a Redis by its URL.
func connect(t *testing.T, url string) rueidis.Client {
	t.Helper()
	option, err := rueidis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	option.DisableCache = true
	client, err := rueidis.NewClient(option)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func TestSharedRedisIsOne(t *testing.T) {
	t.Parallel()
	url := services.SharedRedis(t)
	if again := services.SharedRedis(t); again != url {
		t.Errorf("%s, then %s", url, again)
	}
	client := connect(t, url)
	if err := client.Do(t.Context(), client.B().Ping().Build()).Error(); err != nil {
		t.Error(err)
	}
}

func TestRedisKeepsWhatItIsToldTo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args      []string
		restarted any
	}{
		"nothing in files": {nil, nil},
		"all in files":     {[]string{"--appendonly", "yes", "--appendfsync", "always"}, "v"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := services.NewRedis(t, tt.args...)
			addr := r.Addr()
			r.Do(t, "SET", "k", "v")
			r.Restart(t)
			if got := r.Do(t, "GET", "k"); got != tt.restarted {
				t.Errorf("after a restart: %v", got)
			}
			r.Do(t, "SET", "k", "v")
			r.Kill()
			r.Start(t)
			if got := r.Do(t, "GET", "k"); got != tt.restarted {
				t.Errorf("after a kill: %v", got)
			}
			r.RestartEmpty(t)
			if got := r.Do(t, "GET", "k"); got != nil || r.Addr() != addr {
				t.Errorf("emptied: %v at %s, before at %s", got, r.Addr(), addr)
			}
		})
	}
}

func TestPausedRedisDoesNotAnswer(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	client := connect(t, r.URL())
	r.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := client.Do(ctx, client.B().Ping().Build()).Error(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("paused: %v", err)
	}
	r.Resume(t)
	if got := r.Do(t, "PING"); got != "PONG" {
		t.Errorf("resumed: %v", got)
	}
}

// query runs a statement in a database by the client that Postgres brings.
func query(ctx context.Context, url, statement string) (string, error) {
	out, err := exec.CommandContext(ctx, "psql", "-X", "-A", "-t", "-q", "-c", statement, url).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// must is query of what succeeds.
func must(t *testing.T, url, statement string) string {
	t.Helper()
	got, err := query(t.Context(), url, statement)
	if err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	return got
}

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	services.SharedPostgres(t)
	first, second := services.NewDatabase(t), services.NewDatabase(t)
	must(t, first, "CREATE TABLE t (n int)")
	must(t, second, "CREATE TABLE t (n int)")
	must(t, first, "INSERT INTO t VALUES (1)")
	if a, b := must(t, first, "TABLE t"), must(t, second, "TABLE t"); a != "1" || b != "" {
		t.Errorf("%q and %q", a, b)
	}
}

func TestPostgresKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	p := services.NewPostgres(t)
	url := p.NewDatabase(t)
	must(t, url, "CREATE TABLE t (n int)")
	must(t, url, "INSERT INTO t VALUES (1)")
	p.Restart(t)
	must(t, url, "INSERT INTO t VALUES (2)")
	p.Kill()
	if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr()); err == nil {
		t.Error("somebody listens on the port of a server that was killed")
	}
	p.Start(t)
	if got := must(t, url, "SELECT sum(n) FROM t"); got != "3" {
		t.Errorf("the sum is %q", got)
	}
}

func TestPausedPostgresDoesNotAnswer(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("SKIPPED, not on Linux: sessions are found in /proc")
	}
	p := services.NewPostgres(t)
	url := p.NewDatabase(t)
	p.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if got, err := query(ctx, url, "SELECT 1"); err == nil {
		t.Errorf("paused: %s", got)
	}
	p.Resume(t)
	if got := must(t, url, "SELECT 1"); got != "1" {
		t.Errorf("resumed: %s", got)
	}
}
