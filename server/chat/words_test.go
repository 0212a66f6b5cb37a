package chat_test

import (
	"errors"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	livewords "github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/server/words"
)

// forbid puts words on the room's lists: "mild" is masked, "bad" refused.
func (h house) forbid(t *testing.T) {
	t.Helper()
	_, err := h.store.Words.PutWords(t.Context(), "r", livewords.Change{List: "l", Words: []livewords.Word{
		{Text: "mild", Action: livewords.Mask}, {Text: "bad", Action: livewords.Refuse},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// Everyone's messages are searched but a backend's own.
func TestForbiddenWords(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.forbid(t)
	behalf := text("so m.i.l.d")
	behalf.OnBehalfOf = "v"
	for _, tt := range []struct {
		role live.Role
		mild string
	}{
		{live.RoleViewer, "so *******"}, {live.RoleModerator, "so *******"}, {live.RoleHost, "so *******"}, {live.RoleBackend, ""},
	} {
		sent, err := h.Send(t.Context(), as("u", tt.role), "r", text("so m.i.l.d"))
		if err != nil || sent.Outcome != feed.Accepted || sent.Altered != tt.mild {
			t.Errorf("%v: %+v, %v", tt.role, sent, err)
		}
		want := tt.mild
		if want == "" {
			want = "so m.i.l.d"
		}
		if m, err := h.store.Log.Message(t.Context(), "r", sent.Place.Timestamp); err != nil || m.Text != want {
			t.Errorf("%v: %+v, %v", tt.role, m, err)
		}
		refused := new(words.RefusedError)
		_, err = h.Send(t.Context(), as("u", tt.role), "r", text("BAD"))
		if passes := tt.role == live.RoleBackend; passes != (err == nil) || !passes && !errors.As(err, &refused) {
			t.Errorf("%v: %v", tt.role, err)
		}
	}
	if sent, err := h.Send(t.Context(), as("b", live.RoleBackend), "r", behalf); err != nil || sent.Altered != "so *******" {
		t.Errorf("on behalf: %+v, %v", sent, err)
	}
	if sent, err := h.Send(t.Context(), as("u", live.RoleViewer), "r", text("clean")); err != nil || sent.Altered != "" {
		t.Errorf("clean: %+v, %v", sent, err)
	}
}

// A message that comes again is as it was placed, whatever the words are by then.
func TestRepeatedMessagesAreAsTheyWere(t *testing.T) {
	t.Parallel()
	h := setup(t)
	before, after := text("mild one"), text("mild two")
	before.Content.ClientMessageID, after.Content.ClientMessageID = "1", "2"
	send := func(out feed.Content, duplicate bool, altered string) {
		t.Helper()
		m := text(out.Text)
		m.Content = out
		sent, err := h.Send(t.Context(), as("u", live.RoleViewer), "r", m)
		if err != nil || sent.Duplicate != duplicate || sent.Altered != altered {
			t.Errorf("%q: %+v, %v; want %q", out.Text, sent, err, altered)
		}
	}
	send(before.Content, false, "")
	h.forbid(t)
	send(before.Content, true, "")
	send(after.Content, false, "**** two")
	send(after.Content, true, "**** two")
}
