package limit

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// toldAtOnce is how many connections over a limit are kept at once to be told so.
	// Further ones are closed without a word.
	toldAtOnce = 256
	// toldWithin is how long each of them has for it.
	toldWithin = 5 * time.Second
)

// Listen limits the connections that a TCP listener accepts. Those over a limit are
// either accepted and Refused, or closed.
func (a *Addresses) Listen(l net.Listener) net.Listener { return &listener{l, a} }

type listener struct {
	net.Listener
	addresses *Addresses
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		raw, ok := c.(*net.TCPConn)
		if !ok {
			return c, nil
		}
		if conn := l.addresses.admit(raw); conn != nil {
			return conn, nil
		}
	}
}

// Conn is a connection that counts for its address until it is closed.
type Conn struct {
	*net.TCPConn
	peer    netip.Addr
	refused *ExceededError
	until   time.Time // how long it is kept if it is refused
	leave   func()    // takes back what was counted, once
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.leave()
	return c.TCPConn.Close()
}

// Unwrap returns the connection that is counted, of one that a listener of ours accepted:
// what is read from and written to them is the same.
func Unwrap(c net.Conn) net.Conn {
	if counted, ok := c.(*Conn); ok {
		return counted.TCPConn
	}
	return c
}

// isRefused says whether the connection is over a limit. It is not kept for longer than
// it was given.
func (c *Conn) isRefused() bool { return c.refused != nil }

// atMost returns a deadline, or that of a connection that is refused if it comes sooner.
func (c *Conn) atMost(t time.Time) time.Time {
	if c.isRefused() && (t.IsZero() || t.After(c.until)) {
		return c.until
	}
	return t
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.TCPConn.SetDeadline(c.atMost(t))
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.TCPConn.SetReadDeadline(c.atMost(t))
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.TCPConn.SetWriteDeadline(c.atMost(t))
}

// admit counts a connection. It returns nil if it closed it.
func (a *Addresses) admit(raw *net.TCPConn) *Conn {
	conn := &Conn{TCPConn: raw, peer: peerOf(raw)}
	name, wait := a.connect(conn.peer)
	if name == "" {
		a.metrics.connections.Inc()
		conn.leave = sync.OnceFunc(func() {
			a.metrics.connections.Dec()
			a.disconnect(conn.peer)
		})
		return conn
	}
	conn.refused = a.metrics.exceeded(name, spread(wait, addressSpread))
	if a.refused.Add(1) > toldAtOnce {
		a.refused.Add(-1)
		a.metrics.cut.Inc()
		_ = raw.SetLinger(0) // nothing is left of it
		_ = raw.Close()      // it was never used
		return nil
	}
	conn.leave = sync.OnceFunc(func() { a.refused.Add(-1) })
	conn.until = time.Now().Add(toldWithin)
	_ = raw.SetDeadline(conn.until) // it works, or the connection is gone
	return conn
}

// peerOf returns the address at the other end.
func peerOf(c *net.TCPConn) netip.Addr {
	if addr, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return plain(addr.AddrPort().Addr())
	}
	return netip.Addr{}
}

// connect counts a connection of an address; or it returns the limit that this
// exceeds, and how long until it may not.
func (a *Addresses) connect(peer netip.Addr) (Name, time.Duration) {
	if n := a.open.Add(1); a.limits.Total > 0 && n > int64(a.limits.Total) {
		a.open.Add(-1)
		return MaxConnections, heldRetry
	}
	key, limited := a.limitsConnections(peer)
	if !limited {
		return "", 0
	}
	if wait := a.table.take(key, connectBucket, paceOf(a.limits.Connects)); wait > 0 {
		a.open.Add(-1)
		return AddressConnectRate, wait
	}
	if !a.table.enter(key, connectionCount, a.limits.Connections) {
		a.open.Add(-1)
		return AddressConnections, heldRetry
	}
	return "", 0
}

// disconnect takes back one connect.
func (a *Addresses) disconnect(peer netip.Addr) {
	a.open.Add(-1)
	if key, limited := a.limitsConnections(peer); limited {
		a.table.leave(key, connectionCount)
	}
}

// limitsConnections returns what an address counts as; false if its connections are not
// limited.
func (a *Addresses) limitsConnections(peer netip.Addr) (netip.Addr, bool) {
	if prefixes(a.limits.Proxies).contain(peer) {
		return peer, false
	}
	return a.limited(peer)
}

type connKey struct{}

// WithConn returns a context that carries a server's connection; http.Server asks for
// it as ConnContext.
func WithConn(ctx context.Context, c net.Conn) context.Context {
	if secure, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = secure.NetConn()
	}
	if conn, ok := c.(*Conn); ok {
		return context.WithValue(ctx, connKey{}, conn)
	}
	return ctx
}

// connOf returns the connection that a context belongs to, nil if it is not known.
func connOf(ctx context.Context) *Conn {
	c, _ := ctx.Value(connKey{}).(*Conn)
	return c
}

// Refused returns an ExceededError if a request came over a connection that is over a
// limit: it is to be answered with that, and the connection to be closed.
func Refused(ctx context.Context) error {
	if c := connOf(ctx); c != nil && c.isRefused() {
		return c.refused
	}
	return nil
}
