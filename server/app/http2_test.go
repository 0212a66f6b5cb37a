package app_test

import (
	"context"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

// lean makes it a server whose HTTP/2 is Ovation's own.
func lean(c *config.Config) { c.HTTP2 = "lean" }

// TestLeanEveryWay calls and follows rooms by every protocol, with HTTP/1.1 beside it.
func TestLeanEveryWay(t *testing.T) {
	t.Parallel()
	n := start(t, lean)
	n.create(t, "r")
	backend := n.backend(t)
	everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
		c := n.clients(tr.client(t, bearer(t, live.RoleViewer, "*")), opts...)
		if res, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"}); err != nil || res.GetRoom().GetRoomId() != "r" {
			t.Errorf("%v, %v", res, err)
		}
		if _, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "nowhere"}); connect.CodeOf(err) != connect.CodeNotFound {
			t.Error(err)
		}
		n.subscribe(t, backend, c)
	})
}

// TestLeanDrain takes leave of a viewer, and ends.
func TestLeanDrain(t *testing.T) {
	t.Parallel()
	n := start(t, lean)
	n.create(t, "r")
	c := n.clients(h2c.client(t, bearer(t, live.RoleViewer, "*")))
	joined, err := c.rooms.JoinRoom(t.Context(), &ovationv1.JoinRoomRequest{RoomId: "r"})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := c.feed.Subscribe(context.WithoutCancel(t.Context()), &ovationv1.SubscribeRequest{RoomId: "r", SessionId: joined.GetSessionId()})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if !stream.Receive() {
		t.Fatal(stream.Err())
	}
	n.drain()
	if frame, err := last(stream); err != nil || frame.GetReconnect() == nil {
		t.Errorf("%v, %v", frame, err)
	}
	if err := <-n.stopped; err != nil {
		t.Error(err)
	}
}
