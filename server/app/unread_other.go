//go:build !linux

package app

import (
	"syscall"
	"time"
)

// writeByteTimeout is net/http's own bound on a write that makes no progress.
const writeByteTimeout = writeWithin

// giveUpUnread leaves it to net/http to end connections whose peers take nothing of what
// was written to them.
func giveUpUnread(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }
