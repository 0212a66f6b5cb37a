package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/hub"
	keeping "github.com/ovation-live/ovation/server/moderation"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/store"
)

// sanction applies a sanction for good.
func (h house) sanction(t *testing.T, kind moderation.Kind, id live.RoomID, user live.UserID) {
	t.Helper()
	_, err := h.store.Sanctions.ApplySanction(t.Context(), store.SanctionOrder{
		Order: moderation.Order{Kind: kind, Room: id, User: user, By: "mod", Reason: "why"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// admitted sends as a call does that was let in.
func (h house) admitted(t *testing.T, p auth.Principal, out chat.Outgoing) (chat.Sent, error) {
	t.Helper()
	ctx, err := keeping.New(h.store, h.hub, nil).Admit(t.Context(), p, "r")
	if err != nil {
		t.Fatal(err)
	}
	return h.Send(ctx, p, "r", out)
}

// behalf returns a backend's message in a user's name.
func behalf(user live.UserID, kind feed.Kind) chat.Outgoing {
	return chat.Outgoing{Content: feed.Content{Kind: kind, Text: "hello"}, OnBehalfOf: user}
}

// A mute stops messages of every kind that users send, likes among them, whoever sends
// them in the user's name; nothing that a backend says for itself.
func TestMuteStopsMessages(t *testing.T) {
	t.Parallel()
	b := as("b", live.RoleBackend)
	for name, place := range map[string]live.RoomID{"here": "r", "everywhere": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setup(t)
			h.sanction(t, moderation.Mute, place, "ann")
			h.sanction(t, moderation.Mute, place, "b")
			var muted *moderation.MutedError
			for kind := feed.KindText; kind <= feed.KindCustom; kind++ {
				if kind != feed.KindGift {
					out := text("hello")
					out.Content.Kind = kind
					for role := live.RoleViewer; role <= live.RoleHost; role++ {
						if _, err := h.admitted(t, as("ann", role), out); !errors.As(err, &muted) || muted.Term.Why != "why" {
							t.Errorf("kind %d, as %v: %v", kind, role, err)
						}
					}
				}
				if _, err := h.admitted(t, b, behalf("ann", kind)); !errors.As(err, &muted) {
					t.Errorf("kind %d, on behalf: %v", kind, err)
				}
				if _, err := h.admitted(t, b, behalf("bob", kind)); err != nil {
					t.Errorf("kind %d, on behalf of another: %v", kind, err)
				}
				out := text("hello")
				out.Content.Kind = kind
				if _, err := h.admitted(t, b, out); err != nil {
					t.Errorf("kind %d, for itself: %v", kind, err)
				}
			}
			if n := h.log.appends.Load(); n != 12 {
				t.Errorf("%d messages were appended, want the backend's 12", n)
			}
		})
	}
}

func TestMessagesOnBehalfOfTheBanned(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sanction(t, moderation.Ban, "", "ann")
	var banned *moderation.BannedError
	if _, err := h.admitted(t, as("b", live.RoleBackend), behalf("ann", feed.KindText)); !errors.As(err, &banned) {
		t.Errorf("%v", err)
	}
	// Whether somebody is banned is none of the business of those who may not ask.
	if _, err := h.admitted(t, as("u", live.RoleViewer), behalf("ann", feed.KindText)); !errors.Is(err, auth.ErrRoleForbidden) {
		t.Errorf("a viewer: %v", err)
	}
}

func TestRoomMuteStopsViewers(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.sanction(t, moderation.RoomMute, "r", "")
	h.sanction(t, moderation.Protect, "r", "ann")
	b := as("b", live.RoleBackend)
	for name, tt := range map[string]struct {
		p     auth.Principal
		out   chat.Outgoing
		muted bool
	}{
		"a viewer":                      {as("u", live.RoleViewer), text("x"), true},
		"a moderator":                   {as("u", live.RoleModerator), text("x"), false},
		"a host":                        {as("u", live.RoleHost), text("x"), false},
		"a backend":                     {b, text("x"), false},
		"a backend for a viewer":        {b, behalf("u", feed.KindText), true},
		"a protected user":              {as("ann", live.RoleViewer), text("x"), false},
		"a backend for a protected one": {b, behalf("ann", feed.KindText), false},
	} {
		var muted *moderation.MutedError
		if _, err := h.admitted(t, tt.p, tt.out); errors.As(err, &muted) != tt.muted || !tt.muted && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Protected users ride WHITELIST past slow mode, whatever the room's rules, unless a
// backend says otherwise.
func TestProtectedUsersRideWhitelist(t *testing.T) {
	t.Parallel()
	h := setup(t)
	slow, rules := time.Hour, feed.Rules{{Bucket: feed.Low}}
	h.change(t, room.SettingsChange{SlowMode: &slow, Rules: &rules})
	h.sanction(t, moderation.Protect, "", "ann")
	for range 3 {
		receipt, err := h.admitted(t, as("ann", live.RoleViewer), text("x"))
		if err != nil || receipt.Outcome != feed.Accepted || receipt.Bucket != feed.Whitelist {
			t.Errorf("%+v, %v", receipt, err)
		}
	}
	out := behalf("ann", feed.KindText)
	out.Bucket = new(feed.High)
	for range 2 {
		receipt, err := h.admitted(t, as("b", live.RoleBackend), out)
		if err != nil || receipt.Outcome != feed.Accepted || receipt.Bucket != feed.High {
			t.Errorf("as the backend says: %+v, %v", receipt, err)
		}
	}
	if receipt, err := h.admitted(t, as("u", live.RoleViewer), text("x")); err != nil || receipt.Bucket != feed.Low {
		t.Errorf("another: %+v, %v", receipt, err)
	}
}

// register is store.Sanctions by a name that is not one of its methods'.
type register = store.Sanctions

// away is a store of sanctions that nobody can ask.
type away struct{ register }

func (away) Standing(context.Context, live.RoomID, live.UserID) (moderation.Standing, error) {
	return moderation.Standing{}, store.ErrUnavailable
}

// A long poll of one who is banned while they wait brings nothing; one that waits while
// the store goes away is served from memory.
func TestLongPollsAndBans(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		banned, away bool
		want         bool
	}{
		"banned":           {true, false, false},
		"not banned":       {false, false, true},
		"nobody can say":   {false, true, true},
		"banned, not said": {true, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := setup(t)
				set := h.store
				if tt.away {
					set.Sanctions = away{set.Sanctions}
				}
				quiet := slog.New(slog.DiscardHandler)
				s := chat.New(set, h.hub, h.rooms, rooms.NewKeeper(h.rooms, quiet, nil), chat.Config{Logger: quiet})
				ann := as("ann", live.RoleViewer)
				first, err := s.Pull(t.Context(), ann, hub.Pull{Room: "r"})
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(time.Second, func() {
					if tt.banned {
						h.sanction(t, moderation.Ban, "", "ann")
					}
					if _, err := s.Send(t.Context(), as("u", live.RoleViewer), "r", text("news")); err != nil {
						t.Error(err)
					}
				})
				pull := hub.Pull{Room: "r", Cursor: first.Batch.Cursor, Wait: time.Minute}
				pulled, err := s.Pull(t.Context(), ann, pull)
				var ban *moderation.BannedError
				if tt.want != (err == nil) || err != nil && !errors.As(err, &ban) || tt.want != (len(pulled.Batch.Messages) == 1) {
					t.Errorf("%+v, %v", pulled.Batch, err)
				}
			})
		})
	}
}
