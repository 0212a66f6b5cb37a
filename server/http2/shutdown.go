package http2

import (
	"io"
	"time"

	"golang.org/x/net/http2"
)

const (
	// goodbyeWithin bounds how long a client may take to hear that the connection is to
	// end before it ends with the streams that are open.
	goodbyeWithin = time.Second
	// lingerWithin bounds how long a client may take to close a connection that is over.
	lingerWithin = time.Second
)

// leaving is how far the connection's end has come.
type leaving struct {
	stage stage
	timer *time.Timer
}

type stage int

const (
	staying stage = iota
	warned        // the client was told; streams that it opened before it heard are served
	final         // the client was told which streams are served
	failed        // because of an error: none are
)

func (l *leaving) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// shutdown ends the connection when its streams have ended.
func (c *conn) shutdown() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sayGoodbye()
}

// sayGoodbye tells the client that the connection will end. A stream may be on its way,
// so the last one is named when the client has answered, or soon.
func (c *conn) sayGoodbye() {
	if !c.greeted {
		c.unwelcome = true
		return
	}
	if c.leave.stage != staying || c.closed {
		return
	}
	c.leave.stage = warned
	c.appendGoAway(maxWindow, http2.ErrCodeNo, "")
	c.appendPing(false, [8]byte{7: goodbyePing})
	c.leave.timer = time.AfterFunc(goodbyeWithin, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.nameLast()
	})
	c.flush()
}

// nameLast tells the client which streams are served.
func (c *conn) nameLast() {
	if c.leave.stage != warned || c.closed {
		return
	}
	c.leave.stop()
	c.leave.stage = final
	c.appendGoAway(c.last, http2.ErrCodeNo, "")
	c.flush()
	c.settle()
}

// abort ends the connection because of what the client did.
func (c *conn) abort(code http2.ErrCode, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leave.stage == failed || c.closed {
		return
	}
	c.leave.stop()
	c.leave.stage = failed
	c.appendGoAway(c.last, code, why)
	c.loseStreams()
	c.flush()
	c.settle()
}

// settle closes our half of a connection that is over and has nothing more to say. What
// the client says still is read for a moment, because closing a connection that has
// something to read would take our last words from the client.
func (c *conn) settle() {
	over := c.leave.stage == failed || c.leave.stage == final && c.running == 0
	if !over || c.halfClosed || c.writing || c.pending != nil && !c.broken {
		return
	}
	c.halfClosed = true
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		go func() { _ = half.CloseWrite() }() // TLS writes here, and may wait; the connection is over either way
	}
	_ = c.net.SetReadDeadline(time.Now().Add(lingerWithin)) // the connection is over either way
}

// linger reads on from a connection that failed until the client closes it, or soon.
func (c *conn) linger() {
	c.setReadDeadline(2 * lingerWithin)
	_, _ = io.CopyN(io.Discard, c.in, debtBytes) // whatever it is
}
