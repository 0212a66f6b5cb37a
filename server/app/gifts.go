package app

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	rules "github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/server/gift"
)

// buildGifts wires the use cases of gifts. Who puts their messages into rooms, and who
// tells viewers of them, is made after them, and asked by them once calls come.
func (a *App) buildGifts() *gift.Service {
	return gift.New(a.store.Set, onHub{a}, gift.Config{
		SettleEvery: a.config.GiftSettleInterval, MaxWaiting: a.config.GiftMaxWaiting,
		Messages: onHub{a}, Viewers: onHub{a}, Logger: a.logger, Metrics: gift.NewMetrics(a.metrics.registry),
	})
}

var (
	_ gift.Rooms    = onHub{}
	_ gift.Messages = onHub{}
	_ gift.Viewers  = onHub{}
)

// Announce implements gift.Messages.
func (h onHub) Announce(ctx context.Context, id live.RoomID, c feed.Content) (feed.Receipt, error) {
	return h.app.services.Chat.Announce(ctx, id, c)
}

// GiftRevisions implements gift.Viewers.
func (h onHub) GiftRevisions() map[live.RoomID]int64 { return h.app.hub.GiftRevisions() }

// SetGifts implements gift.Viewers.
func (h onHub) SetGifts(id live.RoomID, c rules.Counters) { h.app.hub.SetGifts(id, c) }
