package rooms_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// house is the use cases over an embedded store.
type house struct {
	*rooms.Service
	store  store.Set
	hub    *hub.Hub
	keeper *rooms.Keeper

	metrics *prometheus.Registry
}

// value returns what a series has come to.
func (h house) value(t *testing.T, name string) float64 {
	t.Helper()
	all, err := series.Of(h.metrics)
	if err != nil {
		t.Fatal(err)
	}
	return all["ovation_rooms_"+name]
}

// setup makes one with a live room "r".
func setup(t *testing.T) house {
	t.Helper()
	host := open(t, memory.New().Set(), 0)
	host.create(t, "r")
	return host
}

// open makes one node over a store, which others may share.
func open(t *testing.T, set store.Set, doubt time.Duration) house {
	t.Helper()
	source := hub.Source{Rooms: set.Rooms, Log: set.Log, Bus: set.Bus}
	h := hub.New(source, hub.Config{Logger: slog.New(slog.DiscardHandler), DoubtFor: doubt})
	t.Cleanup(h.Close)
	ids := 0
	s := rooms.New(set, h, func() string {
		ids++
		return fmt.Sprint("made-", ids)
	})
	registry := prometheus.NewRegistry()
	return house{s, set, h, rooms.NewKeeper(s, slog.New(slog.DiscardHandler), rooms.NewMetrics(registry)), registry}
}

func (h house) create(t *testing.T, id live.RoomID) {
	t.Helper()
	if _, err := h.Create(t.Context(), backend, rooms.Draft{ID: id}); err != nil {
		t.Fatal(err)
	}
}

// backend may do everything.
var backend = auth.Principal{User: "backend", Role: live.RoleBackend, Rooms: []live.RoomID{auth.AnyRoom}}

// as returns a caller of a role whose token covers rooms, "r" if there are none.
func as(user live.UserID, role live.Role, covered ...live.RoomID) auth.Principal {
	if covered == nil {
		covered = []live.RoomID{"r"}
	}
	return auth.Principal{User: user, Name: "name of " + string(user), Role: role, Rooms: covered}
}

// seat gives a user a seat that goes when they leave.
func (h house) seat(t *testing.T, id live.RoomID, user live.UserID) {
	t.Helper()
	_, err := h.store.Attributes.UpdateAttributes(t.Context(), id, store.AttributeUpdate{
		Actor: attribute.Actor{User: user}, Limits: attribute.DefaultLimits(),
		Updates: []attribute.Update{{Key: "seat/" + string(user), Value: []byte("x"), DeleteOnLeave: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// seats counts a room's attributes.
func (h house) seats(t *testing.T, id live.RoomID) int {
	t.Helper()
	got, err := h.store.Attributes.AttributeSnapshot(t.Context(), id, nil)
	if err != nil {
		t.Fatal(err)
	}
	return len(got.Snapshot.Attributes)
}

// online counts who is in a room.
func (h house) online(t *testing.T, id live.RoomID) (users, sessions int) {
	t.Helper()
	got, err := h.store.Presence.Online(t.Context(), []live.RoomID{id})
	if err != nil {
		t.Fatal(err)
	}
	return got[id].Users, got[id].Sessions
}
