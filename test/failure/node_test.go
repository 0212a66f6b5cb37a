package failure

import (
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
)

const secret = "a secret of thirty-two bytes or more"

// node is a server in a process of its own.
type node struct {
	cmd     *exec.Cmd
	address string // host and port that it serves
	logs    *testkit.Output
	over    chan struct{} // closed when it has ended
}

// serving matches the address that the banner names.
var serving = regexp.MustCompile(`serving on http://(\S+)`)

// launch runs a node until the test ends.
func launch(t *testing.T, env ...string) *node {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	n := &node{cmd: exec.Command(path), logs: new(testkit.Output), over: make(chan struct{})}
	n.cmd.Env = append([]string{
		"OVATION_LISTEN=127.0.0.1:0", "OVATION_INTERNAL_LISTEN=127.0.0.1:0", "OVATION_AUTH_SECRET=" + secret,
		"OVATION_HEARTBEAT=2s", "OVATION_DRAIN_TIMEOUT=15s", "OVATION_RECONNECT_JITTER=3s",
		"OVATION_USER_SEND_RATE=0", "OVATION_USER_READ_RATE=0", "OVATION_USER_CONNECT_RATE=0",
	}, env...)
	out := new(testkit.Output)
	n.cmd.Stdout, n.cmd.Stderr = out, n.logs
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(n.over)
		_ = n.cmd.Wait() // its code is read from ProcessState
	}()
	t.Cleanup(func() { n.finish(t) })
	n.address = out.Match(t, serving)
	return n
}

// finish ends the node as an operator does, if it still runs, and looks at what it logged.
func (n *node) finish(t *testing.T) {
	t.Helper()
	if n.runs() {
		if code := n.stop(t); code != 0 {
			t.Errorf("a node ended with code %d:\n%s", code, n.logs)
		}
	}
	for _, fault := range []string{"panic", "fatal error", "DATA RACE"} {
		if strings.Contains(n.logs.String(), fault) {
			t.Errorf("a node logged %q:\n%s", fault, n.logs)
		}
	}
}

// runs tells whether the node has not ended.
func (n *node) runs() bool {
	select {
	case <-n.over:
		return false
	default:
		return true
	}
}

// stop ends the node in good order, and returns its code; -1 if it had to be killed.
func (n *node) stop(t *testing.T) int {
	t.Helper()
	n.signal(t, syscall.SIGCONT) // it may have been stopped
	n.signal(t, syscall.SIGTERM)
	late := time.AfterFunc(patience, func() { _ = n.cmd.Process.Kill() })
	defer late.Stop()
	<-n.over
	return n.cmd.ProcessState.ExitCode()
}

// kill ends the node at once.
func (n *node) kill(t *testing.T) {
	t.Helper()
	n.signal(t, syscall.SIGKILL)
	<-n.over
}

// signal sends the node a signal.
func (n *node) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
