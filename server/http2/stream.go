package http2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// stream is a request and its response. What is not said to be otherwise is under the
// connection's lock.
type stream struct {
	conn       *conn
	id         uint32
	handler    http.Handler
	request    *http.Request // the handler's
	response   response      // the handler's
	cancel     context.CancelFunc
	cond       sync.Cond // something happened to the stream
	err        error     // why it is over
	sendWindow int64
	recvWindow int64
	owed       int64 // bytes received and not yet allowed for again
	ended      bool  // the client has sent all
	blocked    bool  // waits among the connection's blocked
	timed      bool  // how long writing may take was said
	body       body
	trailer    http.Header // of the request
	writeTimer *time.Timer
}

// run runs the handler.
func (st *stream) run() {
	returned := false
	defer func() {
		if !returned {
			st.panicked(recover())
		}
		st.over()
	}()
	st.handler.ServeHTTP(&st.response, st.request)
	st.response.finish()
	returned = true
}

// panicked resets the stream of a handler that did not return.
func (st *stream) panicked(why any) {
	err, _ := why.(error)
	if why != nil && !errors.Is(err, http.ErrAbortHandler) {
		trace := make([]byte, 64<<10)
		trace = trace[:runtime.Stack(trace, false)]
		st.conn.server.logf("http2: panic serving %s: %v\n%s", st.conn.remote, why, trace)
	}
	st.conn.mu.Lock()
	defer st.conn.mu.Unlock()
	if st.err == nil {
		st.conn.resetStream(st, http2.ErrCodeInternal, errFinished)
		st.conn.flush()
	}
}

// over ends what belongs to the handler. The connection may have waited for it.
func (st *stream) over() {
	if form := st.request.MultipartForm; form != nil {
		_ = form.RemoveAll() // nobody is left to be told
	}
	c := st.conn
	c.mu.Lock()
	c.running--
	if c.running == 0 {
		c.idleSince = time.Now()
		c.settle()
	}
	c.mu.Unlock()
	c.report()
}

// closeStream ends a stream, and lets those know who wait for it.
func (c *conn) closeStream(st *stream, why error) {
	delete(c.streams, st.id)
	if st.err != nil {
		return
	}
	st.err = why
	st.body.drop()
	for _, t := range []*time.Timer{st.writeTimer, st.body.timer} {
		if t != nil {
			t.Stop()
		}
	}
	st.cancel()
	st.cond.Broadcast()
}

// resetStream ends a stream and tells the client.
func (c *conn) resetStream(st *stream, code http2.ErrCode, why error) {
	c.appendReset(st.id, code)
	if !st.ended {
		c.remember(st.id, true)
	}
	c.closeStream(st, why)
}

// pastStream is a stream that is over: the client may not know yet, if it was ours to end.
type pastStream struct {
	id   uint32
	ours bool
}

// remember notes that a stream is over.
func (c *conn) remember(id uint32, ours bool) {
	c.past[c.pasts%len(c.past)] = pastStream{id, ours}
	c.pasts++
}

// settleWith notes that the client knows that a stream is over.
func (c *conn) settleWith(id uint32) {
	for i := range c.past {
		if c.past[i].id == id {
			c.past[i].ours = false
		}
	}
}

// recall says whether a stream is known to be over, and whether we ended it while the
// client was still sending.
func (c *conn) recall(id uint32) (known, ours bool) {
	for _, p := range c.past {
		if p.id == id {
			return true, p.ours
		}
	}
	return false, false
}

// message is what a response sends at a time.
type message struct {
	fields   []hpack.HeaderField // of a header, if any
	data     [2][]byte           // one after the other
	trailers []hpack.HeaderField
	end      bool
	flush    bool
}

// flushBytes is how much waits for a flush that nobody asked for.
const flushBytes = 16 << 10

// send sends a part of a response: header, data, trailers. Data it sends as windows
// allow, and waits for them.
func (st *stream) send(m message) error {
	c := st.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := st.makeRoom(); err != nil {
		return err
	}
	unsaid := m.end // that the stream ends
	if m.fields != nil {
		bare := m.end && len(m.data[0])+len(m.data[1]) == 0 && m.trailers == nil
		c.appendFields(st.id, m.fields, bare)
		st.body.asked = true
		unsaid = unsaid && !bare
	}
	for i, data := range m.data {
		ends := unsaid && m.trailers == nil && i == len(m.data)-1
		if len(data) == 0 && !ends {
			continue
		}
		if err := st.sendData(data, ends); err != nil {
			return err
		}
	}
	if m.trailers != nil {
		c.appendFields(st.id, m.trailers, true)
	}
	return st.sent(m)
}

// sent does what a message asks for after it was appended.
func (st *stream) sent(m message) error {
	c := st.conn
	switch {
	case m.end:
		st.finish()
		c.flush()
		return nil
	case m.flush:
		return st.flush()
	case c.buffered() >= flushBytes:
		c.flush()
	}
	return nil
}

// makeRoom waits until not too much is pending.
func (st *stream) makeRoom() error {
	for st.err == nil && st.conn.crowded() {
		if !st.conn.flush() {
			st.wait()
		}
	}
	return st.err
}

// sendData appends data, as windows allow.
func (st *stream) sendData(data []byte, ends bool) error {
	c := st.conn
	for st.err == nil {
		n := st.sendable(len(data))
		if n == 0 && len(data) > 0 {
			if !c.flush() {
				st.wait()
			}
			continue
		}
		all := n == len(data)
		c.appendData(st.id, data[:n], ends && all)
		st.sendWindow -= int64(n)
		c.sendWindow -= int64(n)
		if all {
			return nil
		}
		data = data[n:]
	}
	return st.err
}

// flush writes what is pending. While the client takes nothing it waits, so that those
// who write more slow down.
func (st *stream) flush() error {
	c := st.conn
	c.flush()
	for c.stuck && st.err == nil {
		st.wait()
	}
	return st.err
}

// finish ends a stream whose response was sent. What of the request is not here yet need
// not come.
func (st *stream) finish() {
	if st.ended {
		st.conn.remember(st.id, false)
		st.conn.closeStream(st, errFinished)
		return
	}
	st.conn.resetStream(st, http2.ErrCodeNo, errFinished)
}

// setWriteDeadline resets the stream at a time, unless it is over by then.
func (st *stream) setWriteDeadline(at time.Time) {
	st.conn.mu.Lock()
	defer st.conn.mu.Unlock()
	st.writeUntil(at)
}

// writeUntil is setWriteDeadline under the connection's lock.
func (st *stream) writeUntil(at time.Time) {
	st.timed = true
	st.setDeadline(&st.writeTimer, at, func() {
		why := fmt.Errorf("http2: writing took too long: %w", os.ErrDeadlineExceeded)
		st.conn.resetStream(st, http2.ErrCodeInternal, why)
		st.conn.flush()
	})
}

// setReadDeadline lets those who wait for the body go on without it at a time.
func (st *stream) setReadDeadline(at time.Time) {
	st.conn.mu.Lock()
	defer st.conn.mu.Unlock()
	st.setDeadline(&st.body.timer, at, func() {
		st.body.expired = true
		st.cond.Broadcast()
	})
}

// setDeadline sets one of the stream's timers. The caller holds the connection's lock.
func (st *stream) setDeadline(timer **time.Timer, at time.Time, expire func()) {
	if *timer != nil {
		(*timer).Stop()
		*timer = nil
	}
	if at.IsZero() || st.err != nil {
		return
	}
	left := time.Until(at)
	if left <= 0 {
		expire()
		return
	}
	var own *time.Timer
	own = time.AfterFunc(left, func() {
		st.conn.mu.Lock()
		defer st.conn.mu.Unlock()
		if *timer == own && st.err == nil {
			expire()
		}
	})
	*timer = own
}
