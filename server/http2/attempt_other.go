//go:build !unix

package http2

import (
	"net"
	"syscall"
)

// rawOf returns what writes to a connection without waiting: nothing here.
func rawOf(net.Conn) syscall.RawConn { return nil }

// attempt would write as much as goes without waiting.
type attempt struct{}

func (*attempt) init() {}

func (*attempt) write(syscall.RawConn, []byte) (int, error) { return 0, nil }
