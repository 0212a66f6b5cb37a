//go:build linux

package load

import (
	"fmt"
	"net/netip"
	"time"
)

// Calls is what is called again and again.
type Calls struct {
	Procedure string
	Headers   [][2]string           // but for the caller's own
	Body      func(conn int) []byte // of every call of a connection
	Bearer    func(conn int) string // the token of a connection; nil: none
	// Next returns the token and the body of a call, each time another's, and whether there
	// is one more; nil: every call is as Bearer and Body say. It is not called concurrently.
	Next func() (token string, body []byte, more bool)
	// Trailers says that a call succeeded by what comes after its answer, as gRPC does:
	// trailers are then read, and good decides.
	Trailers bool
	// Took is told how long each call took that was answered as asked for; nil: nobody is.
	// It is not called concurrently.
	Took func(time.Duration)
	// Good says whether an answer is what was asked for; nil: any is. It keeps nothing of it.
	Good func(answer []byte) bool
}

// Callers are connections that call, each as many calls at once as it has streams, and
// the next when one is answered.
type Callers struct {
	poller  *Poller
	calls   Calls
	stopped bool
	open    int
	counts  Counts
}

// Counts is what became of calls.
type Counts struct {
	Answered int64 // and good
	Refused  int64 // answered otherwise than was asked for
	Open     int   // not yet answered
	Broken   int   // connections
	Fault    error // of the first that broke
}

// NewCallers returns callers without connections.
func NewCallers(p *Poller, c Calls) *Callers { return &Callers{poller: p, calls: c} }

// Add connects caller number n, with so many calls at once.
func (c *Callers) Add(address netip.AddrPort, n, streams int) error {
	headers := c.calls.Headers
	if c.calls.Bearer != nil {
		headers = append([][2]string{{"authorization", "Bearer " + c.calls.Bearer(n)}}, headers...)
	}
	blocks := newBlocks(address.String(), c.calls.Procedure, headers)
	var body []byte
	if c.calls.Body != nil {
		body = c.calls.Body(n)
	}
	return c.poller.Dial(address, func(conn *Conn) Handler {
		a := &calling{callers: c, blocks: blocks, body: body, next: 1, began: make(map[uint32]time.Time), good: make(map[uint32]bool)}
		a.client = newClient(conn, a)
		if c.calls.Trailers {
			a.trailers = newTrailers()
		}
		for range streams {
			a.call()
		}
		return a
	})
}

// Counts returns what became of calls so far.
func (c *Callers) Counts() (counts Counts) {
	c.poller.Do(func() {
		counts = c.counts
		counts.Open = c.open
	})
	return counts
}

// Stop lets the calls that are open end, and begins no more.
func (c *Callers) Stop() { c.poller.Do(func() { c.stopped = true }) }

// calling is one connection that calls.
type calling struct {
	*client

	callers  *Callers
	blocks   blocks
	body     []byte
	next     uint32 // the number of the next stream
	open     int
	began    map[uint32]time.Time // of open streams, if somebody is told
	good     map[uint32]bool      // of open streams, whether what has come of the answer is good
	trailers *trailers
}

// call begins a call, if there is one more.
func (a *calling) call() {
	block, body := a.blocks.other, a.body
	if a.next == 1 {
		block = a.blocks.first
	}
	if a.callers.calls.Next != nil {
		token, own, more := a.callers.calls.Next()
		if !more {
			return
		}
		block, body = authorized(block, token), own
	}
	a.good[a.next] = true
	if a.callers.calls.Took != nil {
		a.began[a.next] = time.Now()
	}
	a.request(a.next, block, body)
	a.next += 2
	a.open++
	a.callers.open++
}

// answered notes that a call is answered and begins the next.
func (a *calling) answered(stream uint32) {
	if a.good[stream] {
		a.callers.counts.Answered++
		if a.callers.calls.Took != nil {
			a.callers.calls.Took(time.Since(a.began[stream]))
		}
	} else {
		a.callers.counts.Refused++
	}
	delete(a.good, stream)
	delete(a.began, stream)
	a.open--
	a.callers.open--
	if !a.callers.stopped {
		a.call()
	}
}

// headers implements streams.
func (a *calling) headers(stream uint32, block []byte, ended bool) error {
	if a.trailers != nil {
		status, err := a.trailers.status(block)
		if err != nil {
			return err
		}
		if status != "" && status != "0" {
			a.good[stream] = false
		}
	} else if len(block) == 0 || block[0] != ok {
		a.good[stream] = false
	}
	if ended {
		a.answered(stream)
	}
	return nil
}

// data implements streams.
func (a *calling) data(stream uint32, b []byte, ended bool) error {
	if !a.good[stream] && len(b) > 0 && a.callers.counts.Fault == nil {
		a.callers.counts.Fault = fmt.Errorf("%w: %.200q", errStatus, b)
	}
	if good := a.callers.calls.Good; good != nil && len(b) > 0 && !good(b) {
		a.good[stream] = false
	}
	if ended {
		a.answered(stream)
	}
	return nil
}

// Lost implements Handler.
func (a *calling) Lost(err error) {
	a.callers.open -= a.open
	if a.callers.counts.Broken++; a.callers.counts.Fault == nil {
		a.callers.counts.Fault = err
	}
}
