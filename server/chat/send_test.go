package chat_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/store"
)

func TestWhoSendsWhat(t *testing.T) {
	t.Parallel()
	low, white := feed.Low, feed.Whitelist
	system := chat.Outgoing{Content: feed.Content{Kind: feed.KindSystem, Text: "x"}}
	behalf := text("x")
	behalf.OnBehalfOf, behalf.Name = "v", "V"
	systemBehalf := system
	systemBehalf.OnBehalfOf = "v"
	named := text("x")
	named.Name = "V"
	gift := chat.Outgoing{Content: feed.Content{Kind: feed.KindGift, Payload: []byte("x")}}
	bucketed := text("x")
	bucketed.Bucket = &white
	lowered := system
	lowered.Bucket = &low
	const all = "viewer moderator host backend"
	for name, tt := range map[string]struct {
		out    chat.Outgoing
		may    string
		bucket map[live.Role]feed.Bucket // HIGH where none is given
	}{
		"text": {text("x"), all, map[live.Role]feed.Bucket{
			live.RoleViewer: feed.Low, live.RoleModerator: feed.Whitelist, live.RoleHost: feed.Whitelist, live.RoleBackend: feed.Low,
		}},
		"system": {system, "moderator host backend", map[live.Role]feed.Bucket{
			live.RoleModerator: feed.Whitelist, live.RoleHost: feed.Whitelist, live.RoleBackend: feed.Whitelist,
		}},
		"a gift, unpaid":      {gift, "backend", map[live.Role]feed.Bucket{live.RoleBackend: feed.High}},
		"on behalf":           {behalf, "backend", map[live.Role]feed.Bucket{live.RoleBackend: feed.Low}},
		"system, on behalf":   {systemBehalf, "", nil},
		"under another name":  {named, "backend", map[live.Role]feed.Bucket{live.RoleBackend: feed.Low}},
		"in a bucket":         {bucketed, "backend", map[live.Role]feed.Bucket{live.RoleBackend: feed.Whitelist}},
		"system, in a bucket": {lowered, "backend", map[live.Role]feed.Bucket{live.RoleBackend: feed.Low}},
	} {
		for role := live.RoleViewer; role <= live.RoleBackend; role++ {
			t.Run(name+" as "+role.String(), func(t *testing.T) {
				t.Parallel()
				receipt, err := setup(t).Send(t.Context(), as("u", role), "r", tt.out)
				if !strings.Contains(tt.may, role.String()) {
					if !errors.Is(err, auth.ErrRoleForbidden) {
						t.Fatalf("it may: %v", err)
					}
					return
				}
				if err != nil || receipt.Outcome != feed.Accepted || receipt.Bucket != tt.bucket[role] {
					t.Errorf("%+v, %v", receipt, err)
				}
			})
		}
	}
}

func TestWhoAMessageIsFrom(t *testing.T) {
	t.Parallel()
	h := setup(t)
	forged := text("x")
	forged.Content.Sender, forged.Content.SenderName = "somebody", "Somebody"
	behalf := text("x")
	behalf.OnBehalfOf, behalf.Name = "v", "V"
	for _, tt := range []struct {
		p          auth.Principal
		out        chat.Outgoing
		user, name string
	}{
		{as("u", live.RoleViewer), forged, "u", "name of u"},
		{as("b", live.RoleBackend), behalf, "v", "V"},
	} {
		receipt, err := h.Send(t.Context(), tt.p, "r", tt.out)
		if err != nil {
			t.Fatal(err)
		}
		m, err := h.store.Log.Message(t.Context(), "r", receipt.Place.Timestamp)
		if err != nil || string(m.Sender) != tt.user || m.SenderName != tt.name {
			t.Errorf("from %q, %q, %v", m.Sender, m.SenderName, err)
		}
	}
}

// Who is spoken for has a viewer's rights: slow mode holds for them.
func TestSlowModeOnBehalf(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.change(t, room.SettingsChange{SlowMode: new(room.DefaultSettings().Notify.OfflineAfter)})
	behalf := text("x")
	behalf.OnBehalfOf = "v"
	for i, want := range []feed.Outcome{feed.Accepted, feed.SlowMode} {
		if got, err := h.Send(t.Context(), as("b", live.RoleBackend), "r", behalf); err != nil || got.Outcome != want {
			t.Errorf("%d: %+v, %v", i, got, err)
		}
		if got, err := h.Send(t.Context(), as("b", live.RoleBackend), "r", text("x")); err != nil || got.Outcome != feed.Accepted {
			t.Errorf("in its own name: %+v, %v", got, err)
		}
	}
}

func TestContents(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.change(t, room.SettingsChange{MaxTextLength: new(5)})
	tooLong := new(chat.TooLongError)
	for name, tt := range map[string]struct {
		content feed.Content
		ok      bool
		want    error
	}{
		"nothing":                    {feed.Content{Kind: feed.KindText}, false, chat.ErrEmpty},
		"spaces":                     {feed.Content{Kind: feed.KindText, Text: " \t\n\u3000\u00a0"}, false, chat.ErrEmpty},
		"an image without contents":  {feed.Content{Kind: feed.KindImage}, false, chat.ErrEmpty},
		"a like without contents":    {feed.Content{Kind: feed.KindLike}, true, nil},
		"a payload alone":            {feed.Content{Kind: feed.KindImage, Payload: []byte("x")}, true, nil},
		"a text with spaces":         {feed.Content{Kind: feed.KindText, Text: " a "}, true, nil},
		"as long as may be":          {feed.Content{Kind: feed.KindText, Text: "ünï☺😀"}, true, nil},
		"one longer":                 {feed.Content{Kind: feed.KindText, Text: "ünï☺😀!"}, false, nil},
		"a like that is too long":    {feed.Content{Kind: feed.KindLike, Text: "longer"}, false, nil},
		"spaces, more than may be":   {feed.Content{Kind: feed.KindText, Text: "      "}, false, chat.ErrEmpty},
		"payload, and text too long": {feed.Content{Kind: feed.KindImage, Text: "longer", Payload: []byte("x")}, false, nil},
	} {
		receipt, err := h.Send(t.Context(), as("u", live.RoleViewer), "r", chat.Outgoing{Content: tt.content})
		switch {
		case tt.ok && (err != nil || receipt.Outcome != feed.Accepted):
			t.Errorf("%s: %+v, %v", name, receipt, err)
		case !tt.ok && tt.want == nil && (!errors.As(err, &tooLong) || tooLong.Max != 5 || tooLong.Length != 6):
			t.Errorf("%s: %v", name, err)
		case !tt.ok && tt.want != nil && !errors.Is(err, tt.want):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSendWhereOneMayNot(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := as("u", live.RoleViewer)
	p.Rooms = append(p.Rooms, "nowhere")
	if _, err := h.Send(t.Context(), p, "s", text("x")); !errors.Is(err, auth.ErrRoomForbidden) {
		t.Errorf("not covered: %v", err)
	}
	if _, err := h.Send(t.Context(), p, "nowhere", text("x")); !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("not there: %v", err)
	}
	if _, err := h.rooms.End(t.Context(), as("b", live.RoleBackend), "r"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Send(t.Context(), p, "r", text("x")); !errors.Is(err, store.ErrRoomEnded) {
		t.Errorf("ended: %v", err)
	}
}
