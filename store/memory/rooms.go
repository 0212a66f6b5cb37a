package memory

import (
	"context"
	"reflect"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/recent"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// CreateRoom implements store.Rooms.
func (s *Store) CreateRoom(ctx context.Context, r room.Room, requestID string) (room.Room, error) {
	if err := ctx.Err(); err != nil {
		return room.Room{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if first, ok := s.requests.Get(requestID, now); ok && requestID != "" {
		return repeated(first, r)
	}
	if _, taken := s.rooms[r.ID]; taken {
		return room.Room{}, &store.RoomError{Room: r.ID, Err: store.ErrRoomExists}
	}
	r.State, r.Revision, r.Created, r.Ended = room.Live, 1, now, 0
	s.add(r)
	s.recordRoom(r, now)
	if requestID != "" {
		s.requests.Put(requestID, r, now, now.Add(rememberRequests))
	}
	return r, nil
}

// repeated answers a request that was made before.
func repeated(first, again room.Room) (room.Room, error) {
	again.State, again.Revision, again.Created, again.Ended = first.State, first.Revision, first.Created, first.Ended
	if !reflect.DeepEqual(plain(first), plain(again)) {
		return room.Room{}, store.ErrRequestReused
	}
	return first, nil
}

// plain returns the room with nil for what is empty.
func plain(r room.Room) room.Room {
	if len(r.Labels) == 0 {
		r.Labels = nil
	}
	if len(r.Settings.Rules) == 0 {
		r.Settings.Rules = nil
	}
	return r
}

// Room implements store.Rooms.
func (s *Store) Room(ctx context.Context, id live.RoomID) (room.Room, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return room.Room{}, err
	}
	defer r.mu.Unlock()
	return r.room, nil
}

// Rooms implements store.Rooms.
func (s *Store) Rooms(ctx context.Context, q store.RoomQuery) ([]room.Room, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, found := slices.BinarySearch(s.ids, q.After)
	if found {
		at++
	}
	var rooms []room.Room
	for ; at < len(s.ids) && len(rooms) < q.Limit; at++ {
		r := s.rooms[s.ids[at]].current()
		if q.State == room.StateAny || q.State == r.State {
			rooms = append(rooms, r)
		}
	}
	return rooms, nil
}

// current returns the room as it is now.
func (r *roomState) current() room.Room {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.room
}

// UpdateRoom implements store.Rooms.
func (s *Store) UpdateRoom(ctx context.Context, id live.RoomID, c room.Change) (room.Room, error) {
	r, err := s.open(ctx, id)
	if err != nil {
		return room.Room{}, err
	}
	defer r.mu.Unlock()
	changed, err := r.room.Apply(c)
	if err != nil {
		return room.Room{}, err
	}
	r.log.Rings().Resize(changed.Settings.Feed.Capacity)
	r.become(changed)
	return changed, nil
}

// EndRoom implements store.Rooms.
func (s *Store) EndRoom(ctx context.Context, id live.RoomID) (room.Room, error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return room.Room{}, err
	}
	defer r.mu.Unlock()
	if r.room.State != room.Ended {
		now := s.now()
		r.become(r.room.End(r.clock.Next(now)))
		s.recordRoom(r.room, now)
		r.outlived, r.presence = r.presence.sessions, newPresence()
		r.updates = recent.Memory[request, remembered]{} // an ended room refuses repeats too
		r.sanctions.end()
		r.quizzes.end()
		s.visits.end(id, r.room.Ended)
		s.endings.add(r, r.room.Ended)
	}
	return r.room, nil
}

// become puts another state of the room in place and publishes it. The caller holds
// r.mu.
func (r *roomState) become(next room.Room) {
	r.room = next
	r.publish(store.Publication{Room: &next})
}
