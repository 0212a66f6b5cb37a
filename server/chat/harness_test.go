package chat_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/server/words"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// countingLog counts what the log is asked to append, and can be made to fail.
type countingLog struct {
	store.Log
	appends atomic.Int64
	failure error // what Append comes to, if anything
}

func (l *countingLog) Append(
	ctx context.Context, id live.RoomID, d feed.Draft, limits store.Limits,
) (feed.Receipt, error) {
	l.appends.Add(1)
	if l.failure != nil {
		return feed.Receipt{}, l.failure
	}
	return l.Log.Append(ctx, id, d, limits)
}

// house is the use cases over an embedded store with a live room "r".
type house struct {
	*chat.Service
	log    *countingLog
	store  store.Set
	hub    *hub.Hub
	rooms  *rooms.Service
	keeper *rooms.Keeper

	metrics *prometheus.Registry
	logs    *testkit.Output
}

func setup(t *testing.T) house {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	set := memory.New().Set()
	log := &countingLog{Log: set.Log}
	set.Log = log
	h := hub.New(hub.Source{Rooms: set.Rooms, Log: set.Log, Bus: set.Bus}, hub.Config{Logger: quiet})
	t.Cleanup(h.Close)
	r := rooms.New(set, h, rand.Text)
	if _, err := r.Create(t.Context(), as("b", live.RoleBackend), rooms.Draft{ID: "r"}); err != nil {
		t.Fatal(err)
	}
	registry, logs := prometheus.NewRegistry(), new(testkit.Output)
	keeper := rooms.NewKeeper(r, quiet, nil)
	service := chat.New(set, h, r, keeper, chat.Config{
		Filter:  words.NewFilter(set, quiet),
		Logger:  slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Metrics: chat.NewMetrics(registry),
	})
	return house{service, log, set, h, r, keeper, registry, logs}
}

// value returns what a series has come to.
func (h house) value(t *testing.T, name string) float64 {
	t.Helper()
	all, err := series.Of(h.metrics)
	if err != nil {
		t.Fatal(err)
	}
	return all["ovation_chat_"+name]
}

// change changes the room's settings.
func (h house) change(t *testing.T, c room.SettingsChange) {
	t.Helper()
	if _, err := h.rooms.Update(t.Context(), as("b", live.RoleBackend), "r", room.Change{Settings: c}); err != nil {
		t.Fatal(err)
	}
}

// as returns a caller of a role whose token covers "r".
func as(user live.UserID, role live.Role) auth.Principal {
	return auth.Principal{User: user, Name: "name of " + string(user), Role: role, Rooms: []live.RoomID{"r"}}
}

// text returns a plain message.
func text(s string) chat.Outgoing {
	return chat.Outgoing{Content: feed.Content{Kind: feed.KindText, Text: s}}
}
