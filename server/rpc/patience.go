package rpc

import (
	"net/http"
	"sync"
	"time"
)

// patience bounds how long a request may take to arrive: net/http waits for ever. The
// zero value has no end.
type patience struct {
	within time.Duration
	with   http.ResponseWriter

	mu      sync.Mutex
	timer   *time.Timer
	waiting bool
}

// begin begins to wait.
func (p *patience) begin() {
	if p.within == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = true
	p.timer = time.AfterFunc(p.within, p.over)
}

// end ends the wait for good. The response must not be touched afterwards.
func (p *patience) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	p.waiting = false
}

// over makes what is being read fail, unless the wait has ended.
func (p *patience) over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting {
		_ = http.NewResponseController(p.with).SetReadDeadline(time.Unix(1, 0)) // it fails where the request is over
	}
}
