package interceptor

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// MalformedError says that a request is no message of its RPC.
type MalformedError struct{ Cause string }

// Error implements error.
func (e *MalformedError) Error() string { return "interceptor: malformed request: " + e.Cause }

// LogValue leaves the cause out of logs: it may quote the request.
func (e *MalformedError) LogValue() slog.Value {
	return slog.StringValue("interceptor: malformed request")
}

// malformed is the number of the field by which a message says that it was not
// decoded: the last that there is. A caller who sends it is told that it was not.
const malformed = protowire.MaxValidNumber

// Malformed makes m a message that was not decoded, for this reason. A codec that
// returns the error instead has it answered by connect, before any interceptor.
func Malformed(m proto.Message, cause error) {
	proto.Reset(m)
	b := protowire.AppendTag(nil, malformed, protowire.BytesType)
	m.ProtoReflect().SetUnknown(protowire.AppendString(b, cause.Error()))
}

// checkFormed returns a MalformedError if message was not decoded.
func checkFormed(message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return nil
	}
	b := m.ProtoReflect().GetUnknown()
	number, kind, n := protowire.ConsumeTag(b)
	if n < 0 || number != malformed || kind != protowire.BytesType {
		return nil
	}
	cause, _ := protowire.ConsumeString(b[n:])
	// protobuf varies its spaces, so that nobody relies on what it says.
	cause = strings.ReplaceAll(cause, "\u00a0", " ")
	return &MalformedError{Cause: strings.ToValidUTF8(strings.TrimPrefix(cause, "proto: "), "?")}
}

// wellFormed refuses requests that were not decoded. Of a stream's request that cannot
// be received it says that the caller is at fault, where connect takes a breach of
// protocol for a fault of its own. (A unary request is received before any interceptor
// is called.)
type wellFormed struct{}

// WrapUnary implements connect.Interceptor.
func (wellFormed) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if !req.Spec().IsClient {
			if err := checkFormed(req.Any()); err != nil {
				return nil, err
			}
		}
		return next(ctx, req)
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (wellFormed) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (wellFormed) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return next(ctx, checkingConn{conn})
	}
}

type checkingConn struct{ connect.StreamingHandlerConn }

// Receive implements connect.StreamingHandlerConn.
func (c checkingConn) Receive(message any) error {
	err := c.StreamingHandlerConn.Receive(message)
	switch {
	case err == nil:
		return checkFormed(message)
	case errors.Is(err, io.EOF), connect.CodeOf(err) != connect.CodeInternal:
		return err
	default:
		return connect.NewError(connect.CodeInvalidArgument, err)
	}
}
