package testkit

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"time"
)

// patience is how long is waited for what must be written.
const patience = 30 * time.Second

// Output collects what is written to it, by a program or a logger, and can be read
// meanwhile. The zero value is empty and ready to use; it may be used concurrently.
type Output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{} // closed by the next Write; nil if nobody waits
}

// Write implements io.Writer. It never fails.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wrote != nil {
		close(o.wrote)
		o.wrote = nil
	}
	return o.text.Write(p)
}

// String returns what was written so far.
func (o *Output) String() string {
	text, _ := o.read()
	return text
}

// Wait waits until the output has a text.
func (o *Output) Wait(t T, text string) {
	t.Helper()
	if !o.until(func(all string) bool { return strings.Contains(all, text) }) {
		t.Fatalf("never wrote %q, but:\n%s", text, o)
	}
}

// Match waits until the output matches, and returns the last group or, without groups,
// the match.
func (o *Output) Match(t T, re *regexp.Regexp) string {
	t.Helper()
	var found []string
	if !o.until(func(all string) bool { found = re.FindStringSubmatch(all); return found != nil }) {
		t.Fatalf("never wrote anything like %v, but:\n%s", re, o)
		return ""
	}
	return found[len(found)-1]
}

// until tells whether enough was written in time.
func (o *Output) until(enough func(string) bool) bool {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		text, wrote := o.read()
		if enough(text) {
			return true
		}
		select {
		case <-wrote:
		case <-late.C:
			return false
		}
	}
}

// read returns what was written so far, and what is closed when there is more.
func (o *Output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wrote == nil {
		o.wrote = make(chan struct{})
	}
	return o.text.String(), o.wrote
}
