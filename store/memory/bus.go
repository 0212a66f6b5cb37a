package memory

import (
	"context"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// follower is one who follows a room.
type follower struct{ hear func(store.Publication) }

// Follow implements store.Bus. Nothing is ever lost.
func (s *Store) Follow(ctx context.Context, id live.RoomID, hear func(store.Publication)) (func(), error) {
	r, err := s.locked(ctx, id)
	if err != nil {
		return nil, err
	}
	defer r.mu.Unlock()
	f := &follower{hear}
	r.followers = append(r.followers, f)
	return func() { r.unfollow(f) }, nil
}

// unfollow stops a follower; doing it twice changes nothing.
func (r *roomState) unfollow(f *follower) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.followers = slices.DeleteFunc(r.followers, func(g *follower) bool { return g == f })
}
