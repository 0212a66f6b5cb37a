package words_test

import (
	"errors"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	livewords "github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/words"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// setup makes an embedded store with live rooms "r" and "s".
func setup(t *testing.T) store.Set {
	t.Helper()
	set := memory.New().Set()
	for _, id := range []live.RoomID{"r", "s"} {
		if _, err := set.Rooms.CreateRoom(t.Context(), room.Room{ID: id, Settings: room.DefaultSettings()}, ""); err != nil {
			t.Fatal(err)
		}
	}
	return set
}

// as returns a caller of a role whose token covers rooms.
func as(role live.Role, rooms ...live.RoomID) auth.Principal {
	return auth.Principal{User: "u", Role: role, Rooms: rooms}
}

// change adds words to a list.
func change(list string, action livewords.Action, texts ...string) livewords.Change {
	c := livewords.Change{List: list}
	for _, text := range texts {
		c.Words = append(c.Words, livewords.Word{Text: text, Action: action})
	}
	return c
}

func TestWhoChangesWords(t *testing.T) {
	t.Parallel()
	s := words.New(setup(t))
	for role := live.RoleViewer; role <= live.RoleBackend; role++ {
		for _, tt := range []struct {
			id         live.RoomID
			covered    live.RoomID
			put, list  error
			whoPuts    live.Role
			whoListens live.Role
		}{
			{"r", "r", auth.ErrRoleForbidden, auth.ErrRoleForbidden, live.RoleHost, live.RoleModerator},
			{"r", "s", auth.ErrRoomForbidden, auth.ErrRoomForbidden, live.RoleBackend + 1, live.RoleBackend + 1},
			{"", auth.AnyRoom, auth.ErrRoleForbidden, auth.ErrRoleForbidden, live.RoleBackend, live.RoleBackend},
		} {
			p := as(role, tt.covered)
			_, err := s.Put(t.Context(), p, tt.id, change("", livewords.Mask, "w"))
			if may := role >= tt.whoPuts; may != (err == nil) || !may && !errors.Is(err, tt.put) {
				t.Errorf("%v puts in %q: %v", role, tt.id, err)
			}
			_, _, lists := s.Lists(t.Context(), p, tt.id, 10, "")
			_, _, err = s.Words(t.Context(), p, tt.id, "default", 10, "")
			if may := role >= tt.whoListens; may != (err == nil && lists == nil) || !may && !errors.Is(errors.Join(err, lists), tt.list) {
				t.Errorf("%v lists %q: %v, %v", role, tt.id, err, lists)
			}
		}
	}
	if _, err := s.Put(t.Context(), as(live.RoleBackend, "r"), "", change("", livewords.Mask, "w")); !errors.Is(err, auth.ErrRoomForbidden) {
		t.Errorf("for every room with a token for one: %v", err)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s, p := words.New(setup(t)), as(live.RoleHost, "r")
	for _, list := range []string{"", "ads", "more"} {
		if got, err := s.Put(t.Context(), p, "r", change(list, livewords.Mask, "c", "a", "b")); err != nil || got.Words != 3 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	lists, next, err := s.Lists(t.Context(), p, "r", 2, "")
	if err != nil || len(lists) != 2 || lists[0].ID != "ads" || lists[1].ID != words.DefaultList {
		t.Fatalf("%+v, %v", lists, err)
	}
	if lists, end, err := s.Lists(t.Context(), p, "r", 2, next); err != nil || len(lists) != 1 || lists[0].ID != "more" || end != "" {
		t.Errorf("%+v, %q, %v", lists, end, err)
	}
	found, next, err := s.Words(t.Context(), p, "r", "ads", 2, "")
	if err != nil || len(found) != 2 || found[0].Text != "a" {
		t.Fatalf("%+v, %v", found, err)
	}
	if found, end, err := s.Words(t.Context(), p, "r", "ads", 2, next); err != nil || len(found) != 1 || found[0].Text != "c" || end != "" {
		t.Errorf("%+v, %q, %v", found, end, err)
	}
	if _, _, err := s.Words(t.Context(), p, "r", "more", 2, next); !errors.Is(err, page.ErrToken) {
		t.Errorf("another list's token: %v", err)
	}
}

func TestWordsThatCannotBeFound(t *testing.T) {
	t.Parallel()
	set := setup(t)
	unusable := new(livewords.UnusableError)
	_, err := words.New(set).Put(t.Context(), as(live.RoleHost, "r"), "r", change("", livewords.Mask, "a", "..."))
	if !errors.As(err, &unusable) || unusable.Index != 1 {
		t.Errorf("%v", err)
	}
	if lists, _, _ := set.Words.AllWords(t.Context(), "r"); len(lists) != 0 {
		t.Errorf("%+v", lists)
	}
}
