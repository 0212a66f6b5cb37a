package ovation

import (
	"context"
	"sync"
)

// errand is a call that is made when it is wanted, one at a time: what is wanted while
// one is under way is wanted once more after it.
type errand[T any] struct {
	wanted bool
	busy   bool
	done   chan outcome[T] // takes the outcome without waiting
}

// outcome is what came of a call.
type outcome[T any] struct {
	value T
	err   error
}

func newErrand[T any]() errand[T] { return errand[T]{done: make(chan outcome[T], 1)} }

// due says whether it is time to start.
func (e *errand[T]) due() bool { return e.wanted && !e.busy }

// start makes the call; its outcome comes over done, and takes a finish.
func (e *errand[T]) start(ctx context.Context, tasks *sync.WaitGroup, call func(context.Context) (T, error)) {
	e.wanted, e.busy = false, true
	tasks.Go(func() {
		value, err := call(ctx)
		e.done <- outcome[T]{value, err}
	})
}

// finish makes room for the next.
func (e *errand[T]) finish() { e.busy = false }
