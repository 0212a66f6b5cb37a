package memory

import (
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// What the store records by itself is recorded under the lock of what it tells of, and so
// in its order.

// recordRoom records that a room was created, or has ended.
func (s *Store) recordRoom(r room.Room, now live.Timestamp) {
	if s.payloads != nil {
		s.events.append([]store.Event{store.RoomEvent(s.payloads, r)}, now)
	}
}

// recordSanctions records that sanctions were lifted or applied.
func (s *Store) recordSanctions(now live.Timestamp, all ...moderation.Sanction) {
	if s.payloads == nil {
		return
	}
	events := make([]store.Event, len(all))
	for i, one := range all {
		events[i] = store.SanctionEvent(s.payloads, one)
	}
	s.events.append(events, now)
}

// recordMessage records a message if a consumer asks for it. The caller holds r.mu.
func (s *Store) recordMessage(r *roomState, m *feed.Message) {
	wish := s.events.wish.Load()
	if s.payloads == nil || wish == nil || !wish.Of(r.id, m) {
		return
	}
	s.events.append([]store.Event{store.MessageEvent(s.payloads, r.id, r.epoch, m)}, s.now())
}
