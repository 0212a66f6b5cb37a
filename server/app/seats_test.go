package app_test

import (
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

// What goes when a user leaves is for those who are there: whoever is not is told to
// come in first.
func TestSeatsAreForThoseWhoAreThere(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	c := n.clients(h2c.client(t, bearer(t, live.RoleViewer, "r")))
	take := func() error {
		_, err := c.attributes.UpdateAttributes(t.Context(), &ovationv1.UpdateAttributesRequest{
			RoomId: "r", Updates: []*ovationv1.AttributeUpdate{{Key: "seat", Value: []byte("1"), DeleteOnLeave: true}},
		})
		return err
	}
	taken := func() int {
		got, err := c.attributes.GetAttributes(t.Context(), &ovationv1.GetAttributesRequest{RoomId: "r"})
		if err != nil {
			t.Fatal(err)
		}
		return len(got.GetSnapshot().GetAttributes())
	}
	err := take()
	if connect.CodeOf(err) != connect.CodeNotFound || reason(err) != ovationv1.ErrorReason_ERROR_REASON_SESSION_NOT_FOUND || taken() != 0 {
		t.Errorf("%v; %d seats are taken", err, taken())
	}
	joined, err := c.rooms.JoinRoom(t.Context(), &ovationv1.JoinRoomRequest{RoomId: "r"})
	if err != nil {
		t.Fatal(err)
	}
	if err := take(); err != nil || taken() != 1 {
		t.Errorf("%v; %d seats are taken", err, taken())
	}
	if _, err := c.rooms.LeaveRoom(t.Context(), &ovationv1.LeaveRoomRequest{RoomId: "r", SessionId: joined.GetSessionId()}); err != nil {
		t.Fatal(err)
	}
	if taken() != 0 {
		t.Error("the seat is taken by nobody")
	}
}
