package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/http2"
)

// conn is a connection. Its goroutine reads; what it shares with handlers is under mu,
// which is never held while anything waits.
type conn struct {
	server  *Server
	net     net.Conn
	raw     syscall.RawConn // nil where it cannot be tried to write without waiting
	handler http.Handler
	ctx     context.Context //nolint:containedctx // net/http's, for the requests to come
	remote  string
	tls     *tls.ConnectionState

	reading
	detached bool    // net/http knows nothing of it
	attempt  attempt // whoever writes

	frames atomic.Uint32 // read so far
	timer  *time.Timer   // tends the connection

	mu      sync.Mutex
	streams map[uint32]*stream // open, at least on our side
	last    uint32             // highest id that the client used
	running int                // handlers
	past    [8]pastStream      // the latest that are over
	pasts   int                // of them so far

	output
	encoder *encoder // the connection's own, once it has answered often enough
	answers int

	sendWindow    int64
	dataFrames    uint64 // sent
	windowUpdates uint64 // received
	recvWindow    int64
	owed          int64 // bytes received and not yet allowed for again
	peerWindow    int64 // of streams that begin
	peerTable     uint32
	blocked       []*stream
	idleSince     time.Time
	framesTended  uint32
	pinged        bool
	pingDue       time.Time
	leave         leaving
	greeted       bool // the settings were sent
	unwelcome     bool // it is to end as soon as they are
	halfClosed    bool // nothing is written any more
	closed        bool
	reportedState http.ConnState
	reporting     sync.Mutex
}

// newConn makes a connection one of the server's. It must be served.
func (s *Server) newConn(nc net.Conn, h http.Handler, state *tls.ConnectionState) *conn {
	now := time.Now()
	c := &conn{
		server:     s,
		net:        nc,
		raw:        rawOf(s.config.unwrapped(nc)),
		handler:    h,
		ctx:        baseContext(h),
		remote:     nc.RemoteAddr().String(),
		tls:        state,
		sendWindow: defaultWindow,
		recvWindow: int64(s.config.ConnectionWindow),
		peerWindow: defaultWindow,
		peerTable:  defaultTableBytes,
		idleSince:  now,
	}
	c.attempt.init()
	c.reading.init(c, now)
	if s.add(c) {
		c.shutdown()
	}
	return c
}

// serve serves the connection until it ends.
func (c *conn) serve() {
	defer c.server.remove(c)
	defer func() { _ = c.net.Close() }() // it is over either way
	if c.tls != nil && c.tls.Version < tls.VersionTLS12 {
		c.abort(http2.ErrCodeInadequateSecurity, "TLS 1.2 or later is required")
		c.linger()
		return
	}
	c.hello()
	err := c.read()
	if code, ok := errors.AsType[http2.ConnectionError](err); ok {
		c.abort(http2.ErrCode(code), c.fault())
		c.linger()
	}
	c.end()
}

// hello sends the settings, and begins to tend the connection.
func (c *conn) hello() {
	_ = c.net.SetWriteDeadline(time.Time{}) // net/http's, of the handshake; a dead connection shows elsewhere
	c.setReadDeadline(c.server.headerTimeout())
	c.report()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.appendSettings()
	c.flush()
	c.pingDue = time.Now().Add(c.server.config.PingAfter)
	c.timer = time.AfterFunc(c.nextLook(time.Now()), c.tend)
	c.greeted = true
	if c.unwelcome {
		c.sayGoodbye()
	}
}

// setReadDeadline bounds what is read; 0 is no bound. Once the connection is leaving it
// has one that stays.
func (c *conn) setReadDeadline(within time.Duration) {
	var at time.Time
	if within > 0 {
		at = time.Now().Add(within)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.halfClosed {
		_ = c.net.SetReadDeadline(at) // a dead connection shows when it is read
	}
}

// readPreface reads what a client sends first, or what is left of it.
func (c *conn) readPreface() error {
	came := make([]byte, len(c.rest))
	if _, err := io.ReadFull(c.in, came); err != nil {
		return err
	}
	if string(came) != c.rest {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return nil
}

// tend looks after the connection now and then: closes it when it was idle for too long,
// and asks whether it lives when nothing came from it.
func (c *conn) tend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	now := time.Now()
	if idle := c.server.idleTimeout(); idle > 0 && c.running == 0 && now.Sub(c.idleSince) >= idle {
		c.sayGoodbye()
	}
	if c.server.config.PingAfter > 0 && !now.Before(c.pingDue) && !c.ping(now) {
		c.kill()
		return
	}
	c.timer.Reset(c.nextLook(now))
}

// ping asks a connection that was silent whether it lives. It returns false if it was
// asked before and has been silent since.
func (c *conn) ping(now time.Time) bool {
	frames := c.frames.Load()
	silent := frames == c.framesTended
	c.framesTended = frames
	if !silent {
		c.pinged = false
		c.pingDue = now.Add(c.server.config.PingAfter)
		return true
	}
	if c.pinged {
		return false
	}
	c.pinged = true
	c.pingDue = now.Add(c.server.config.PingWithin)
	c.appendPing(false, [8]byte{7: healthPing})
	c.flush()
	return true
}

// answered notes that the connection lives.
func (c *conn) answered() {
	if !c.pinged || c.closed {
		return
	}
	now := time.Now()
	c.pinged = false
	c.framesTended = c.frames.Load()
	c.pingDue = now.Add(c.server.config.PingAfter)
	c.timer.Reset(c.nextLook(now))
}

// nextLook says when the connection is next to be tended.
func (c *conn) nextLook(now time.Time) time.Duration {
	next := time.Hour
	if c.server.config.PingAfter > 0 {
		next = min(next, c.pingDue.Sub(now))
	}
	if idle := c.server.idleTimeout(); idle > 0 {
		left := idle
		if c.running == 0 {
			left -= now.Sub(c.idleSince)
		}
		if left > 0 {
			next = min(next, left)
		}
	}
	return max(next, time.Millisecond)
}

// cut closes the connection from outside.
func (c *conn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kill()
}

// kill closes the connection without another word; its goroutine does the rest.
func (c *conn) kill() {
	if c.closed {
		return
	}
	c.closed = true
	nc := c.net
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn() // whose Close does not try to write
	}
	_ = nc.Close() // it is over either way
}

// end tells everybody that the connection is over.
func (c *conn) end() {
	c.mu.Lock()
	c.closed, c.halfClosed = true, true
	c.timer.Stop()
	c.leave.stop()
	c.loseStreams()
	c.mu.Unlock()
	c.report()
}

// loseStreams ends all streams.
func (c *conn) loseStreams() {
	for _, st := range c.streams {
		c.closeStream(st, errConnectionLost)
	}
	c.wakeBlocked()
}

// report tells the server's ConnState hook whether streams are open, in order.
func (c *conn) report() {
	hook := c.server.http.ConnState
	if hook == nil || c.detached {
		return
	}
	c.reporting.Lock()
	defer c.reporting.Unlock()
	c.mu.Lock()
	state, over := http.StateIdle, c.closed
	if c.running > 0 {
		state = http.StateActive
	}
	c.mu.Unlock()
	if over || state == c.reportedState {
		return // what is over net/http reports
	}
	c.reportedState = state
	hook(c.net, state)
}

// healthPing and goodbyePing tell our pings apart, in their last byte.
const (
	healthPing  = 1
	goodbyePing = 2
)
