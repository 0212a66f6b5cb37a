package rooms_test

import (
	"errors"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/store"
)

func TestWhoCreates(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		p    auth.Principal
		id   live.RoomID
		want error
	}{
		"a viewer":                        {as("u", live.RoleViewer, "n"), "n", auth.ErrRoleForbidden},
		"a moderator":                     {as("u", live.RoleModerator, "n"), "n", auth.ErrRoleForbidden},
		"a host":                          {as("u", live.RoleHost, "n"), "n", nil},
		"a host of all":                   {as("u", live.RoleHost, "*"), "n", nil},
		"a host of another":               {as("u", live.RoleHost, "m"), "n", auth.ErrRoomForbidden},
		"a backend":                       {backend, "n", nil},
		"a backend of another":            {as("u", live.RoleBackend, "m"), "n", auth.ErrRoomForbidden},
		"a host, leaving the id":          {as("u", live.RoleHost, "n"), "", auth.ErrRoleForbidden},
		"a host of all, leaving the id":   {as("u", live.RoleHost, "*"), "", auth.ErrRoleForbidden},
		"a viewer of all, leaving the id": {as("u", live.RoleViewer, "*"), "", auth.ErrRoleForbidden},
		"a backend, leaving the id":       {backend, "", nil},
		"nobody":                          {auth.Principal{}, "", auth.ErrRoleForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := setup(t).Create(t.Context(), tt.p, rooms.Draft{ID: tt.id})
			if !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if err == nil && (got.ID == "" || tt.id != "" && got.ID != tt.id) {
				t.Errorf("created %q", got.ID)
			}
		})
	}
}

func TestWhoHosts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		p    auth.Principal
		host live.UserID
		want live.UserID
	}{
		"a host, unsaid":     {as("u", live.RoleHost, "n"), "", "u"},
		"a host for another": {as("u", live.RoleHost, "n"), "v", "v"},
		"a backend, unsaid":  {backend, "", ""},
		"a backend":          {backend, "v", "v"},
	} {
		got, err := setup(t).Create(t.Context(), tt.p, rooms.Draft{ID: "n", Host: tt.host})
		if err != nil || got.Host != tt.want {
			t.Errorf("%s: %q, %v", name, got.Host, err)
		}
	}
}

// The same request of the same caller finds the same room, with an id given or made.
func TestCreateAgain(t *testing.T) {
	t.Parallel()
	for _, id := range []live.RoomID{"n", ""} {
		h := setup(t)
		draft := rooms.Draft{ID: id, Title: "Opening", RequestID: "q"}
		first, err := h.Create(t.Context(), backend, draft)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := h.Create(t.Context(), backend, draft); err != nil || again.ID != first.ID {
			t.Errorf("again: %q, %v; first %q", again.ID, err, first.ID)
		}
		other := draft
		other.Title = "Closing"
		if _, err := h.Create(t.Context(), backend, other); !errors.Is(err, store.ErrRequestReused) {
			t.Errorf("with another title: %v", err)
		}
		stranger := backend
		stranger.User = "another"
		got, err := h.Create(t.Context(), stranger, draft)
		if id == "" && (err != nil || got.ID == first.ID) || id != "" && !errors.Is(err, store.ErrRoomExists) {
			t.Errorf("another's request: %q, %v", got.ID, err)
		}
	}
}

// Two callers' request ids do not meet, whatever is in their names.
func TestRequestIDsAreTheirCallers(t *testing.T) {
	t.Parallel()
	h := setup(t)
	one, other := backend, backend
	one.User, other.User = "a", "a\x00b"
	first, err := h.Create(t.Context(), one, rooms.Draft{RequestID: "b\x00c"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.Create(t.Context(), other, rooms.Draft{RequestID: "c"}); err != nil || got.ID == first.ID {
		t.Errorf("got %q, %v", got.ID, err)
	}
}

func TestCreateChecksSettings(t *testing.T) {
	t.Parallel()
	h := setup(t)
	outside := new(*room.RangeError)
	_, err := h.Create(t.Context(), backend, rooms.Draft{ID: "n", Settings: room.SettingsChange{PullLimit: new(1)}})
	if !errors.As(err, outside) {
		t.Errorf("got %v", err)
	}
	if _, _, err := h.Get(t.Context(), backend, "n"); !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("and yet it is there: %v", err)
	}
}
