package hub

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
)

// Endpoint says where a user of a room, of so many sessions in all, is to go; empty:
// nowhere in particular. It may be called concurrently, and must not call the hub.
type Endpoint func(id live.RoomID, sessions int, user live.UserID) string

// of returns where a subscriber is to go.
func (e Endpoint) of(s *Subscriber) string {
	if e == nil {
		return ""
	}
	return e(s.room.id, s.room.count().Sessions, s.session.User)
}

// Crowd is how many are in a room.
type Crowd struct {
	Here   int         // streams on this node
	Online room.Online // on all nodes, as it was told last
}

// Crowds returns how many are in each of the rooms that have subscribers on the node.
func (h *Hub) Crowds() map[live.RoomID]Crowd {
	all := make(map[live.RoomID]Crowd)
	for _, f := range h.table.all() {
		if here := f.crowd.len(); here > 0 {
			all[f.id] = Crowd{here, f.count()}
		}
	}
	return all
}

// count returns how many are in the room, as far as the node knows: what it serves
// itself is there in any case.
func (f *followed) count() room.Online {
	f.mu.RLock()
	online := f.counts.online
	f.mu.RUnlock()
	online.Sessions = max(online.Sessions, f.crowd.len())
	return online
}

// Move is a session of a room that is to go to an endpoint.
type Move struct {
	Room     live.RoomID
	Session  room.Session
	Endpoint string
}

// Move ends the streams of sessions, spread evenly over time and each served until its
// turn, and tells them to come back elsewhere. It returns how many it told when all
// are, or ctx is done. A session whose stream has ended, or that was resumed since, is
// left alone.
func (h *Hub) Move(ctx context.Context, moves []Move, spread time.Duration) (told int) {
	frames := framesTo(func(endpoint string) *wire.Frame { return wire.MoveFrame(0, leastJitter, endpoint) })
	overTime(ctx, spread, len(moves), func(i int) {
		if h.move(moves[i], frames) {
			told++
		}
	})
	return told
}

// move ends the stream of one session, if there is one, and says whether it did.
func (h *Hub) move(m Move, frames *frames) (told bool) {
	f := h.serving(m.Room)
	if f == nil {
		return false
	}
	f.crowd.of(m.Session.User, func(s *Subscriber) {
		if s.session.ID == m.Session.ID && s.session.Incarnation == m.Session.Incarnation {
			told = s.move(frames.to(m.Endpoint)) || told
		}
	})
	return told
}

// move is finish for one who goes elsewhere, and says whether nothing ended the stream
// before.
func (s *Subscriber) move(frame *wire.Frame) bool {
	s.mu.Lock()
	open := s.end == nil
	s.close(Moved, frame)
	s.mu.Unlock()
	s.wake()
	return open
}

// frames are alike but for where they send viewers: one for all who go to the same
// place. They are for one goroutine.
type frames struct {
	build func(endpoint string) *wire.Frame
	made  map[string]*wire.Frame
}

func framesTo(build func(endpoint string) *wire.Frame) *frames {
	return &frames{build, make(map[string]*wire.Frame)}
}

// to returns the frame for an endpoint.
func (f *frames) to(endpoint string) *wire.Frame {
	if f.made[endpoint] == nil {
		f.made[endpoint] = f.build(endpoint)
	}
	return f.made[endpoint]
}
