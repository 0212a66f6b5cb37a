//go:build unix

package main

import (
	"fmt"
	"syscall"
)

// spareFiles is how many files the program needs beside its connections.
const spareFiles = 64

// checkOpenFiles makes sure that so many connections can be open at a time. The limit
// that a process may raise by itself has been raised when it started.
func checkOpenFiles(connections int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return nil //nolint:nilerr // then the connections themselves will tell
	}
	need := uint64(connections + spareFiles)                   //nolint:gosec // not negative
	if uint64(limit.Max) >= need && uint64(limit.Cur) < need { //nolint:unconvert // signed on some systems
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	}
	if have := uint64(limit.Cur); have < need { //nolint:unconvert // signed on some systems
		return fmt.Errorf("%d viewers need %d open files, and only %d are allowed: raise the limit with `ulimit -n %d`, or take fewer viewers",
			connections, need, have, need)
	}
	return nil
}
