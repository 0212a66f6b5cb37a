package attributes_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/attributes"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// setup makes the use cases over an embedded store with a live room "r".
func setup(t *testing.T) (*attributes.Service, store.Set) {
	t.Helper()
	set := memory.New().Set()
	source := hub.Source{Rooms: set.Rooms, Log: set.Log, Bus: set.Bus}
	h := hub.New(source, hub.Config{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(h.Close)
	_, err := set.Rooms.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, "")
	if err != nil {
		t.Fatal(err)
	}
	return attributes.New(set, h, nil), set
}

// away is a store that cannot be reached.
type away struct{ store.Attributes }

func (away) UpdateAttributes(context.Context, live.RoomID, store.AttributeUpdate) (store.AttributePosition, error) {
	return store.AttributePosition{}, store.ErrUnavailable
}

func TestUpdatesAreCounted(t *testing.T) {
	t.Parallel()
	_, set := setup(t)
	h := hub.New(hub.Source{Rooms: set.Rooms, Log: set.Log, Bus: set.Bus}, hub.Config{Logger: slog.New(slog.DiscardHandler)})
	defer h.Close()
	registry := prometheus.NewRegistry()
	m := attributes.NewMetrics(registry)
	s := attributes.New(set, h, m)
	update := func(user live.UserID, updates []attribute.Update) {
		_, _ = s.Update(t.Context(), as(user, live.RoleViewer), "r", updates, "") // it is counted
	}
	at := live.Timestamp(7)
	update("u", put("k", "1"))
	update("u", []attribute.Update{{Key: "k", Value: []byte("2"), IfTimestamp: &at}})
	update("v", put("k", "3"))
	update("u", put("k", strings.Repeat("x", 1<<20)))
	update("u", append(put("a", "1"), put("a", "2")...))
	set.Attributes = away{}
	s = attributes.New(set, h, m)
	update("u", put("k", "2"))
	got, err := series.Of(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, outcome := range []string{"applied", "conflict", "owned", "limit", "refused", "failed"} {
		if n := got[fmt.Sprintf("ovation_attributes_updates_total{outcome=%q}", outcome)]; n != 1 {
			t.Errorf("%s: %v", outcome, n)
		}
	}
}

// as returns a caller of a role whose token covers "r".
func as(user live.UserID, role live.Role) auth.Principal {
	return auth.Principal{User: user, Role: role, Rooms: []live.RoomID{"r", "nowhere"}}
}

func put(key, value string) []attribute.Update {
	return []attribute.Update{{Key: key, Value: []byte(value)}}
}

func TestWhoChangesWhat(t *testing.T) {
	t.Parallel()
	for role := live.RoleViewer; role <= live.RoleBackend; role++ {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			s, _ := setup(t)
			if _, err := s.Update(t.Context(), as("owner", live.RoleViewer), "r", put("k", "1"), ""); err != nil {
				t.Fatal(err)
			}
			owned := new(attribute.OwnedError)
			_, err := s.Update(t.Context(), as("u", role), "r", put("k", "2"), "")
			if role.Staff() != (err == nil) || err != nil && !errors.As(err, &owned) {
				t.Errorf("another's key: %v", err)
			}
			if _, err := s.Update(t.Context(), as("u", role), "r", put("mine", "1"), ""); err != nil {
				t.Errorf("a key of one's own: %v", err)
			}
		})
	}
}

func TestViewersWhoOnlyRead(t *testing.T) {
	t.Parallel()
	s, set := setup(t)
	change := room.Change{Settings: room.SettingsChange{ViewersWrite: new(false)}}
	if _, err := set.Rooms.UpdateRoom(t.Context(), "r", change); err != nil {
		t.Fatal(err)
	}
	for role := live.RoleViewer; role <= live.RoleBackend; role++ {
		_, err := s.Update(t.Context(), as("u", role), "r", put("k", role.String()), "")
		if role.Staff() != (err == nil) || err != nil && !errors.Is(err, attribute.ErrReadOnly) {
			t.Errorf("%v: %v", role, err)
		}
		if _, err := s.Get(t.Context(), as("u", role), "r", nil); err != nil {
			t.Errorf("%v reads: %v", role, err)
		}
	}
}

func TestWhereOneMayNot(t *testing.T) {
	t.Parallel()
	s, set := setup(t)
	all := func(id live.RoomID) (errs []error) {
		_, update := s.Update(t.Context(), as("u", live.RoleBackend), id, put("k", "1"), "")
		_, get := s.Get(t.Context(), as("u", live.RoleBackend), id, nil)
		_, pull := s.Pull(t.Context(), as("u", live.RoleBackend), id, "", 0)
		return []error{update, get, pull}
	}
	for id, want := range map[live.RoomID]error{"s": auth.ErrRoomForbidden, "nowhere": store.ErrRoomNotFound} {
		for i, err := range all(id) {
			if !errors.Is(err, want) {
				t.Errorf("%s, %d: %v", id, i, err)
			}
		}
	}
	if _, err := set.Rooms.EndRoom(t.Context(), "r"); err != nil {
		t.Fatal(err)
	}
	if errs := all("r"); !errors.Is(errs[0], store.ErrRoomEnded) || errs[1] != nil || errs[2] != nil {
		t.Errorf("ended: %v", errs)
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	u, v := as("u", live.RoleHost), as("v", live.RoleHost)
	first, err := s.Update(t.Context(), u, "r", put("k", "1"), "q")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), v, "r", put("k", "2"), "q"); err != nil {
		t.Errorf("another's request: %v", err)
	}
	if again, err := s.Update(t.Context(), u, "r", put("k", "1"), "q"); err != nil || again != first {
		t.Errorf("again: %+v, %v", again, err)
	}
	if _, err := s.Update(t.Context(), u, "r", put("k", "3"), "q"); !errors.Is(err, store.ErrRequestReused) {
		t.Errorf("with another value: %v", err)
	}
	got, err := s.Get(t.Context(), u, "r", []string{"k"})
	if err != nil || string(got.Snapshot.Attributes[0].Value) != "2" {
		t.Errorf("%+v, %v", got.Snapshot, err)
	}
}
