package redis_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// cable is a way to a Redis that can be cut: then all connections by it are lost, and new
// ones may be made.
type cable struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	conns map[net.Conn]bool
	held  chan struct{} // closed, or nil: connections are carried
	came  chan struct{}
	all   sync.WaitGroup
}

// newCable lays a cable to the Redis of a URL until the test ends.
func newCable(tb testing.TB, url string) *cable {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed with the test
	if err != nil {
		tb.Fatal(err)
	}
	c := &cable{listener: listener, to: strings.TrimPrefix(url, "redis://"), conns: make(map[net.Conn]bool)}
	c.all.Go(c.serve)
	tb.Cleanup(func() {
		listener.Close()
		c.cut()
		c.all.Wait()
	})
	return c
}

// URL is what to connect to.
func (c *cable) URL() string { return "redis://" + c.listener.Addr().String() }

// cut ends all connections.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		conn.Close()
	}
}

// hold has connections that are made from now on wait until it is let go. There is something
// in came when one waits.
func (c *cable) hold() (came <-chan struct{}, letGo func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.came = make(chan struct{}), make(chan struct{}, 1)
	return c.came, sync.OnceFunc(func() { close(c.held) })
}

// admit waits while connections are held.
func (c *cable) admit() {
	c.mu.Lock()
	held, came := c.held, c.came
	c.mu.Unlock()
	if held == nil {
		return
	}
	select {
	case came <- struct{}{}:
	default:
	}
	<-held
}

func (c *cable) serve() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.admit()
		far, err := net.Dial("tcp", c.to) //nolint:noctx // it is closed with the test
		if err != nil {
			near.Close()
			continue
		}
		c.all.Go(func() { c.carry(near, far) })
		c.all.Go(func() { c.carry(far, near) })
	}
}

// carry carries bytes one way until either end is closed.
func (c *cable) carry(from, to net.Conn) {
	c.mu.Lock()
	c.conns[from] = true
	c.mu.Unlock()
	_, _ = io.Copy(to, from) // however it ends, both ends do
	from.Close()
	to.Close()
	c.mu.Lock()
	delete(c.conns, from)
	c.mu.Unlock()
}
