package chat_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
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

// What viewers take back has a budget of its own: the host is heard, and moderators
// go on taking back.
func TestViewersRecallSoManyASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		viewer, one := as("u", live.RoleViewer), 1
		h.change(t, room.SettingsChange{WhitelistRate: &one})
		sent := make([]live.Timestamp, feed.RecallRate+2)
		for i := range sent {
			receipt, err := h.Send(t.Context(), viewer, "r", text("x"))
			if err != nil || receipt.Outcome != feed.Accepted {
				t.Fatalf("%+v, %v", receipt, err)
			}
			sent[i] = receipt.Place.Timestamp
		}
		for _, at := range sent[:feed.RecallRate] {
			if err := h.Recall(t.Context(), viewer, "r", at); err != nil {
				t.Fatal(err)
			}
		}
		var tooOften *chat.TooOftenError
		err := h.Recall(t.Context(), viewer, "r", sent[feed.RecallRate])
		if !errors.As(err, &tooOften) || tooOften.RetryAfter <= 0 || tooOften.RetryAfter > time.Second {
			t.Fatalf("one more: %v", err)
		}
		if err := h.Recall(t.Context(), as("m", live.RoleModerator), "r", sent[feed.RecallRate+1]); err != nil {
			t.Errorf("a moderator's: %v", err)
		}
		if receipt, err := h.Send(t.Context(), as("h", live.RoleHost), "r", text("x")); err != nil || receipt.Outcome != feed.Accepted {
			t.Errorf("the host's message: %+v, %v", receipt, err)
		}
		time.Sleep(tooOften.RetryAfter)
		if err := h.Recall(t.Context(), viewer, "r", sent[feed.RecallRate]); err != nil {
			t.Errorf("after the delay: %v", err)
		}
		h.hub.Close()
	})
}

func TestARecallCannotBeRecalled(t *testing.T) {
	t.Parallel()
	h := setup(t)
	u := as("u", live.RoleViewer)
	sent, err := h.Send(t.Context(), u, "r", text("x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Recall(t.Context(), u, "r", sent.Place.Timestamp); err != nil {
		t.Fatal(err)
	}
	all := h.history(t, chat.Span{Size: 10})
	recall := all[len(all)-1]
	if err := h.Recall(t.Context(), u, "r", recall); recall == sent.Place.Timestamp || !errors.Is(err, feed.ErrNoMessage) {
		t.Errorf("got %v", err)
	}
}
