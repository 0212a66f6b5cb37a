package services

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Postgres is a server of a test's own. Its methods are for one goroutine at a time.
type Postgres struct {
	program program
	bin     string // the folder of its programs
	port    int
	folder  string
	running *process // nil while it does not run
}

// SharedPostgres returns the address of a Postgres that all tests of the package share, and
// of its database postgres; each test makes one of its own with NewDatabase.
func SharedPostgres(tb testing.TB) string {
	tb.Helper()
	p, err := sharedPostgres()
	check(tb, err)
	return p.url("postgres")
}

var sharedPostgres = sync.OnceValues(func() (*Postgres, error) {
	p, err := newPostgres()
	if err == nil {
		endings.add(p.remove)
	}
	return p, err
})

// NewDatabase makes a database in the Postgres that the package shares, until the test ends,
// and returns its address.
func NewDatabase(tb testing.TB) string {
	tb.Helper()
	p, err := sharedPostgres()
	check(tb, err)
	return p.NewDatabase(tb)
}

// NewPostgres runs a Postgres until the test ends, with settings (name=value) of its own.
func NewPostgres(tb testing.TB, settings ...string) *Postgres {
	tb.Helper()
	p, err := try(func() (*Postgres, error) { return startPostgres(settings) })
	check(tb, err)
	tb.Cleanup(p.remove)
	return p
}

func newPostgres() (*Postgres, error) {
	return try(func() (*Postgres, error) { return startPostgres(nil) })
}

func startPostgres(settings []string) (*Postgres, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "ovation-postgres-")
	if err != nil {
		return nil, err
	}
	p := &Postgres{bin: bin, port: port, folder: folder}
	if err := p.initialise(); err != nil {
		p.remove()
		return nil, err
	}
	for _, setting := range settings {
		p.program.args = append(p.program.args, "-c", setting)
	}
	if err := p.start(); err != nil {
		p.remove()
		return nil, err
	}
	return p, nil
}

// initialise makes what Postgres runs on. It survives the death of its process, and not of
// the machine.
func (p *Postgres) initialise() error {
	credential, err := unprivileged()
	if err != nil {
		return err
	}
	if credential != nil {
		if err := os.Chown(p.folder, int(credential.Uid), int(credential.Gid)); err != nil {
			return err
		}
	}
	p.program = program{
		path: filepath.Join(p.bin, "postgres"), folder: p.folder, credential: credential,
		ready: "ready to accept connections", end: syscall.SIGINT, abandon: syscall.SIGQUIT,
		args: []string{
			"-D", p.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(p.port), "-k", "",
			"-c", "max_connections=300", "-c", "fsync=off", "-c", "full_page_writes=off",
		},
	}
	return p.call("initdb", "-D", p.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
}

func (p *Postgres) data() string { return filepath.Join(p.folder, "data") }

// call runs one of Postgres' programs to its end.
func (p *Postgres) call(name string, args ...string) error {
	cmd := exec.Command(filepath.Join(p.bin, name), args...) //nolint:gosec // Postgres' own
	cmd.Dir, cmd.Env, cmd.SysProcAttr = p.folder, []string{"LC_ALL=C", "TZ=UTC"}, attributes(p.program)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// administer calls a program that connects to the server.
func (p *Postgres) administer(name string, args ...string) error {
	return p.call(name, append([]string{"-h", "127.0.0.1", "-p", strconv.Itoa(p.port), "-U", "postgres"}, args...)...)
}

// NewDatabase makes a database, until the test ends, and returns its address.
func (p *Postgres) NewDatabase(tb testing.TB) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:13])
	check(tb, p.administer("createdb", "-T", "template0", name))
	tb.Cleanup(func() {
		if p.running != nil {
			_ = p.administer("dropdb", "--force", name) // the server goes with it, or soon
		}
	})
	return p.url(name)
}

// Query runs a statement in the database of an address and returns what psql prints of its
// rows: one a line, values with | in between. It works in a test's cleanup too.
func Query(tb testing.TB, url, statement string) string {
	tb.Helper()
	bin, err := postgresPrograms()
	check(tb, err)
	//nolint:gosec // Postgres' own
	cmd := exec.CommandContext(context.WithoutCancel(tb.Context()), filepath.Join(bin, "psql"), "-X", "-A", "-t", "-q", "-c", statement, url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s: %v: %s", statement, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (p *Postgres) url(database string) string {
	return "postgres://postgres@" + p.Addr() + "/" + database + "?sslmode=disable"
}

// Addr returns the server's host and port.
func (p *Postgres) Addr() string { return address(p.port) }

// Start runs the server again, on its port, with the data that it has.
func (p *Postgres) Start(tb testing.TB) {
	tb.Helper()
	check(tb, p.start())
}

// Stop ends the server in good order, as an administrator does who does not wait for
// sessions to end.
func (p *Postgres) Stop(tb testing.TB) {
	tb.Helper()
	check(tb, p.stop())
}

// Restart stops the server and starts it again.
func (p *Postgres) Restart(tb testing.TB) {
	tb.Helper()
	p.Stop(tb)
	p.Start(tb)
}

// Kill ends the server and all its sessions at once.
func (p *Postgres) Kill() {
	if p.running == nil {
		return
	}
	_ = p.signal(syscall.SIGKILL)
	p.running.kill() // if that did not
	p.running = nil
}

// Pause stops the server in its tracks: sessions stay, and nothing is answered.
func (p *Postgres) Pause(tb testing.TB) {
	tb.Helper()
	check(tb, p.signal(syscall.SIGSTOP))
}

// Resume lets the server go on after Pause.
func (p *Postgres) Resume(tb testing.TB) {
	tb.Helper()
	check(tb, p.signal(syscall.SIGCONT))
}

// signal sends a signal to the server and all its processes, none of which is begun meanwhile.
func (p *Postgres) signal(s syscall.Signal) error {
	if p.running == nil {
		return errNotRunning
	}
	if err := p.running.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	begun, err := children(p.running.pid())
	for _, child := range begun {
		_ = syscall.Kill(child, s) // it may have ended
	}
	return errors.Join(err, p.running.cmd.Process.Signal(s))
}

// children returns the processes that a process has begun.
func children(pid int) (pids []int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for field := range strings.FieldsSeq(string(text)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		pids = append(pids, child)
	}
	return pids, err
}

func (p *Postgres) start() (err error) {
	if p.running != nil {
		return errRunning
	}
	p.running, err = run(p.program)
	return err
}

func (p *Postgres) stop() error {
	if p.running == nil {
		return errNotRunning
	}
	err := p.running.stop()
	p.running = nil
	return err
}

// remove ends the server and deletes what it kept.
func (p *Postgres) remove() {
	p.Kill()
	_ = os.RemoveAll(p.folder)
}
