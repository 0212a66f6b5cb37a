package interceptor

import (
	"context"
	"errors"
	"io"

	"connectrpc.com/connect"
)

// blameCaller says of a stream's request that cannot be received that the caller is
// at fault, where connect takes a breach of protocol for a fault of its own. (A unary
// request is received before any interceptor is called.)
type blameCaller struct{}

// WrapUnary implements connect.Interceptor.
func (blameCaller) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc { return next }

// WrapStreamingClient implements connect.Interceptor.
func (blameCaller) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (blameCaller) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return next(ctx, blamingConn{conn})
	}
}

type blamingConn struct{ connect.StreamingHandlerConn }

// Receive implements connect.StreamingHandlerConn.
func (c blamingConn) Receive(message any) error {
	err := c.StreamingHandlerConn.Receive(message)
	if err == nil || errors.Is(err, io.EOF) || connect.CodeOf(err) != connect.CodeInternal {
		return err
	}
	return connect.NewError(connect.CodeInvalidArgument, err)
}
