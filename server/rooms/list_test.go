package rooms_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
)

// list pages through the rooms that a caller sees.
func (h house) list(t *testing.T, p auth.Principal, state room.State, size int) (ids []live.RoomID) {
	t.Helper()
	for token := ""; ; {
		got, next, err := h.List(t.Context(), p, state, size, token)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > size || next != "" && len(got) < size {
			t.Errorf("a page of %d has %d, and then %q", size, len(got), next)
		}
		for _, r := range got {
			ids = append(ids, r.ID)
		}
		if token = next; token == "" {
			return ids
		}
	}
}

func TestListAThousandRooms(t *testing.T) {
	t.Parallel()
	h := setup(t)
	want := []live.RoomID{"r"}
	var covered []live.RoomID
	for i := range 1000 {
		id := live.RoomID(fmt.Sprintf("room-%04d", i))
		h.create(t, id)
		want = append(want, id)
		if i%100 == 7 {
			covered = append(covered, id)
		}
		if i%2 == 0 {
			if _, err := h.End(t.Context(), backend, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Reverse(covered) // and tokens may name what is not there, and repeat themselves
	some := as("u", live.RoleViewer, slices.Concat(covered, covered, []live.RoomID{"nowhere", "room-0000x"})...)
	slices.Reverse(covered)
	for _, size := range []int{1000, 999, 333, 100} {
		if got := h.list(t, backend, room.StateAny, size); !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d rooms", size, len(got))
		}
		if got := h.list(t, backend, room.Live, size); len(got) != 501 {
			t.Errorf("%d are live", len(got))
		}
	}
	for _, size := range []int{1, 3, 10, 100} {
		if got := h.list(t, some, room.StateAny, size); !slices.Equal(got, covered) {
			t.Errorf("covered, pages of %d: %v", size, got)
		}
		if got := h.list(t, some, room.Ended, size); len(got) != 0 { // 7, 107, ...: all odd
			t.Errorf("covered and ended: %v", got)
		}
	}
	if got := h.list(t, auth.Principal{}, room.StateAny, 10); got != nil {
		t.Errorf("nobody sees %v", got)
	}
}

func TestPageTokensOfOtherLists(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.create(t, "s")
	p := as("u", live.RoleViewer, "r", "s")
	for _, u := range []live.UserID{"u", "v"} {
		for _, id := range []live.RoomID{"r", "s"} {
			if _, err := h.Join(t.Context(), as(u, live.RoleViewer, id), id, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, ofRooms, err := h.List(t.Context(), p, room.StateAny, 1, "")
	if err != nil || ofRooms == "" {
		t.Fatal(ofRooms, err)
	}
	_, ofMembers, _, err := h.Members(t.Context(), p, "r", 1, "")
	if err != nil || ofMembers == "" {
		t.Fatal(ofMembers, err)
	}
	for _, token := range []string{ofRooms, "r", "!", "MQ"} {
		if _, _, _, err := h.Members(t.Context(), p, "r", 1, token); !errors.Is(err, page.ErrToken) {
			t.Errorf("members after %q: %v", token, err)
		}
	}
	for _, token := range []string{ofMembers, "r", "!", "MQ"} {
		if _, _, err := h.List(t.Context(), p, room.StateAny, 1, token); !errors.Is(err, page.ErrToken) {
			t.Errorf("rooms after %q: %v", token, err)
		}
	}
	if _, _, _, err := h.Members(t.Context(), p, "s", 1, ofMembers); !errors.Is(err, page.ErrToken) {
		t.Errorf("members of another room: %v", err)
	}
}

func TestListAThousandMembers(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var want []live.UserID
	for i := range 1000 {
		u := live.UserID(fmt.Sprintf("user-%04d", i))
		want = append(want, u)
		for range 1 + i%2 {
			if _, _, err := h.Enter(t.Context(), as(u, live.RoleViewer), "r", "", 1e9); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, size := range []int{1000, 999, 334, 100} {
		var got []live.UserID
		for token := ""; ; {
			members, next, online, err := h.Members(t.Context(), as("u", live.RoleViewer), "r", size, token)
			if err != nil || online != (room.Online{Users: 1000, Sessions: 1500}) {
				t.Fatalf("%v, %v", online, err)
			}
			for _, m := range members {
				got = append(got, m.User)
			}
			if token = next; token == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d members", size, len(got))
		}
	}
}
