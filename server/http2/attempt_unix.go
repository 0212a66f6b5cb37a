//go:build unix

package http2

import (
	"net"
	"syscall"
)

// rawOf returns what writes to a connection without waiting, or nil. Types that wrap a
// connection may mean to see what is written, so only what is known to write just so
// counts.
func rawOf(nc net.Conn) syscall.RawConn {
	var raw syscall.RawConn
	var err error
	switch nc := nc.(type) {
	case *net.TCPConn:
		raw, err = nc.SyscallConn()
	case *net.UnixConn:
		raw, err = nc.SyscallConn()
	}
	if err != nil {
		return nil
	}
	return raw
}

// attempt writes as much as goes without waiting. Its function is made once, and its
// arguments and results are fields, so that an attempt allocates nothing.
type attempt struct {
	try   func(fd uintptr) bool
	bytes []byte
	n     int
	err   error
}

func (a *attempt) init() { a.try = a.once }

func (a *attempt) write(raw syscall.RawConn, bytes []byte) (int, error) {
	a.bytes, a.n, a.err = bytes, 0, nil
	if err := raw.Write(a.try); err != nil {
		a.err = err
	}
	a.bytes = nil
	return a.n, a.err
}

// once implements what RawConn.Write calls; true says not to wait and call again.
func (a *attempt) once(fd uintptr) bool {
	for a.n < len(a.bytes) {
		n, err := syscall.Write(int(fd), a.bytes[a.n:]) //nolint:gosec // a file descriptor
		a.n += max(n, 0)
		switch err { // which system calls return as it is
		case nil, syscall.EINTR:
		case syscall.EAGAIN:
			return true
		default:
			a.err = err
			return true
		}
	}
	return true
}
