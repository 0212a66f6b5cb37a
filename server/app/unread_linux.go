package app

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// writeByteTimeout is net/http's own bound on a write that makes no progress: none here,
// where the kernel sees to it. It would be two deadlines set for every frame.
const writeByteTimeout = 0

// giveUpUnread makes the kernel end connections whose peers acknowledge or take nothing
// of what was written to them for so long (TCP_USER_TIMEOUT). Accepted connections
// inherit it from their listener.
func giveUpUnread(after time.Duration) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) (err error) {
		failed := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(after.Milliseconds())) //nolint:gosec // a file descriptor fits
		})
		if failed != nil {
			return failed
		}
		return err
	}
}
