// Package testkit is what tests of several packages share.
package testkit

import "time"

// T is what the package needs of a test.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// Eventually waits until something holds, for what gives no signal: it asks again and again.
func Eventually(t T, what string, holds func() bool) {
	t.Helper()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for begun := time.Now(); !holds(); <-ticks.C {
		if time.Since(begun) > patience {
			t.Fatalf("still not: %s", what)
		}
	}
}
