package rpc

import (
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// outlet is where a stream's bytes go, with a bound on how long its reader may take to
// take them: net/http waits for ever on HTTP/1.1, and on HTTP/2 for one who does not open
// the stream's window. A deadline set for each frame would be a message to another
// goroutine on HTTP/2, and a timer set for each, or only the time asked for, would cost
// more than the rest of this. So a timer goes off now and then while frames are written,
// and what it finds being written twice is cut: after the patience, and before twice
// that.
type outlet struct {
	http.ResponseWriter
	controller *http.ResponseController
	patience   time.Duration // 0: no end of it
	writes     atomic.Uint64 // begun and ended: odd while something is being written
	watched    atomic.Bool   // the timer is set
	timer      *time.Timer

	mu     sync.Mutex // the timer's, never a frame's
	found  uint64     // what was being written when the timer last went off
	closed bool
}

func newOutlet(w http.ResponseWriter, patience time.Duration) *outlet {
	o := &outlet{ResponseWriter: w, controller: http.NewResponseController(w), patience: patience}
	o.timer = time.AfterFunc(math.MaxInt64, o.look)
	o.timer.Stop()
	return o
}

// pieceBytes is how much of a frame is written at once: one who takes less within the
// patience takes nothing.
const pieceBytes = 64 << 10

// Write implements io.Writer. It is for between begin and end, and notes each piece that
// was taken.
func (o *outlet) Write(b []byte) (written int, err error) {
	for more := true; more && err == nil; more = len(b) > 0 {
		var n int
		n, err = o.ResponseWriter.Write(b[:min(len(b), pieceBytes)])
		o.writes.Add(2)
		written, b = written+n, b[n:]
	}
	return written, err
}

// Flush sends what was written.
func (o *outlet) Flush() error { return o.controller.Flush() }

// unhurried lifts the server's bound on how long a response may take.
func (o *outlet) unhurried() { _ = o.controller.SetWriteDeadline(time.Time{}) } // it fails where there is none

// begin notes that writing begins.
func (o *outlet) begin() {
	o.writes.Add(1)
	if o.patience > 0 && !o.watched.Swap(true) {
		o.timer.Reset(o.patience)
	}
}

// end notes that what was being written is.
func (o *outlet) end() { o.writes.Add(1) }

// look cuts what is being written if it was when it last looked.
func (o *outlet) look() {
	o.mu.Lock()
	defer o.mu.Unlock()
	writing := o.writes.Load()
	switch {
	case o.closed:
		return
	case writing%2 == 0:
		o.watched.Store(false)
		if o.writes.Load() == writing || o.watched.Swap(true) {
			return
		}
	case writing == o.found:
		_ = o.controller.SetWriteDeadline(time.Unix(1, 0)) // it fails where the stream is over
		return
	}
	o.found = writing
	o.timer.Reset(o.patience)
}

// close ends the watch. The response must not be touched afterwards.
func (o *outlet) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.timer.Stop()
}
