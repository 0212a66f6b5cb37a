package services

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long is waited for a server to do what it must.
const patience = time.Minute

// program is what is to be run.
type program struct {
	path       string
	args       []string
	folder     string              // where it runs
	ready      string              // what it writes once it serves
	end        syscall.Signal      // what it ends in good order by
	abandon    syscall.Signal      // what it gets when this process dies
	credential *syscall.Credential // who it runs as; nil: whoever runs this
}

// What is asked for of a server that is not as it must be for that.
var (
	errRunning    = errors.New("the server runs")
	errNotRunning = errors.New("the server does not run")
)

// process is a program that runs.
type process struct {
	cmd  *exec.Cmd
	out  *output
	over chan struct{} // closed when it has ended
	end  syscall.Signal
}

// run runs a program and waits until it serves.
func run(p program) (*process, error) {
	//nolint:gosec // a server, and its settings from here
	r := &process{cmd: exec.Command(p.path, p.args...), out: newOutput(p.ready), over: make(chan struct{}), end: p.end}
	r.cmd.Dir, r.cmd.Stdout, r.cmd.Stderr = p.folder, r.out, r.out
	r.cmd.Env = []string{"LC_ALL=C", "TZ=UTC"}
	r.cmd.SysProcAttr = attributes(p)
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(r.over)
		_ = r.cmd.Wait() // how it ended is its own matter
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-r.out.ready:
		return r, nil
	case <-r.over:
	case <-late.C:
		r.kill()
	}
	return nil, fmt.Errorf("%s does not serve:\n%s", p.path, r.out)
}

// pid is the process' number.
func (r *process) pid() int { return r.cmd.Process.Pid }

// kill ends the process at once, and waits until it is gone.
func (r *process) kill() {
	_ = r.cmd.Process.Kill()
	<-r.over
}

// stop ends the process in good order, or tells that it did not end so.
func (r *process) stop() error {
	_ = r.cmd.Process.Signal(r.end)
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-r.over:
		return nil
	case <-late.C:
		r.kill()
		return fmt.Errorf("%s did not stop:\n%s", r.cmd.Path, r.out)
	}
}

// output is what a process writes. It may be used concurrently.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	awake string        // what it says when it serves
	ready chan struct{} // closed once it has
}

func newOutput(awake string) *output { return &output{awake: awake, ready: make(chan struct{})} }

// Write implements io.Writer. It never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	served := strings.Contains(o.text.String(), o.awake)
	n, err := o.text.Write(p)
	if !served && strings.Contains(o.text.String(), o.awake) {
		close(o.ready)
	}
	return n, err
}

// String returns what was written so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
