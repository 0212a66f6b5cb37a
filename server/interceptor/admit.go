package interceptor

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
)

// Door says who may come into a room. It may be asked concurrently.
type Door interface {
	// Admit returns the context for a caller's call in a room, or why they are turned
	// away. A caller whose token does not cover the room it lets pass: it is for the
	// call to say so, and nothing else.
	Admit(ctx context.Context, p auth.Principal, id live.RoomID) (context.Context, error)
}

// Repeats says what was done already. It may be asked concurrently.
type Repeats interface {
	// Repeats says whether a caller's request repeats one that was done, for ever: nothing can
	// come of it but the same answer. It is asked of those who are banned alone.
	Repeats(ctx context.Context, p auth.Principal, message any) (bool, error)
}

// Admit asks a door for every request that names a room, of whichever service. Of a
// stream, whose context is there before its request, only the refusal counts: its handler
// asks for itself how the caller stands. Who was banned since may hear again what came of
// what they did before.
func Admit(d Door, r Repeats) connect.Interceptor { return admission{d, r} }

type admission struct {
	door    Door
	repeats Repeats
}

// inRoom is a request that names a room.
type inRoom interface{ GetRoomId() string }

// admit asks for one request.
func (a admission) admit(ctx context.Context, message any) (context.Context, error) {
	m, ok := message.(inRoom)
	if !ok {
		return ctx, nil
	}
	admitted, err := a.door.Admit(ctx, auth.From(ctx), live.RoomID(m.GetRoomId()))
	if err != nil {
		return ctx, a.unlessRepeated(ctx, message, err)
	}
	return admitted, nil
}

// unlessRepeated returns a refusal, or nil for one of somebody banned whose request repeats what
// was done.
func (a admission) unlessRepeated(ctx context.Context, message any, refusal error) error {
	if banned := new(moderation.BannedError); !errors.As(refusal, &banned) {
		return refusal
	}
	repeated, err := a.repeats.Repeats(ctx, auth.From(ctx), message)
	switch {
	case err != nil:
		return err // nobody knows: it may be asked again
	case repeated:
		return nil
	}
	return refusal
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
