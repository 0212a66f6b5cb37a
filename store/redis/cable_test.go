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

func (c *cable) serve() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
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
