package http2

import (
	"time"

	"golang.org/x/net/http2"
)

// openWindow lets more be sent: by a stream, or by all if it is nil.
func (c *conn) openWindow(st *stream, by int64) error {
	if st == nil {
		c.sendWindow += by
		if c.sendWindow > maxWindow {
			return http2.ConnectionError(http2.ErrCodeFlowControl)
		}
		c.wakeBlocked()
		return nil
	}
	st.sendWindow += by
	if st.sendWindow > maxWindow {
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeFlowControl}
	}
	st.cond.Broadcast()
	return nil
}

// changeWindows sets what streams may send at first, and adjusts those that are open.
// Their windows may become negative.
func (c *conn) changeWindows(to int64) error {
	by := to - c.peerWindow
	c.peerWindow = to
	for _, st := range c.streams {
		if st.sendWindow += by; st.sendWindow > maxWindow {
			return http2.ConnectionError(http2.ErrCodeFlowControl)
		}
	}
	c.wakeBlocked()
	return nil
}

// sendable returns how much of n bytes a stream may send now in one frame.
func (st *stream) sendable(n int) int {
	c := st.conn
	if c.crowded() {
		return 0
	}
	return int(max(0, min(int64(min(n, frameBytes)), st.sendWindow, c.sendWindow)))
}

// receive takes the length of a DATA frame off the connection's window.
func (c *conn) receive(n int) error {
	if c.recvWindow -= int64(n); c.recvWindow < 0 {
		return http2.ConnectionError(http2.ErrCodeFlowControl)
	}
	return nil
}

// receive takes the length of a DATA frame off the stream's window.
func (st *stream) receive(n int) error {
	if st.recvWindow -= int64(n); st.recvWindow < 0 {
		return http2.StreamError{StreamID: st.id, Code: http2.ErrCodeFlowControl}
	}
	return nil
}

// allow lets the client send n bytes more on the connection. It is told when that comes
// to half a window: a frame for each read would cost more than it is worth.
func (c *conn) allow(n int) {
	c.owed += int64(n)
	if c.owed < int64(c.server.config.ConnectionWindow)/2 {
		return
	}
	c.appendWindowUpdate(0, uint32(c.owed)) //nolint:gosec // at most the window
	c.recvWindow += c.owed
	c.owed = 0
}

// allow lets the client send n bytes more on the stream.
func (st *stream) allow(n int) {
	st.owed += int64(n)
	if st.ended || st.owed < int64(st.conn.server.config.StreamWindow)/2 {
		return
	}
	st.conn.appendWindowUpdate(st.id, uint32(st.owed)) //nolint:gosec // at most the window
	st.recvWindow += st.owed
	st.owed = 0
}

// wait lets go of the connection until something happens that may let the stream go on:
// a window opens, what was pending is written, the stream ends.
func (st *stream) wait() {
	if !st.blocked {
		st.blocked = true
		st.conn.blocked = append(st.conn.blocked, st)
	}
	if within := st.conn.server.http.WriteTimeout; within > 0 && !st.timed {
		st.writeUntil(time.Now().Add(within))
	}
	st.cond.Wait()
}

// wakeBlocked lets all streams that wait look again.
func (c *conn) wakeBlocked() {
	for i, st := range c.blocked {
		st.blocked = false
		st.cond.Broadcast()
		c.blocked[i] = nil
	}
	c.blocked = c.blocked[:0]
}
