package paired

import (
	"context"
	"errors"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// CreateRoom implements store.Rooms.
func (s *Store) CreateRoom(ctx context.Context, r room.Room, requestID string) (room.Room, error) {
	created, err := s.durable.CreateRoom(ctx, r, requestID)
	if err != nil {
		return room.Room{}, err
	}
	present := created
	if requestID != "" { // it may have been created before, and have changed since
		if present, err = s.durable.Room(ctx, created.ID); err != nil {
			return room.Room{}, err
		}
	}
	if err := s.hand(ctx, present); err != nil {
		return created, err
	}
	s.handRest(ctx, created.ID)
	return created, nil
}

// handRest hands over what acts in a room that was created, and the revision of its words: so
// that it goes on, as every room that is in use, where the durable backend goes away next. What
// is not handed over here is loaded when it is asked for.
func (s *Store) handRest(ctx context.Context, id live.RoomID) {
	if _, err := s.load(ctx, id); err != nil {
		s.complain(ctx, "hand_sanctions", err)
	}
	if _, err := s.loadWords(ctx, id); err != nil {
		s.complain(ctx, "hand_words", err)
	}
}

// Room implements store.Rooms. It is the copy, unless this node knows of a later one. While
// the hot backend is away, the durable one is asked.
func (s *Store) Room(ctx context.Context, id live.RoomID) (room.Room, error) {
	r, err := s.hot.Copy(ctx, id)
	switch {
	case err == nil && r.Revision >= s.seen.revision(id):
		return r, nil
	case err == nil:
		if latest, err := s.durable.Room(ctx, id); err == nil {
			return latest, nil
		}
		return r, ctx.Err()
	case errors.Is(err, store.ErrRoomNotFound):
		return s.begin(ctx, id)
	case errors.Is(err, store.ErrUnavailable):
		return s.durable.Room(ctx, id)
	default:
		return room.Room{}, err
	}
}

// Rooms implements store.Rooms.
func (s *Store) Rooms(ctx context.Context, q store.RoomQuery) ([]room.Room, error) {
	return s.durable.Rooms(ctx, q)
}

// UpdateRoom implements store.Rooms.
func (s *Store) UpdateRoom(ctx context.Context, id live.RoomID, c room.Change) (room.Room, error) {
	r, err := s.durable.UpdateRoom(ctx, id, c)
	if errors.Is(err, store.ErrRoomEnded) {
		s.seen.suspect(id) // the copy may not know it
	}
	if err != nil {
		return room.Room{}, err
	}
	return r, s.hand(ctx, r)
}

// EndRoom implements store.Rooms. The room ends after the latest that happened in it, if the
// hot backend can say when that was.
func (s *Store) EndRoom(ctx context.Context, id live.RoomID) (room.Room, error) {
	var latest live.Timestamp
	if head, err := s.hot.Head(ctx, id); err == nil {
		latest = head.Attributes
		for _, place := range head.Cursor.At {
			latest = max(latest, place.Timestamp)
		}
	}
	r, err := s.durable.EndRoomAfter(ctx, id, latest)
	if err != nil {
		return room.Room{}, err
	}
	s.archive.mark(id)
	return r, s.hand(ctx, r)
}

// hand hands a room over. The debt is paid later, by whoever hands it over once more: this
// costs little, and nothing need be known of what was owed before.
func (s *Store) hand(ctx context.Context, r room.Room) error {
	if err := s.handed(s.hot.Begin(ctx, r)); err != nil {
		return err
	}
	s.seen.handed(r.ID, r.Revision)
	return nil
}

// handed counts what was not handed over, and is then owed for a while.
func (s *Store) handed(err error) error {
	if err != nil {
		s.metrics.owed.Inc()
	}
	return err
}
