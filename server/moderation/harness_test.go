package moderation_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	rules "github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/moderation"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// house is a node: the use cases over a store that other nodes may share. It has a live
// room "r", hosted by "host".
type house struct {
	*moderation.Service
	t      testing.TB
	store  store.Set
	hub    *hub.Hub
	rooms  *rooms.Service
	chat   *chat.Service
	keeper *moderation.Keeper
	logs   *testkit.Output
}

func setup(tb testing.TB, opts ...memory.Option) house {
	tb.Helper()
	h := node(tb, memory.New(opts...).Set())
	r := room.Room{ID: "r", Host: "host", Settings: room.DefaultSettings()}
	if _, err := h.store.Rooms.CreateRoom(tb.Context(), r, ""); err != nil {
		tb.Fatal(err)
	}
	return h
}

// node makes a node over a store.
func node(tb testing.TB, set store.Set) house {
	tb.Helper()
	logs := new(testkit.Output)
	logger := slog.New(slog.NewTextHandler(logs, nil))
	h := hub.New(hub.Source{Rooms: set.Rooms, Log: set.Log, Bus: set.Bus}, hub.Config{Logger: logger})
	tb.Cleanup(h.Close)
	r := rooms.New(set, h, rand.Text)
	s := moderation.New(set, h, logger)
	c := chat.New(set, h, r, rooms.NewKeeper(r, logger, nil), chat.Config{Logger: logger})
	return house{s, tb, set, h, r, c, moderation.NewKeeper(s), logs}
}

// keep lets the node's keeper work until the test ends.
func (h house) keep() {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.keeper.Run(ctx)
	}()
	h.t.Cleanup(func() { stop(); <-done })
}

var backend = auth.Principal{User: "backend", Role: live.RoleBackend, Rooms: []live.RoomID{auth.AnyRoom}}

// as returns a caller of a role whose token covers rooms, "r" if there are none.
func as(user live.UserID, role live.Role, covered ...live.RoomID) auth.Principal {
	if covered == nil {
		covered = []live.RoomID{"r"}
	}
	return auth.Principal{User: user, Role: role, Rooms: covered, Expires: time.Now().Add(1000 * time.Hour)}
}

// order returns a sanction for good.
func order(kind rules.Kind, id live.RoomID, user live.UserID) store.SanctionOrder {
	return store.SanctionOrder{Order: rules.Order{Kind: kind, Room: id, User: user, Reason: "why"}}
}

// apply applies a sanction as a backend does.
func (h house) apply(o store.SanctionOrder) rules.Sanction {
	h.t.Helper()
	s, err := h.Apply(h.t.Context(), backend, o)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// lift lifts one as a backend does.
func (h house) lift(kind rules.Kind, id live.RoomID, user live.UserID) {
	h.t.Helper()
	if err := h.Lift(h.t.Context(), backend, store.SanctionLift{Kind: kind, Room: id, User: user}); err != nil {
		h.t.Fatal(err)
	}
}

// sit opens a stream of a user's that nobody reads, and returns it.
func (h house) sit(user live.UserID, role live.Role) *hub.Subscriber {
	h.t.Helper()
	session, _, err := h.rooms.Enter(h.t.Context(), as(user, role), "r", "", time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
	sub, _, err := h.hub.Subscribe(h.t.Context(), hub.Subscription{
		Room: "r", Session: session, Delivery: hub.Notified, Protected: role.Staff(),
	}, hub.NewBell())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { h.hub.Unsubscribe(sub) })
	return sub
}

// say sends a message past the door, as a call does.
func (h house) say(p auth.Principal, text string) (chat.Sent, error) {
	h.t.Helper()
	ctx, err := h.Admit(auth.With(h.t.Context(), p), p, "r")
	if err != nil {
		return chat.Sent{}, err
	}
	return h.chat.Send(ctx, auth.From(ctx), "r", chat.Outgoing{Content: feed.Content{Kind: feed.KindText, Text: text}})
}

// sessions counts those in a room.
func (h house) sessions() int {
	h.t.Helper()
	online, err := h.store.Presence.Online(h.t.Context(), []live.RoomID{"r"})
	if err != nil {
		h.t.Fatal(err)
	}
	return online["r"].Sessions
}

// standingOf returns what a call is told of how its caller stands.
func standingOf(ctx context.Context) rules.Standing { return moderation.From(ctx) }
