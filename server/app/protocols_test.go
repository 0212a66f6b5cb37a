package app_test

import (
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

// everyWay runs a test over every protocol and transport.
func everyWay(t *testing.T, test func(t *testing.T, tr transport, opts ...connect.ClientOption)) {
	t.Helper()
	protocols := map[string][]connect.ClientOption{
		"Connect":       nil,
		"Connect JSON":  {connect.WithProtoJSON()},
		"gRPC":          {connect.WithGRPC()},
		"gRPC JSON":     {connect.WithGRPC(), connect.WithProtoJSON()},
		"gRPC-Web":      {connect.WithGRPCWeb()},
		"gRPC-Web JSON": {connect.WithGRPCWeb(), connect.WithProtoJSON()},
		"Connect, gzip": {connect.WithSendGzip()},
		"gRPC, gzip":    {connect.WithGRPC(), connect.WithSendGzip()},
	}
	for name, opts := range protocols {
		for _, tr := range []transport{http1, h2c} {
			t.Run(name+" over "+tr.name, func(t *testing.T) {
				t.Parallel()
				test(t, tr, opts...)
			})
		}
	}
}

func TestUnaryEveryWay(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
		c := n.clients(tr.client(t, bearer(t, live.RoleViewer, "r", "nowhere")), opts...)
		res, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
		if err != nil || res.GetRoom().GetRoomId() != "r" {
			t.Errorf("%v, %v", res, err)
		}
		_, err = c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "nowhere"})
		if connect.CodeOf(err) != connect.CodeNotFound || reason(err) != ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND ||
			detail(err).GetMetadata()["room"] != "nowhere" || detail(err).GetRequestId() == "" {
			t.Errorf("%v, %v", err, detail(err))
		}
		_, err = c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{})
		if reason(err) != ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD {
			t.Errorf("%v, %v", err, detail(err))
		}
	})
}

func TestSubscribeEveryWay(t *testing.T) {
	t.Parallel()
	n := start(t)
	backend := n.backend(t)
	everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
		n.subscribe(t, backend, n.clients(tr.client(t, bearer(t, live.RoleViewer, "*")), opts...))
	})
}

// last reads a stream to its end and returns its last frame.
func last(stream *connect.ServerStreamForClient[ovationv1.SubscribeResponse]) (*ovationv1.SubscribeResponse, error) {
	var frame *ovationv1.SubscribeResponse
	for stream.Receive() {
		frame = stream.Msg()
	}
	return frame, stream.Err()
}

// subscribe follows a room of its own to its end, and is refused afterwards.
func (n *node) subscribe(t *testing.T, backend, c clients) {
	t.Helper()
	made, err := backend.rooms.CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{})
	if err != nil {
		t.Fatal(err)
	}
	id := made.GetRoom().GetRoomId()
	ask := &ovationv1.SubscribeRequest{RoomId: id, Delivery: ovationv1.Delivery_DELIVERY_INLINE}
	stream, err := c.feed.Subscribe(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if !stream.Receive() || stream.Msg().GetWelcome().GetSessionId() == "" {
		t.Fatalf("%v, %v", stream.Msg(), stream.Err())
	}
	if got := stream.ResponseHeader().Get("X-Accel-Buffering"); got != "no" {
		t.Errorf("X-Accel-Buffering: %q", got)
	}
	if _, err := c.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: id, Text: "hello"}); err != nil {
		t.Fatal(err)
	}
	var heard []*ovationv1.Message
	for len(heard) == 0 && stream.Receive() {
		heard = stream.Msg().GetBatch().GetBatch().GetMessages()
	}
	if len(heard) != 1 || heard[0].GetText() != "hello" {
		t.Errorf("%v, %v", heard, stream.Err())
	}
	if _, err := backend.rooms.EndRoom(t.Context(), &ovationv1.EndRoomRequest{RoomId: id}); err != nil {
		t.Fatal(err)
	}
	if end, err := last(stream); err != nil || end.GetRoomEnded().GetEndedAt() == 0 {
		t.Errorf("last frame %v, %v", end, err)
	}
	refused, err := c.feed.Subscribe(t.Context(), ask)
	if err == nil {
		defer refused.Close()
		_, err = last(refused)
	}
	if connect.CodeOf(err) != connect.CodeFailedPrecondition || reason(err) != ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED {
		t.Errorf("%v, %v", err, detail(err))
	}
}
