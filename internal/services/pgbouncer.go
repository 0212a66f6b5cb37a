package services

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// pgBouncer is a pool of connections before a Postgres, by transaction: what a client does
// next, another session does.
type pgBouncer struct {
	port    int
	folder  string
	running *process
}

// Pooled returns the address of a database, of those of NewDatabase, through a PgBouncer
// that pools connections by transaction. All tests of the package share it.
func Pooled(tb testing.TB, address string) string {
	tb.Helper()
	b, err := sharedPgBouncer()
	check(tb, err)
	u, err := url.Parse(address)
	check(tb, err)
	u.Host = fmt.Sprintf("127.0.0.1:%d", b.port)
	return u.String()
}

var sharedPgBouncer = sync.OnceValues(func() (*pgBouncer, error) {
	p, err := sharedPostgres()
	if err != nil {
		return nil, err
	}
	b, err := try(func() (*pgBouncer, error) { return startPgBouncer(p.port) })
	if err == nil {
		endings.add(b.remove)
	}
	return b, err
})

// pgBouncerINI is its configuration, for the port of a Postgres and its own. It takes
// sessions in turn, so that hardly a client has the same one twice in a row.
const pgBouncerINI = `[databases]
* = host=127.0.0.1 port=%d user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
server_round_robin = 1
default_pool_size = 8
min_pool_size = 2
max_client_conn = 1000
server_idle_timeout = 5
`

// startPgBouncer runs a PgBouncer before the Postgres at a port.
func startPgBouncer(postgres int) (b *pgBouncer, err error) {
	path, err := pgBouncerProgram()
	if err != nil {
		return nil, err
	}
	credential, err := unprivileged()
	if err != nil {
		return nil, err
	}
	b = new(pgBouncer)
	if b.port, err = freePort(); err != nil {
		return nil, err
	}
	if b.folder, err = os.MkdirTemp("", "ovation-pgbouncer-"); err != nil {
		return nil, err
	}
	if err = b.start(path, credential, postgres); err != nil {
		b.remove()
		return nil, err
	}
	return b, nil
}

// start runs the program, which refuses to be run by root as Postgres does.
func (b *pgBouncer) start(path string, credential *syscall.Credential, postgres int) (err error) {
	file := filepath.Join(b.folder, "pgbouncer.ini")
	if err := os.WriteFile(file, fmt.Appendf(nil, pgBouncerINI, postgres, b.port), 0o600); err != nil {
		return err
	}
	if credential != nil {
		for _, name := range []string{b.folder, file} {
			if err := os.Chown(name, int(credential.Uid), int(credential.Gid)); err != nil {
				return err
			}
		}
	}
	b.running, err = run(program{
		path: path, folder: b.folder, credential: credential, args: []string{file},
		ready: "process up:", end: syscall.SIGINT, abandon: syscall.SIGKILL,
	})
	return err
}

// pgBouncerProgram returns the program to pool connections with.
func pgBouncerProgram() (string, error) {
	const name = "OVATION_PGBOUNCER"
	for _, candidate := range []string{cmp.Or(os.Getenv(name), "pgbouncer"), "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("pgbouncer (or %s): %w", name, errAbsent)
}

// remove ends the pool and deletes what it kept.
func (b *pgBouncer) remove() {
	if b.running != nil {
		b.running.kill()
	}
	_ = os.RemoveAll(b.folder)
}
