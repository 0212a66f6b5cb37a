package chat_test

import (
	"errors"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/auth"
)

func TestWhoRecalls(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		p    auth.Principal
		want error
	}{
		"its sender":      {as("u", live.RoleViewer), nil},
		"another viewer":  {as("v", live.RoleViewer), auth.ErrRoleForbidden},
		"a moderator":     {as("v", live.RoleModerator), nil},
		"a host":          {as("v", live.RoleHost), nil},
		"a backend":       {as("v", live.RoleBackend), nil},
		"a stranger":      {auth.Principal{User: "u", Role: live.RoleHost, Rooms: []live.RoomID{"s"}}, auth.ErrRoomForbidden},
		"nobody at all":   {auth.Principal{}, auth.ErrRoomForbidden},
		"without a token": {auth.Principal{Rooms: []live.RoomID{"r"}}, auth.ErrRoleForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			sent, err := h.Send(t.Context(), as("u", live.RoleViewer), "r", text("x"))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second changes nothing
				if err := h.Recall(t.Context(), tt.p, "r", sent.Place.Timestamp); !errors.Is(err, tt.want) {
					t.Fatalf("got %v", err)
				}
			}
			m, err := h.store.Log.Message(t.Context(), "r", sent.Place.Timestamp)
			if err != nil || m.Recalled != (tt.want == nil) || m.Recalled == (m.Text != "") {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}

func TestRecallWhatIsNotThere(t *testing.T) {
	t.Parallel()
	if err := setup(t).Recall(t.Context(), as("u", live.RoleHost), "r", 7); !errors.Is(err, feed.ErrNoMessage) {
		t.Errorf("got %v", err)
	}
}
