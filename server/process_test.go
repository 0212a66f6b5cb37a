package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
)

// binary builds the server, once for all tests, and returns where it is.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "server")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// process is a server that runs on its own.
type process struct {
	cmd  *exec.Cmd
	logs *testkit.Output
	out  *testkit.Output
	over chan struct{} // closed when it has ended
}

// launch runs the server with an environment of its own.
func launch(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(path, args...), logs: new(testkit.Output), out: new(testkit.Output), over: make(chan struct{})}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.logs
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.over)
		_ = p.cmd.Wait() // its code is read from ProcessState
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.over
	})
	return p
}

// free is the environment of a server on ports that are free.
var free = []string{"OVATION_LISTEN=127.0.0.1:0", "OVATION_INTERNAL_LISTEN=127.0.0.1:0"}

// serve runs a server in development on free ports and waits until it serves.
func serve(t *testing.T, args ...string) *process {
	t.Helper()
	p := launch(t, free, args...)
	p.out.Wait(t, "Stop with Ctrl-C.")
	return p
}

// url matches what the banner names.
var url = regexp.MustCompile(`(?m)^ {2}(Page|RPC|Metrics) +(https?://\S+)`)

// urls returns the addresses that the banner names.
func (p *process) urls() map[string]string {
	found := make(map[string]string)
	for _, match := range url.FindAllStringSubmatch(p.out.String(), -1) {
		found[match[1]] = match[2]
	}
	return found
}

// signal sends a signal.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// code waits until the process has ended, for at most a while, and returns its code.
func (p *process) code(t *testing.T, within time.Duration) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	select {
	case <-p.over:
		return p.cmd.ProcessState.ExitCode()
	case <-ctx.Done():
		t.Fatalf("it has not ended within %v:\n%s", within, p.logs)
		return 0
	}
}

// lines counts the lines of a text.
func lines(text string) (n int) {
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		n++
	}
	return n
}
