package paired

import (
	"context"
	"errors"
	"fmt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// known makes a call of the hot backend for a room. One that it does not know begins
// there as the durable one has it, and the call is made again.
func known[T any](ctx context.Context, s *Store, id live.RoomID, call func() (T, error)) (T, error) {
	answer, err := call()
	if !errors.Is(err, store.ErrRoomNotFound) {
		return answer, err
	}
	var none T
	if _, err := s.begin(ctx, id); err != nil {
		return none, err
	}
	answer, err = call()
	if errors.Is(err, store.ErrRoomNotFound) {
		return none, fmt.Errorf("%w: room %q was lost again as it began", store.ErrUnavailable, id)
	}
	return answer, err
}

// begin begins a room in the hot backend as the durable one has it, and returns it.
// ErrRoomNotFound is the durable backend's word.
func (s *Store) begin(ctx context.Context, id live.RoomID) (room.Room, error) {
	return fly(ctx, s.beginnings, id, func(ctx context.Context) (room.Room, error) {
		r, err := s.durable.Room(ctx, id)
		if err != nil {
			return room.Room{}, err
		}
		if err := s.hot.Begin(ctx, r); err != nil {
			return room.Room{}, err
		}
		s.metrics.begun.Inc()
		return r, nil
	})
}
