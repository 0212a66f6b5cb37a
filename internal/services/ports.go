package services

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Ports are taken below those that the kernel gives to outgoing connections, so that a server
// that is started again finds its own still free; and far from those that servers usually have.
const (
	firstPort = 20000
	lastPort  = 32000
)

// attempts is how often a server is tried to be started: its port may have been taken since
// it was found free.
const attempts = 5

// FreePort returns a port of the loopback that nothing listens on.
func FreePort(tb testing.TB) int {
	tb.Helper()
	port, err := freePort()
	check(tb, err)
	return port
}

// freePort returns a port that nothing listens on.
func freePort() (int, error) {
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // any will do
		l, err := net.Listen("tcp", address(port))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, errors.New("no free port was found")
}

// address returns where a server with a port is.
func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// try calls until it succeeds, or has failed too often, or a program is absent.
func try[V any](start func() (V, error)) (V, error) {
	var (
		none V
		errs []error
	)
	for range attempts {
		started, err := start()
		if err == nil {
			return started, nil
		}
		if errs = append(errs, err); errors.Is(err, errAbsent) {
			break
		}
	}
	return none, fmt.Errorf("it could not be started: %w", errors.Join(errs...))
}
