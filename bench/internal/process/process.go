//go:build linux

// Package process runs a server as a process of its own and reads what it costs.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startWithin = 20 * time.Second
	stopWithin  = 10 * time.Second
	// ticks is the unit of a process's CPU time (USER_HZ, the same on every Linux).
	ticks = 100
)

// A Process is a server that runs. It serves viewers on Public, and profiles on
// Internal.
type Process struct {
	Public   netip.AddrPort
	Internal string // base address

	cmd  *exec.Cmd
	over chan struct{} // closed when it has ended
}

// addresses is how every server says where it serves.
var addresses = regexp.MustCompile(`serving on (http://\S+) \(internal: (http://\S+)\)`)

// Start runs a server and waits until it says where it serves. What it logs goes to
// log.
func Start(ctx context.Context, log io.Writer, path string, args ...string) (*Process, error) {
	cmd := exec.Command(path, args...) //nolint:gosec,noctx // a server that was just built; Stop ends it in its own way
	cmd.Stderr = log
	// A signal from the terminal is for the one who started it, who stops it in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, over: make(chan struct{})}
	found := make(chan []string, 1)
	go func() {
		defer close(p.over)
		watch(stdout, found)
		_ = cmd.Wait() // its code does not matter: it is killed where it does not end
	}()
	if err := p.await(ctx, found); err != nil {
		_ = cmd.Process.Kill() // it may have ended
		<-p.over
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return p, nil
}

// watch reads what a server prints to its end, and finds its addresses.
func watch(r io.Reader, found chan<- []string) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if match := addresses.FindStringSubmatch(lines.Text()); match != nil {
			select {
			case found <- match:
			default: // once is enough
			}
		}
	}
}

// await waits for the addresses.
func (p *Process) await(ctx context.Context, found <-chan []string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	select {
	case match := <-found:
		public, err := url.Parse(match[1])
		if err != nil {
			return err
		}
		p.Public, err = netip.ParseAddrPort(public.Host)
		p.Internal = match[2]
		return err
	case <-p.over:
		return errors.New("it ended")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stop ends the server as an operator does, and then by force.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-p.over:
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.over
	}
}

// CPU returns the CPU time, of user and system, that the server has used.
func (p *Process) CPU() (time.Duration, error) {
	b, err := os.ReadFile(p.file("stat"))
	if err != nil {
		return 0, err
	}
	// The second field is a name in parentheses, which may hold anything.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s has %d fields", p.file("stat"), len(fields))
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticks, err
}

// resident is the line of the kernel's account that is exact: others may lag behind.
var resident = regexp.MustCompile(`(?m)^Rss: +(\d+) kB$`)

// Resident returns the bytes of memory that the server holds.
func (p *Process) Resident() (int64, error) {
	b, err := os.ReadFile(p.file("smaps_rollup"))
	if err != nil {
		return 0, err
	}
	match := resident.FindSubmatch(b)
	if match == nil {
		return 0, fmt.Errorf("%s does not say", p.file("smaps_rollup"))
	}
	kibibytes, err := strconv.ParseInt(string(match[1]), 10, 64)
	return kibibytes << 10, err
}

func (p *Process) file(name string) string {
	return fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name)
}

// Memory is what the server's runtime says of it, after a collection.
type Memory struct {
	Heap, Stack int64 // bytes in use
	Goroutines  int64
}

// The lines of profiles that say so.
var (
	heapInUse  = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)
	stackInUse = regexp.MustCompile(`(?m)^# Stack = (\d+) / \d+$`)
	goroutines = regexp.MustCompile(`^goroutine profile: total (\d+)`)
)

// Collect has the server collect its garbage and returns what is left.
func (p *Process) Collect(ctx context.Context) (m Memory, err error) {
	heap, err := p.Profile(ctx, "heap?debug=1&gc=1")
	if err != nil {
		return m, err
	}
	routines, err := p.Profile(ctx, "goroutine?debug=1")
	if err != nil {
		return m, err
	}
	for _, f := range []struct {
		to      *int64
		pattern *regexp.Regexp
		text    []byte
	}{{&m.Heap, heapInUse, heap}, {&m.Stack, stackInUse, heap}, {&m.Goroutines, goroutines, routines}} {
		match := f.pattern.FindSubmatch(f.text)
		if match == nil {
			return m, fmt.Errorf("a profile does not say %v", f.pattern)
		}
		if *f.to, err = strconv.ParseInt(string(match[1]), 10, 64); err != nil {
			return m, err
		}
	}
	return m, nil
}

// Profile returns a profile of the server.
func (p *Process) Profile(ctx context.Context, name string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Internal+"/debug/pprof/"+name, http.NoBody)
	if err != nil {
		return nil, err
	}
	return Fetch(req)
}

// once keeps no connection: the next request is for another server.
var once = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// Fetch does a request on the internal address and returns the answer's body.
func Fetch(req *http.Request) ([]byte, error) {
	resp, err := once.Do(req) //nolint:gosec // to a server that was started here
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", req.URL, resp.Status, b)
	}
	return b, err
}
