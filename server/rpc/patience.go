package rpc

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// patience bounds how long a stream waits for its reader to take a frame, and a call for
// its request to arrive: net/http waits for ever on HTTP/1.1, and on HTTP/2 for one who
// does not open the stream's window. It costs a timer that is set and stopped, not a deadline set for each frame,
// which on HTTP/2 is a message to another goroutine.
type patience struct {
	within time.Duration
	cut    func() // what is being written, or read, fails

	mu    sync.Mutex
	timer *time.Timer
	until time.Time // zero: nothing is waited for
}

type patienceKey struct{}

// patient gives a handler's streams so much patience with their readers.
func patient(within time.Duration, next http.Handler) http.Handler {
	if within == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		controller := http.NewResponseController(w)
		p := &patience{within: within, cut: func() { _ = controller.SetWriteDeadline(time.Unix(1, 0)) }}
		defer p.end()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), patienceKey{}, p)))
	})
}

// patienceOf returns the patience with a request's reader, nil if it has no end.
func patienceOf(ctx context.Context) *patience {
	p, _ := ctx.Value(patienceKey{}).(*patience)
	return p
}

// begin begins to wait.
func (p *patience) begin() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Now().Add(p.within)
	if p.timer == nil {
		p.timer = time.AfterFunc(p.within, p.over)
		return
	}
	p.timer.Reset(p.within)
}

// end ends the wait.
func (p *patience) end() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Time{}
	if p.timer != nil {
		p.timer.Stop()
	}
}

// over cuts the stream if the wait is really over: the timer may be that of a frame
// before.
func (p *patience) over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.until.IsZero() && !time.Now().Before(p.until) {
		p.cut()
	}
}
