// Package testkit is what tests of several packages share.
package testkit

// T is what the package needs of a test.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}
