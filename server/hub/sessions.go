package hub

import (
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// Sessions returns the leases of the sessions that the node serves, by room; those of
// viewers who may be offline only where it is time to see.
func (h *Hub) Sessions() map[live.RoomID][]store.Lease {
	now, all := clock(), make(map[live.RoomID][]store.Lease)
	for _, f := range h.table.all() {
		var leases []store.Lease
		f.crowd.each(func(s *Subscriber) {
			if s.claims(now) {
				leases = append(leases, store.LeaseOf(s.session))
			}
		})
		if len(leases) > 0 {
			all[f.id] = leases
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

// SessionsIn returns the sessions of one room that the node serves.
func (h *Hub) SessionsIn(id live.RoomID) []room.Session {
	f := h.serving(id)
	if f == nil {
		return nil
	}
	sessions := make([]room.Session, 0, f.crowd.len())
	f.crowd.each(func(s *Subscriber) { sessions = append(sessions, s.session) })
	return sessions
}

// Depart ends the node's streams that a departure names, as if the store had told of
// it.
func (h *Hub) Depart(d store.Departure) {
	if f := h.serving(d.Room); f != nil {
		f.endSessions(d, wire.DepartedFrame(kickReason(d.Reason), d.Message))
	}
}

// Stand is how a viewer stands in a room, beside what their token says: until when; 0: not
// at all.
type Stand struct {
	Guarded   live.Timestamp // is never taken for offline
	Moderates live.Timestamp // is shown what moderators are
}

// Stand says how each user of a room stands there; not saying is the zero value.
func (h *Hub) Stand(id live.RoomID, users map[live.UserID]Stand) {
	if f := h.serving(id); f != nil {
		f.crowd.each(func(s *Subscriber) { s.Stand(users[s.session.User]) })
	}
}

// Serves says whether a user has a stream of a session here.
func (h *Hub) Serves(id live.RoomID, user live.UserID, session live.SessionID) (found bool) {
	if f := h.serving(id); f != nil {
		f.crowd.of(user, func(s *Subscriber) { found = found || s.session.ID == session })
	}
	return found
}
