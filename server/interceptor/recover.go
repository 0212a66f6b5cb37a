package interceptor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// ErrPanic is what a handler's panic becomes.
var ErrPanic = errors.New("interceptor: handler panicked")

// Recover turns a panic of a handler into ErrPanic and logs where it was.
// http.ErrAbortHandler goes on: it is how a handler breaks a connection.
func Recover(logger *slog.Logger) Around {
	return func(ctx context.Context, call *Call, next func(context.Context) error) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = panicked(ctx, logger, call, r)
			}
		}()
		return next(ctx)
	}
}

// panicked reports a panic.
func panicked(ctx context.Context, logger *slog.Logger, call *Call, r any) error {
	if e, ok := r.(error); ok && errors.Is(e, http.ErrAbortHandler) {
		panic(r)
	}
	logger.ErrorContext(ctx, "panic",
		"procedure", call.Spec.Procedure, "request_id", RequestID(ctx),
		"panic", fmt.Sprint(r), "stack", string(debug.Stack()))
	return fmt.Errorf("%w: %v", ErrPanic, r)
}
