package hub

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
)

// Gifts knows what was given in rooms. It may be asked concurrently.
type Gifts interface {
	// Counters returns what everyone sees of a room's gifts; nothing where nothing was given,
	// or while nobody can say.
	Counters(ctx context.Context, id live.RoomID) gift.Counters
}

// noGifts is Gifts where there are none.
type noGifts struct{}

// Counters implements Gifts.
func (noGifts) Counters(context.Context, live.RoomID) gift.Counters { return gift.Counters{} }

// counts is the numbers that a room's viewers are told: as they are, and as they were
// told last.
type counts struct {
	online, toldOnline room.Online
	gifts              gift.Counters
	toldGifts          int64 // their revision
	toldAt             live.Timestamp
}

// countsSlack lets a count come a little early: those who count are not exact.
const countsSlack = 100 * time.Millisecond

// GiftCounters returns what everyone sees of a room's gifts: what its viewers here were
// told, or are about to be; elsewhere what Gifts knows.
func (h *Hub) GiftCounters(ctx context.Context, id live.RoomID) gift.Counters {
	if f := h.serving(id); f != nil {
		f.mu.RLock()
		defer f.mu.RUnlock()
		return f.counts.gifts
	}
	return h.config.Gifts.Counters(ctx, id)
}

// GiftRevisions returns the rooms that have subscribers on the node, with the revision of
// the gift counters that those were told last.
func (h *Hub) GiftRevisions() map[live.RoomID]int64 {
	known := make(map[live.RoomID]int64)
	for _, f := range h.table.all() {
		if f.isOpen() && f.crowd.len() > 0 {
			f.mu.RLock()
			known[f.id] = f.counts.toldGifts
			f.mu.RUnlock()
		}
	}
	return known
}

// SetOnline tells the subscribers of a room how many are there, if that has changed.
func (h *Hub) SetOnline(id live.RoomID, o room.Online) {
	if f := h.serving(id); f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.counts.online = o
		f.tellCounts()
	}
}

// SetGifts tells the subscribers of a room what was given there, if that is news.
func (h *Hub) SetGifts(id live.RoomID, c gift.Counters) {
	if f := h.serving(id); f != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if c.Revision >= f.counts.gifts.Revision {
			f.counts.gifts = c
			f.tellCounts()
		}
	}
}

// tellCounts tells everyone the numbers that have changed, in one frame, the less often
// the more there are. (Whoever counts does so every second: what is not told now is told
// then.) Gifts have a control of their own, so that a slow subscriber for whom numbers of
// later replace them gets them still. The caller holds f.mu.
func (f *followed) tellCounts() {
	c, now := &f.counts, clock()
	since := now.Sub(c.toldAt) // below 0: the clock was put back
	if since >= 0 && since < feed.CountsEvery(f.crowd.len())-countsSlack {
		return
	}
	given := c.gifts.Revision > c.toldGifts
	if !given && c.online == c.toldOnline {
		return
	}
	c.toldAt, c.toldOnline = now, c.online
	if !given {
		f.tell(counters, wire.CountersFrame(c.online, nil))
		return
	}
	c.toldGifts = c.gifts.Revision
	f.tell(giftCounters, wire.CountersFrame(c.online, &c.gifts))
}

// countGifts finds out what was given before anybody is served.
func (f *followed) countGifts(ctx context.Context) {
	given := f.hub.config.Gifts.Counters(ctx, f.id)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts.gifts, f.counts.toldGifts = given, given.Revision
}
