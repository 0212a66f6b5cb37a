package interceptor

import (
	"context"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
)

// Door says who may come into a room. It may be asked concurrently.
type Door interface {
	// Admit returns the context for a caller's call in a room, or why they are turned
	// away. A caller whose token does not cover the room it lets pass: it is for the
	// call to say so, and nothing else.
	Admit(ctx context.Context, p auth.Principal, id live.RoomID) (context.Context, error)
}

// Admit asks a door for every request that names a room, of whichever service. Of a
// stream, whose context is there before its request, only the refusal counts: its handler
// asks for itself how the caller stands.
func Admit(d Door) connect.Interceptor { return admission{d} }

type admission struct{ door Door }

// inRoom is a request that names a room.
type inRoom interface{ GetRoomId() string }

// admit asks for one request.
func (a admission) admit(ctx context.Context, message any) (context.Context, error) {
	if m, ok := message.(inRoom); ok {
		return a.door.Admit(ctx, auth.From(ctx), live.RoomID(m.GetRoomId()))
	}
	return ctx, nil
}

// WrapUnary implements connect.Interceptor.
func (a admission) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if req.Spec().IsClient {
			return next(ctx, req)
		}
		ctx, err := a.admit(ctx, req.Any())
		if err != nil {
			return nil, err
		}
		return next(ctx, req)
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (a admission) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (a admission) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return next(ctx, admittingConn{conn, func(message any) error {
			_, err := a.admit(ctx, message)
			return err
		}})
	}
}

type admittingConn struct {
	connect.StreamingHandlerConn
	admit func(message any) error
}

// Receive implements connect.StreamingHandlerConn.
func (c admittingConn) Receive(message any) error {
	if err := c.StreamingHandlerConn.Receive(message); err != nil {
		return err
	}
	return c.admit(message)
}
