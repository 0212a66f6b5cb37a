package services

import (
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// Redis is a redis-server of a test's own. Its methods are for one goroutine at a time.
type Redis struct {
	program program
	port    int
	folder  string
	running *process // nil while it does not run
}

// SharedRedis returns the URL of a redis-server that all tests of the package share: each
// uses key prefixes of its own, and does nothing that others would notice.
func SharedRedis(tb testing.TB) string {
	tb.Helper()
	r, err := sharedRedis()
	check(tb, err)
	return r.URL()
}

var sharedRedis = sync.OnceValues(func() (*Redis, error) {
	r, err := newRedis()
	if err == nil {
		endings.add(r.remove)
	}
	return r, err
})

// NewRedis runs a redis-server until the test ends, with settings such as "--appendonly",
// "yes". It keeps nothing in files unless told to.
func NewRedis(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	r, err := newRedis(args...)
	check(tb, err)
	tb.Cleanup(r.remove)
	return r
}

func newRedis(args ...string) (*Redis, error) {
	return try(func() (*Redis, error) { return startRedis(args) })
}

func startRedis(args []string) (*Redis, error) {
	return launchRedis("Ready to accept connections", func(port int, folder string) ([]string, error) {
		return append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder}, args...), nil
	})
}

// launchRedis runs a redis-server with settings for its port and its folder, and waits for
// what it says once it serves.
func launchRedis(ready string, settings func(port int, folder string) ([]string, error)) (*Redis, error) {
	path, err := redisServer()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "ovation-redis-")
	if err != nil {
		return nil, err
	}
	r := &Redis{port: port, folder: folder, program: program{
		path: path, folder: folder, ready: ready, end: syscall.SIGTERM, abandon: syscall.SIGKILL,
	}}
	if r.program.args, err = settings(port, folder); err == nil {
		err = r.start()
	}
	if err != nil {
		r.remove()
		return nil, err
	}
	return r, nil
}

// Addr returns the server's host and port.
func (r *Redis) Addr() string { return address(r.port) }

// URL returns the server's address as clients take it.
func (r *Redis) URL() string { return "redis://" + r.Addr() }

// Start runs the server again, on its port, with what is left of its data.
func (r *Redis) Start(tb testing.TB) {
	tb.Helper()
	check(tb, r.start())
}

// Stop ends the server in good order.
func (r *Redis) Stop(tb testing.TB) {
	tb.Helper()
	check(tb, r.stop())
}

// Kill ends the server at once.
func (r *Redis) Kill() {
	if r.running != nil {
		r.running.kill()
		r.running = nil
	}
}

// Restart stops the server and starts it with the data that it keeps: none, unless its
// settings say so.
func (r *Redis) Restart(tb testing.TB) {
	tb.Helper()
	r.Stop(tb)
	r.Start(tb)
}

// RestartEmpty kills the server and starts it without any data.
func (r *Redis) RestartEmpty(tb testing.TB) {
	tb.Helper()
	r.Kill()
	check(tb, empty(r.folder))
	r.Start(tb)
}

// Pause stops the server in its tracks: connections stay open, and nothing is answered.
func (r *Redis) Pause(tb testing.TB) {
	tb.Helper()
	check(tb, r.signal(syscall.SIGSTOP))
}

// Resume lets the server go on after Pause.
func (r *Redis) Resume(tb testing.TB) {
	tb.Helper()
	check(tb, r.signal(syscall.SIGCONT))
}

// Do sends the server a command and returns the answer, which must not be an error: texts,
// numbers and lists of such.
func (r *Redis) Do(tb testing.TB, args ...string) any {
	tb.Helper()
	got, err := r.do(args...)
	check(tb, err)
	return got
}

func (r *Redis) signal(s syscall.Signal) error {
	if r.running == nil {
		return errNotRunning
	}
	return r.running.cmd.Process.Signal(s)
}

func (r *Redis) start() (err error) {
	if r.running != nil {
		return errRunning
	}
	r.running, err = run(r.program)
	return err
}

func (r *Redis) stop() error {
	if r.running == nil {
		return errNotRunning
	}
	err := r.running.stop()
	r.running = nil
	return err
}

// remove ends the server and deletes what it kept.
func (r *Redis) remove() {
	r.Kill()
	_ = os.RemoveAll(r.folder)
}

// empty deletes everything in a folder.
func empty(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.Mkdir(folder, 0o700)
}
