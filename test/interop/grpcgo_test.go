package interop

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// dial connects to the server with grpc-go.
func (s server) dial(t *testing.T, opts ...grpc.CallOption) *grpc.ClientConn {
	t.Helper()
	return s.dialWith(t, insecure.NewCredentials(), opts...)
}

// dialWith connects with credentials of the transport.
func (s server) dialWith(t *testing.T, transport credentials.TransportCredentials, opts ...grpc.CallOption) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.address(), grpc.WithTransportCredentials(transport), grpc.WithDefaultCallOptions(opts...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// as returns a context that carries the server's authorization.
func (s server) as(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return metadata.AppendToOutgoingContext(ctx, "authorization", s.auth, "x-request-id", "from-grpc-go")
}

const (
	getRoom   = "/ovation.v1.RoomService/GetRoom"
	endRoom   = "/ovation.v1.RoomService/EndRoom"
	send      = "/ovation.v1.FeedService/Send"
	subscribe = "/ovation.v1.FeedService/Subscribe"
)

func TestGRPCGoUnary(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, opts := range map[string][]grpc.CallOption{"plain": nil, "gzip": {grpc.UseCompressor(gzip.Name)}} {
		conn := s.dial(t, opts...)
		var header metadata.MD
		res := new(ovationv1.GetRoomResponse)
		err := conn.Invoke(s.as(t), getRoom, &ovationv1.GetRoomRequest{RoomId: "r"}, res, grpc.Header(&header))
		if err != nil || res.GetRoom().GetRoomId() != "r" {
			t.Errorf("%s: %v, %v", name, res, err)
		}
		if got := header.Get("x-request-id"); len(got) != 1 || got[0] != "from-grpc-go" {
			t.Errorf("%s: request id %q", name, got)
		}
	}
}

func TestGRPCGoErrors(t *testing.T) {
	t.Parallel()
	s := start(t)
	conn := s.dial(t)
	for name, tt := range map[string]struct {
		auth   bool
		call   string
		room   string
		code   codes.Code
		reason ovationv1.ErrorReason
	}{
		"no token":   {false, getRoom, "r", codes.Unauthenticated, ovationv1.ErrorReason_ERROR_REASON_TOKEN_MISSING},
		"not there":  {true, getRoom, "s", codes.NotFound, ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND},
		"not a room": {true, getRoom, "/", codes.InvalidArgument, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD},
		"not built":  {false, "/ovation.v1.MediaService/IssueToken", "r", codes.Unimplemented, ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED},
		"unheard of": {true, "/ovation.v1.RoomService/Paint", "r", codes.Unimplemented, ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED},
		"no one's":   {true, "/paint.v1.PaintService/Paint", "r", codes.Unimplemented, ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED},
	} {
		ctx := t.Context()
		if tt.auth {
			ctx = s.as(t)
		}
		err := conn.Invoke(ctx, tt.call, &ovationv1.GetRoomRequest{RoomId: tt.room}, new(ovationv1.GetRoomResponse))
		if status.Code(err) != tt.code {
			t.Errorf("%s: %v", name, err)
		}
		if got := reason(err); got != tt.reason {
			t.Errorf("%s: reason %v", name, got)
		}
	}
}

// reason returns the reason that a status carries.
func reason(err error) ovationv1.ErrorReason {
	for _, d := range status.Convert(err).Details() {
		if detail, ok := d.(*ovationv1.ErrorDetail); ok {
			return detail.GetReason()
		}
	}
	return ovationv1.ErrorReason_ERROR_REASON_UNSPECIFIED
}

// stream is a Subscribe of grpc-go's.
type stream struct{ grpc.ClientStream }

func (s server) stream(t *testing.T, conn *grpc.ClientConn, ctx context.Context, req *ovationv1.SubscribeRequest) stream { //nolint:revive // t comes first
	t.Helper()
	cs, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, subscribe)
	if err != nil {
		t.Fatal(err)
	}
	if err := cs.SendMsg(req); err != nil {
		t.Fatal(err)
	}
	if err := cs.CloseSend(); err != nil {
		t.Fatal(err)
	}
	return stream{cs}
}

// next returns the next frame.
func (s stream) next(t *testing.T) *ovationv1.SubscribeResponse {
	t.Helper()
	frame := new(ovationv1.SubscribeResponse)
	if err := s.RecvMsg(frame); err != nil {
		t.Fatal(err)
	}
	return frame
}

func TestGRPCGoStream(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]grpc.CallOption{"plain": nil, "gzip": {grpc.UseCompressor(gzip.Name)}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			conn := s.dial(t, opts...)
			ctx := s.as(t)
			sub := s.stream(t, conn, ctx, &ovationv1.SubscribeRequest{RoomId: "r", Delivery: ovationv1.Delivery_DELIVERY_INLINE})
			if w := sub.next(t).GetWelcome(); w.GetSessionId() == "" {
				t.Fatalf("first frame: %v", w)
			}
			if err := conn.Invoke(ctx, send, &ovationv1.SendRequest{RoomId: "r", Text: "hello, you"}, new(ovationv1.SendResponse)); err != nil {
				t.Fatal(err)
			}
			var heard []*ovationv1.Message
			for len(heard) == 0 {
				heard = sub.next(t).GetBatch().GetBatch().GetMessages()
			}
			if heard[0].GetText() != "hello, you" {
				t.Errorf("heard %v", heard)
			}
			if err := conn.Invoke(ctx, endRoom, &ovationv1.EndRoomRequest{RoomId: "r"}, new(ovationv1.EndRoomResponse)); err != nil {
				t.Fatal(err)
			}
			for ended := false; !ended; {
				ended = sub.next(t).GetRoomEnded() != nil
			}
			if err := sub.RecvMsg(new(ovationv1.SubscribeResponse)); !errors.Is(err, io.EOF) {
				t.Errorf("after the last frame: %v", err)
			}
			again := s.stream(t, conn, ctx, &ovationv1.SubscribeRequest{RoomId: "r"})
			err := again.RecvMsg(new(ovationv1.SubscribeResponse))
			if status.Code(err) != codes.FailedPrecondition || reason(err) != ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED {
				t.Errorf("subscribed to an ended room: %v", err)
			}
		})
	}
}

// A deadline that passes, and a client that cancels, end a stream with their own codes.
func TestGRPCGoGivesUp(t *testing.T) {
	t.Parallel()
	s := start(t)
	conn := s.dial(t)
	short, cancel := context.WithTimeout(s.as(t), 500*time.Millisecond)
	defer cancel()
	sub := s.stream(t, conn, short, &ovationv1.SubscribeRequest{RoomId: "r"})
	sub.next(t)
	var err error
	for err == nil {
		err = sub.RecvMsg(new(ovationv1.SubscribeResponse))
	}
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("the deadline: %v", err)
	}
	ctx, hangUp := context.WithCancel(s.as(t))
	sub = s.stream(t, conn, ctx, &ovationv1.SubscribeRequest{RoomId: "r"})
	sub.next(t)
	hangUp()
	for err = nil; err == nil; {
		err = sub.RecvMsg(new(ovationv1.SubscribeResponse))
	}
	if status.Code(err) != codes.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestGRPCGoHealth(t *testing.T) {
	t.Parallel()
	s := start(t)
	res, err := grpc_health_v1.NewHealthClient(s.dial(t)).Check(t.Context(), new(grpc_health_v1.HealthCheckRequest))
	if err != nil || res.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("%v, %v", res, err)
	}
}
