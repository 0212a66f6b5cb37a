package services

import (
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// Main runs the tests of a package, ends the servers that they shared, and checks that no
// goroutine is left behind.
func Main(m *testing.M, options ...goleak.Option) {
	goleak.VerifyTestMain(tests{m}, slices.Concat(late, options)...)
}

// late is what rueidis' clients of a cluster do later, without looking whether they were
// closed meanwhile: within a second they may look at the cluster once more, and after five
// they close the connections to members that have left it.
var late = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1"),
	goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient)._refresh.func2"),
}

// tests are a package's tests, and the end of what they shared.
type tests struct{ m *testing.M }

// Run implements goleak.TestingM.
func (t tests) Run() int {
	defer endings.run()
	return t.m.Run()
}

// endings end what tests share.
var endings list

// list is what is to be called in the end. It may be used concurrently.
type list struct {
	mu    sync.Mutex
	calls []func()
}

func (l *list) add(call func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, call)
}

func (l *list) run() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, call := range l.calls {
		call()
	}
	l.calls = nil
}
