package checkup_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/clients/cli/internal/checkup"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/store/postgres"
)

// postgresAt checks a Postgres.
func postgresAt(t *testing.T, url string, d checkup.Deployment) findings {
	t.Helper()
	part, err := checkup.Postgres(url, d)
	return examine(t, part, err)
}

// three is a deployment of three nodes.
var three = checkup.Deployment{Nodes: 3, Conns: 16, ExecMode: "cache_statement"}

// run runs statements in a database.
func run(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// migrate makes the tables of this build.
func migrate(t *testing.T, url string) {
	t.Helper()
	s, err := postgres.Open(t.Context(), postgres.Config{URL: url, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	url := services.NewDatabase(t)
	migrate(t, url)
	found := postgresAt(t, url, three)
	found.allBut(t, "durability") // the server is for tests
	found.want(t, "migrations", checkup.OK, "as is wanted")
	found.want(t, "durability", checkup.Fail, "off: fsync, full_page_writes", "ALTER SYSTEM SET fsync = on; ALTER SYSTEM SET full_page_writes = on;")
	found.want(t, "connections", checkup.OK, "3 nodes", "may open 48 of 297")
	found.want(t, "clock", checkup.OK, "this machine's")
	found.want(t, "pooler", checkup.OK)

	many := postgresAt(t, url, checkup.Deployment{Nodes: 40, Conns: 16})
	many.want(t, "connections", checkup.Warn, "640", "max_connections", "--postgres-max-conns")
	relaxed := strings.Replace(url, "?", "?options=-csynchronous_commit%3Doff&", 1)
	postgresAt(t, relaxed, three).want(t, "durability", checkup.Fail, "synchronous_commit")
}

func TestMigrationsThatAreMissing(t *testing.T) {
	t.Parallel()
	url := services.NewDatabase(t)
	postgresAt(t, url, three).want(t, "migrations", checkup.Fail, "there are no tables", "start a node")
	migrate(t, url)
	run(t, url, "INSERT INTO schema_versions (version_id, is_applied) VALUES (99999, true)")
	postgresAt(t, url, three).want(t, "migrations", checkup.Warn, "migration 99999, and this build knows", "use the build of the nodes")
	run(t, url, "DELETE FROM schema_versions WHERE version_id > 1")
	postgresAt(t, url, three).want(t, "migrations", checkup.Fail, "migration 1, and", "is wanted", "start a node")
}

func TestPostgresWithRights(t *testing.T) {
	t.Parallel()
	server := services.NewPostgres(t)
	url := server.NewDatabase(t)
	run(t, url, "CREATE ROLE node LOGIN PASSWORD 'hush'", "REVOKE CREATE ON SCHEMA public FROM public")
	as := func(user string) string {
		return strings.Replace(url, "postgres://postgres@", "postgres://"+user+"@", 1)
	}
	postgresAt(t, as("node:hush"), three).want(t, "migrations", checkup.Fail, "GRANT CREATE ON SCHEMA public")
	migrate(t, url)
	postgresAt(t, as("node:hush"), three).want(t, "migrations", checkup.Fail, "GRANT SELECT")
	run(t, url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO node", "ALTER ROLE node SET default_transaction_read_only = on")
	found := postgresAt(t, as("node:hush"), three)
	found.want(t, "primary", checkup.Fail, "read-only")
	found.allBut(t, "primary", "durability")
	postgresAt(t, as("nobody"), three).alone(t, "nobody", "user and password")
}

func TestPostgresThatCannotBeReached(t *testing.T) {
	t.Parallel()
	url := services.NewDatabase(t)
	postgresAt(t, strings.Replace(url, "/test_", "/absent_", 1), three).alone(t, "does not exist", "CREATE DATABASE")
	postgresAt(t, "postgres://node:hush@127.0.0.1:1/x?sslmode=disable", three).alone(t, "connection refused", "see that it runs")
	refused := postgresAt(t, "postgres://node:hush@127.0.0.1:1/x", three) // with TLS, then without
	refused.alone(t, "connection refused")
	if found := refused["reach"].Found; strings.Count(found, "refused") != 1 {
		t.Errorf("it is said more than once: %q", found)
	}
	tls := postgresAt(t, strings.Replace(url, "sslmode=disable", "sslmode=require", 1), three)
	tls.alone(t, "TLS")
}

func TestPostgresThatHangs(t *testing.T) {
	t.Parallel()
	server := services.NewPostgres(t)
	server.Pause(t)
	defer server.Resume(t)
	part, err := checkup.Postgres("postgres://postgres@"+server.Addr()+"/postgres?sslmode=disable", three)
	examineWithin(t, 100*time.Millisecond, part, err).alone(t)
}

func TestEncoding(t *testing.T) {
	t.Parallel()
	url := services.NewDatabase(t)
	other := strings.Replace(url, "/test_", "/ascii_", 1)
	name := other[strings.LastIndex(other, "/")+1 : strings.Index(other, "?")]
	run(t, url, "CREATE DATABASE "+name+" ENCODING 'SQL_ASCII' TEMPLATE template0")
	postgresAt(t, other, three).want(t, "encoding", checkup.Fail, "SQL_ASCII", "ENCODING 'UTF8'")
}

// pool passes connections on as pools do: with a number of its own for the session.
func pool(t *testing.T, addr string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(all.Wait)
	t.Cleanup(func() { _ = l.Close() })
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { pass(t, client, addr) })
		}
	})
	return l.Addr().String()
}

// pass passes one connection on.
func pass(t *testing.T, client net.Conn, addr string) {
	t.Helper()
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(&renumber{Writer: client}, server) })
	_, _ = io.Copy(server, client)
	_ = server.Close()
	back.Wait()
}

// renumber changes the key of a session that a server hands out.
type renumber struct {
	io.Writer
	done bool
}

func (r *renumber) Write(p []byte) (int, error) {
	const key = "K\x00\x00\x00\x0c" // BackendKeyData, 12 bytes
	if at := strings.Index(string(p), key); at >= 0 && !r.done {
		r.done = true
		p = append([]byte(nil), p...)
		p[at+len(key)+3] ^= 1 // the last byte of the process's number
	}
	return r.Writer.Write(p)
}

// One that leaves each client its session loses nothing; from here it is not known to.
func TestPool(t *testing.T) {
	t.Parallel()
	url := services.NewDatabase(t)
	parsed, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	addr := net.JoinHostPort(parsed.Host, strings.Split(strings.Split(url, "@127.0.0.1:")[1], "/")[0])
	behind := strings.Replace(url, addr, pool(t, addr), 1)
	found := postgresAt(t, behind, three)
	found.want(t, "pooler", checkup.Warn, "PgBouncer", "--postgres-exec-mode exec", "--postgres-migrate-url")
	found.want(t, "connections", checkup.OK, "a pool stands between")
}

// One that does not is found out, where nodes prepare what they ask.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	url := services.NewDatabase(t)
	migrate(t, url)
	behind := services.Pooled(t, url)
	for range 2 { // once more, with what the first has left in the sessions
		found := postgresAt(t, behind, three)
		found.want(t, "pooler", checkup.Fail, "loses prepared statements", "--postgres-exec-mode exec", "--postgres-migrate-url")
		found.allBut(t, "pooler", "durability")
	}
	postgresAt(t, behind+"&search_path=public", three).alone(t, "search_path", "out of the URL", "ALTER ROLE")
	fits := three
	fits.ExecMode = "exec"
	found := postgresAt(t, behind, fits)
	found.want(t, "pooler", checkup.OK, "nothing is prepared", "exec")
	found.allBut(t, "durability")
}

func TestPostgresURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://u:hush@host:port/x", "postgres://u:hush@host/x?sslmode=never"} {
		_, err := checkup.Postgres(url, three)
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", url, err)
		}
	}
	part, err := checkup.Postgres("postgres://u:hush@host:6543/x?sslmode=disable", three)
	if err != nil || part.Name() != "postgres host:6543/x" {
		t.Errorf("%v, %v", part, err)
	}
}
