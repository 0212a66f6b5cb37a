package interceptor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// ErrPanic is what a handler's panic becomes.
var ErrPanic = errors.New("interceptor: handler panicked")

// Recover turns a panic of a handler into ErrPanic and logs where it was.
// http.ErrAbortHandler goes on: it is how a handler breaks a connection.
func Recover(o Observer) Around {
	o = o.withDefaults()
	return func(ctx context.Context, call *Call, next func(context.Context) error) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = o.panicked(ctx, call, r)
			}
		}()
		return next(ctx)
	}
}

// panicked reports a panic.
func (o *Observer) panicked(ctx context.Context, call *Call, r any) error {
	if e, ok := r.(error); ok && errors.Is(e, http.ErrAbortHandler) {
		panic(r)
	}
	o.Metrics.panics.Inc()
	o.Logger.ErrorContext(ctx, "panic",
		"procedure", call.Spec.Procedure,
		"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
	return fmt.Errorf("%w: %v", ErrPanic, r)
}
