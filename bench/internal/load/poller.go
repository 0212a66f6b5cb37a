//go:build linux

// Package load is viewers and callers by the thousand, as cheap as they can be made: they
// share the machine with the server whose cost is measured. One goroutine waits for all
// connections (epoll), reads into one buffer and counts; nothing is kept of what was read.
package load

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// bufferBytes is how much is read at once.
const bufferBytes = 256 << 10

// A Poller reads from many connections in one goroutine.
type Poller struct {
	mu     sync.Mutex // held while what was read is handled
	epoll  int
	wake   int     // an eventfd: written to, it ends the poller
	conns  []*Conn // by descriptor
	buffer []byte
	ended  chan error
}

// A Handler is what a connection's bytes are for. Its methods are called under the
// poller's lock.
type Handler interface {
	// Read takes what was read, and keeps nothing of it.
	Read(b []byte) error
	// Lost is called once, when the connection has ended by itself.
	Lost(err error)
}

// NewPoller starts a poller.
func NewPoller() (*Poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, wake, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(wake)}) //nolint:gosec // descriptors are small
	}
	if err != nil {
		_ = unix.Close(epoll)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	p := &Poller{epoll: epoll, wake: wake, buffer: make([]byte, bufferBytes), ended: make(chan error, 1)}
	go func() { p.ended <- p.run() }()
	return p, nil
}

// Do calls f while nothing is read.
func (p *Poller) Do(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// Close closes every connection and ends the poller.
func (p *Poller) Close() error {
	_, err := unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	if err == nil {
		err = <-p.ended
	}
	for _, c := range p.conns {
		if c != nil {
			c.close()
		}
	}
	return errors.Join(err, unix.Close(p.epoll), unix.Close(p.wake))
}

// run handles what comes until Close.
func (p *Poller) run() error {
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := unix.EpollWait(p.epoll, events, -1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("epoll: %w", err)
		}
		if over := p.handle(events[:max(n, 0)]); over {
			return nil
		}
	}
}

// handle handles events and says whether the poller is to end.
func (p *Poller) handle(events []unix.EpollEvent) (over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, event := range events {
		if int(event.Fd) == p.wake {
			return true
		}
		c := p.conns[event.Fd]
		if c == nil { // closed by what was handled before
			continue
		}
		if err := c.handle(event.Events, p.buffer); err != nil {
			c.close()
			c.handler.Lost(err)
		}
	}
	return false
}

// Conn is a connection. Its methods are called under the poller's lock.
type Conn struct {
	poller  *Poller
	fd      int
	handler Handler
	out     []byte // not yet written
	waits   bool   // for room to write
}

// Dial connects. attach returns what the connection is for; it may write at once.
func (p *Poller) Dial(address netip.AddrPort, attach func(*Conn) Handler) error {
	fd, err := dial(address)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", address, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &Conn{poller: p, fd: fd}
	for len(p.conns) <= fd {
		p.conns = append(p.conns, nil)
	}
	p.conns[fd] = c
	c.handler = attach(c)
	err = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}) //nolint:gosec // descriptors are small
	if err == nil {
		err = c.Flush()
	}
	if err != nil {
		c.close()
	}
	return err
}

// dial returns a connected socket that does not block, does not wait to fill packets,
// and leaves nothing behind when it is closed.
func dial(address netip.AddrPort) (int, error) {
	if !address.Addr().Is4() {
		return 0, errors.New("not an IPv4 address")
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	err = errors.Join(
		unix.Connect(fd, &unix.SockaddrInet4{Addr: address.Addr().As4(), Port: int(address.Port())}),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}),
		unix.SetNonblock(fd, true))
	if err != nil {
		_ = unix.Close(fd)
		return 0, err
	}
	return fd, nil
}

// handle reads what there is and writes what waits.
func (c *Conn) handle(events uint32, buffer []byte) error {
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		n, err := unix.Read(c.fd, buffer)
		switch {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case n == 0:
			return io.EOF
		default:
			if err := c.handler.Read(buffer[:n]); err != nil {
				return err
			}
		}
	}
	return c.Flush()
}

// Send queues bytes: they are written together when what was read is handled.
func (c *Conn) Send(b ...byte) { c.out = append(c.out, b...) }

// Flush writes what is queued, as far as the socket takes it.
func (c *Conn) Flush() error {
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			return c.wait(true)
		case err != nil:
			return err
		default:
			c.out = c.out[:copy(c.out, c.out[n:])]
		}
	}
	return c.wait(false)
}

// wait says whether the poller is to look for room to write.
func (c *Conn) wait(yes bool) error {
	if c.waits == yes {
		return nil
	}
	c.waits = yes
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)} //nolint:gosec // descriptors are small
	if yes {
		event.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(c.poller.epoll, unix.EPOLL_CTL_MOD, c.fd, &event)
}

// close closes the connection; its handler is not told.
func (c *Conn) close() {
	c.poller.conns[c.fd] = nil
	_ = unix.Close(c.fd) // nothing was to be written any more
}
