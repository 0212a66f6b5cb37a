package rpc

import (
	"net/http"
	"sync"
	"time"
)

// outlet is where a stream's bytes go, with a bound on how long its reader may take to
// take them: net/http waits for ever on HTTP/1.1, and on HTTP/2 for one who does not open
// the stream's window. A deadline set for each frame would be a message to another
// goroutine on HTTP/2, and a timer set for each would cost more than the rest of this:
// one timer goes off now and then while frames are written, and looks.
type outlet struct {
	http.ResponseWriter
	controller *http.ResponseController
	patience   time.Duration // 0: no end of it

	mu    sync.Mutex
	timer *time.Timer // nil until something is written
	set   bool        // the timer is
	since time.Time   // when what is being written was begun; zero: nothing is
}

func newOutlet(w http.ResponseWriter, patience time.Duration) *outlet {
	return &outlet{ResponseWriter: w, controller: http.NewResponseController(w), patience: patience}
}

// Flush sends what was written.
func (o *outlet) Flush() error { return o.controller.Flush() }

// begin notes that writing begins.
func (o *outlet) begin() {
	if o.patience == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Now()
	switch {
	case o.timer == nil:
		o.timer = time.AfterFunc(o.patience, o.look)
	case !o.set:
		o.timer.Reset(o.patience)
	}
	o.set = true
}

// end notes that what was being written is.
func (o *outlet) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Time{}
}

// look makes what is being written fail if that has taken too long.
func (o *outlet) look() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		o.set = false
		return
	}
	if left := o.patience - time.Since(o.since); left > 0 {
		o.timer.Reset(left)
		return
	}
	_ = o.controller.SetWriteDeadline(time.Unix(1, 0)) // it fails where the stream has
}

// close ends the wait for good.
func (o *outlet) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since = time.Time{}
	if o.timer != nil {
		o.timer.Stop()
	}
}
