package ovation

import (
	"context"
	"errors"
	"io"
	"syscall"

	"connectrpc.com/connect"
)

// brokenOff gives calls whose connection broke the code that says so. For connect a connection
// that was reset is a caller who went away, as it is for a server: CANCELED; and a stream that
// was cut off is a breach of the protocol: INTERNAL.
type brokenOff struct{}

// WrapUnary implements connect.Interceptor.
func (brokenOff) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		response, err := next(ctx, request)
		return response, unavailable(ctx, err)
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (brokenOff) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		return breakingConn{next(ctx, spec), ctx}
	}
}

// WrapStreamingHandler implements connect.Interceptor; a client has no handlers.
func (brokenOff) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// breakingConn is a stream whose connection may break.
type breakingConn struct {
	connect.StreamingClientConn
	ctx context.Context //nolint:containedctx // the stream's life
}

// Send sends a message.
func (c breakingConn) Send(message any) error {
	return unavailable(c.ctx, c.StreamingClientConn.Send(message))
}

// Receive receives one.
func (c breakingConn) Receive(message any) error {
	return unavailable(c.ctx, c.StreamingClientConn.Receive(message))
}

// unavailable returns an error as it is, or as UNAVAILABLE if the connection broke and the
// caller did not give up.
func unavailable(ctx context.Context, err error) error {
	var failure *connect.Error
	if !errors.As(err, &failure) || connect.IsWireError(err) || ctx.Err() != nil || !broke(err) {
		return err
	}
	return connect.NewError(connect.CodeUnavailable, failure.Unwrap())
}

// broke says whether an error is that of a connection that ended before its time.
func broke(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrUnexpectedEOF)
}
