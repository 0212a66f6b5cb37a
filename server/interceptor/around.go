// Package interceptor is what happens around every RPC, unary and streaming alike:
// logging, recovery, translation of errors, authentication and validation. Request
// ids are given to every HTTP request.
package interceptor

import (
	"context"

	"connectrpc.com/connect"
)

// Call is an RPC on its way to its handler.
type Call struct {
	Spec connect.Spec
	Peer connect.Peer
	Room string // that a unary request names; empty if it names none
}

// callOf returns the call that a request, or a stream, is of.
func callOf(of interface {
	Spec() connect.Spec
	Peer() connect.Peer
}, room string,
) *Call {
	return &Call{of.Spec(), of.Peer(), room}
}

// roomBytes is how long the name of a room is at most. A longer one names none.
const roomBytes = 64

// roomOf returns the room that a request names.
func roomOf(message any) string {
	m, ok := message.(interface{ GetRoomId() string })
	if !ok || len(m.GetRoomId()) > roomBytes {
		return ""
	}
	return m.GetRoomId()
}

// Around is called for every RPC that a server handles, and calls next, or not. What
// it returns is the RPC's outcome. It is an interceptor for unary and streaming
// handlers; clients pass through it untouched.
type Around func(ctx context.Context, call *Call, next func(context.Context) error) error

// surround returns what calls the first, within it the second, and so on. Each
// interceptor of connect's own keeps more of a stream's stack.
func surround(layers ...Around) Around {
	if len(layers) == 1 {
		return layers[0]
	}
	outer, inner := layers[0], surround(layers[1:]...)
	return func(ctx context.Context, call *Call, next func(context.Context) error) error {
		return outer(ctx, call, func(ctx context.Context) error { return inner(ctx, call, next) })
	}
}

// WrapUnary implements connect.Interceptor.
func (a Around) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if req.Spec().IsClient {
			return next(ctx, req)
		}
		var res connect.AnyResponse
		err := a(ctx, callOf(req, roomOf(req.Any())), func(ctx context.Context) (err error) {
			res, err = next(ctx, req)
			return err
		})
		if err != nil {
			return nil, err
		}
		return res, nil
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (a Around) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (a Around) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return a(ctx, callOf(conn, ""), func(ctx context.Context) error {
			return next(ctx, conn)
		})
	}
}
