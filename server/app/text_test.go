package app_test

import (
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// What no one can see, and what turns the text of others around, does not get into a
// room: by texts, by names, or by titles. Who sends it is told what became of it.
func TestTextsAreClean(t *testing.T) {
	t.Parallel()
	n := start(t)
	title := "\u202eA\ttitle\n"
	backend := n.backend(t)
	created, err := backend.rooms.CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: "r", Title: title})
	if err != nil || created.GetRoom().GetTitle() != "A title" {
		t.Fatalf("%v, %v", created, err)
	}
	title = "Another\x00\x1b"
	updated, err := backend.rooms.UpdateRoom(t.Context(), &ovationv1.UpdateRoomRequest{RoomId: "r", Title: &title})
	if err != nil || updated.GetRoom().GetTitle() != "Another" {
		t.Errorf("%v, %v", updated, err)
	}
	viewer := n.clients(h2c.client(t, "Bearer "+mint(t, token.Claims{
		User: "u", Name: "\u202eann\n", Role: live.RoleViewer, Rooms: []live.RoomID{"r"},
	})))
	for text, want := range map[string]struct{ room, altered string }{
		"a\r\n\tb":          {"a\n\tb", "a\n\tb"},
		"\x1b[31m\u202ered": {"[31mred", "[31mred"},
		"as it is\n\t":      {"as it is\n\t", ""},
	} {
		sent, err := viewer.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: text})
		if err != nil || sent.GetAlteredText() != want.altered {
			t.Errorf("%q: %v, %v", text, sent, err)
		}
		if m := latest(t, viewer); m.GetText() != want.room || m.GetSenderName() != "ann" {
			t.Errorf("%q is in the room as %v", text, m)
		}
	}
	_, err = viewer.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "\x00\u2066"})
	if reason(err) != ovationv1.ErrorReason_ERROR_REASON_MESSAGE_EMPTY || connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("nothing to see: %v", err)
	}
	_, err = backend.feed.Send(t.Context(), &ovationv1.SendRequest{
		RoomId: "r", Text: "hi", OnBehalfOf: "v", OnBehalfOfName: "\u2067bob\u0085",
	})
	if m := latest(t, viewer); err != nil || m.GetSenderName() != "bob" {
		t.Errorf("%v, %v", m, err)
	}
}

// latest returns the room's latest message.
func latest(t *testing.T, c clients) *ovationv1.Message {
	t.Helper()
	pulled, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"})
	if err != nil {
		t.Fatal(err)
	}
	var last *ovationv1.Message
	for _, m := range pulled.GetBatch().GetMessages() {
		if m.GetTimestamp() > last.GetTimestamp() {
			last = m
		}
	}
	return last
}
