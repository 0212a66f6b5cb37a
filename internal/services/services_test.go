package services_test

import (
	"context"
	"errors"
	"net"
	"os"
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

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	services.SharedPostgres(t)
	first, second := services.NewDatabase(t), services.NewDatabase(t)
	services.Query(t, first, "CREATE TABLE t (n int)")
	services.Query(t, second, "CREATE TABLE t (n int)")
	services.Query(t, first, "INSERT INTO t VALUES (1)")
	if a, b := services.Query(t, first, "TABLE t"), services.Query(t, second, "TABLE t"); a != "1" || b != "" {
		t.Errorf("%q and %q", a, b)
	}
}

func TestPostgresKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	p := services.NewPostgres(t)
	url := p.NewDatabase(t)
	services.Query(t, url, "CREATE TABLE t (n int)")
	services.Query(t, url, "INSERT INTO t VALUES (1)")
	p.Restart(t)
	services.Query(t, url, "INSERT INTO t VALUES (2)")
	p.Kill()
	if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr()); err == nil {
		t.Error("somebody listens on the port of a server that was killed")
	}
	p.Start(t)
	if got := services.Query(t, url, "SELECT sum(n) FROM t"); got != "3" {
		t.Errorf("the sum is %q", got)
	}
}

// answers tells whether a Postgres answers a question within a while: whether it speaks TLS.
func answers(t *testing.T, address string, within time.Duration) bool {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		t.Fatal(err)
	}
	n, _ := conn.Read(make([]byte, 1))
	return n == 1
}

func TestPausedPostgresDoesNotAnswer(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Skip("SKIPPED, not on Linux: sessions are found in /proc")
	}
	p := services.NewPostgres(t)
	p.Pause(t)
	if answers(t, p.Addr(), 200*time.Millisecond) {
		t.Error("it answers")
	}
	p.Resume(t)
	if !answers(t, p.Addr(), time.Minute) {
		t.Error("it does not answer")
	}
}
