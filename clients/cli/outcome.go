package main

import (
	"errors"
	"net"
	"syscall"

	"connectrpc.com/connect"
)

// isUnknown says whether nobody here knows what came of a call: it got no answer, or the server
// could not say. Of every other failure it is known that nothing was done.
func isUnknown(err error) bool {
	failure := new(connect.Error)
	if !errors.As(err, &failure) || errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, new(*net.DNSError)) {
		return false // it never left
	}
	switch failure.Code() {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeCanceled, connect.CodeUnknown,
		connect.CodeInternal, connect.CodeDataLoss:
		return true
	default:
		return false
	}
}
