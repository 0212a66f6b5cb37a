package hub

import (
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
)

// Sessions returns the sessions that the node serves, by room.
func (h *Hub) Sessions() map[live.RoomID][]live.SessionID {
	all := make(map[live.RoomID][]live.SessionID)
	for _, f := range h.table.all() {
		var ids []live.SessionID
		f.crowd.each(func(s *Subscriber) { ids = append(ids, s.session.ID) })
		if len(ids) > 0 {
			all[f.id] = ids
		}
	}
	return all
}

// Rooms returns the rooms that have subscribers on the node.
func (h *Hub) Rooms() []live.RoomID {
	var ids []live.RoomID
	for _, f := range h.table.all() {
		if f.crowd.len() > 0 {
			ids = append(ids, f.id)
		}
	}
	return ids
}

// SetOnline tells the subscribers of a room how many are there, if that has changed.
func (h *Hub) SetOnline(id live.RoomID, o room.Online) {
	if f := h.serving(id); f != nil {
		f.setOnline(o)
	}
}

// EndSessions ends the node's streams of sessions that are gone from a room.
func (h *Hub) EndSessions(id live.RoomID, gone []live.SessionID) {
	f := h.serving(id)
	if f == nil || len(gone) == 0 {
		return
	}
	left := make(map[live.SessionID]struct{}, len(gone))
	for _, session := range gone {
		left[session] = struct{}{}
	}
	frame := wire.KickedFrame(wire.Left)
	f.crowd.each(func(s *Subscriber) {
		if _, ok := left[s.session.ID]; ok {
			s.finish(Left, frame)
		}
	})
}
