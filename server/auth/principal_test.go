package auth_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
)

func TestCovers(t *testing.T) {
	t.Parallel()
	some := auth.Principal{Role: live.RoleHost, Rooms: []live.RoomID{"r", "s"}}
	all := auth.Principal{Role: live.RoleHost, Rooms: []live.RoomID{"*"}}
	none := auth.Principal{Role: live.RoleHost}
	for _, tt := range []struct {
		p    auth.Principal
		room live.RoomID
		want error
	}{
		{some, "r", nil},
		{some, "s", nil},
		{some, "t", auth.ErrRoomForbidden},
		{some, "", auth.ErrRoomForbidden},
		{some, "*", auth.ErrRoomForbidden},
		{all, "t", nil},
		{none, "r", auth.ErrRoomForbidden},
		{none, "", auth.ErrRoomForbidden},
	} {
		if err := tt.p.In(tt.room); !errors.Is(err, tt.want) || tt.p.Covers(tt.room) != (tt.want == nil) {
			t.Errorf("%v in %q: %v", tt.p.Rooms, tt.room, err)
		}
	}
}

func TestAs(t *testing.T) {
	t.Parallel()
	p := auth.Principal{Role: live.RoleModerator, Rooms: []live.RoomID{"r"}}
	if err := p.As("r", live.RoleHost, live.RoleModerator); err != nil {
		t.Error(err)
	}
	if err := p.As("r", live.RoleHost); !errors.Is(err, auth.ErrRoleForbidden) {
		t.Error(err)
	}
	if err := p.As("s", live.RoleModerator); !errors.Is(err, auth.ErrRoomForbidden) {
		t.Error(err)
	}
}

// Whoever acts in another role than their token's is still known by it.
func TestActing(t *testing.T) {
	t.Parallel()
	p := auth.Principal{User: "u", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}}
	if p.TokenRole() != live.RoleViewer {
		t.Errorf("%+v: a token of %v", p, p.TokenRole())
	}
	for range 2 { // as often as doors are passed
		p = p.Acting(live.RoleModerator)
		if err := p.As("r", live.RoleModerator); err != nil || p.TokenRole() != live.RoleViewer {
			t.Errorf("%+v: %v, a token of %v", p, err, p.TokenRole())
		}
	}
	if err := p.As("s", live.RoleModerator); !errors.Is(err, auth.ErrRoomForbidden) {
		t.Error(err)
	}
}

func TestNobodyMayDoNothing(t *testing.T) {
	t.Parallel()
	p := auth.From(context.Background())
	if err := p.In("r"); !errors.Is(err, auth.ErrRoomForbidden) || p.Role != live.RoleNone {
		t.Errorf("%+v: %v", p, err)
	}
	if got := auth.From(auth.With(t.Context(), auth.Principal{User: "u"})); got.User != "u" {
		t.Errorf("got %+v", got)
	}
}
