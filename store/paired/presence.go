package paired

import (
	"context"
	"errors"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// joined is what Join returns.
type joined struct {
	session room.Session
	online  room.Online
}

// Join implements store.Presence.
func (s *Store) Join(
	ctx context.Context, id live.RoomID, session room.Session, lease time.Duration,
) (room.Session, room.Online, error) {
	j, err := known(ctx, s, id, func() (j joined, err error) {
		j.session, j.online, err = s.hot.Join(ctx, id, session, lease)
		return j, err
	})
	return j.session, j.online, err
}

// Renew implements store.Presence. In a room that the hot backend does not know all leases
// are lost, whatever the durable one says.
func (s *Store) Renew(
	ctx context.Context, leases map[live.RoomID][]store.Lease, term time.Duration,
) (map[live.RoomID][]store.Lost, error) {
	return s.hot.Renew(ctx, leases, term)
}

// Leave implements store.Presence.
func (s *Store) Leave(ctx context.Context, d store.Departure) ([]store.Ended, error) {
	return known(ctx, s, d.Room, func() ([]store.Ended, error) { return s.hot.Leave(ctx, d) })
}

// Expire implements store.Presence.
func (s *Store) Expire(ctx context.Context, limit int) ([]store.Ended, bool, error) {
	return s.hot.Expire(ctx, limit)
}

// Settle implements store.Presence.
func (s *Store) Settle(ctx context.Context, ended []store.Ended) error {
	return s.hot.Settle(ctx, ended)
}

// Members implements store.Presence.
func (s *Store) Members(ctx context.Context, id live.RoomID, after live.UserID, limit int) ([]room.Member, error) {
	return known(ctx, s, id, func() ([]room.Member, error) { return s.hot.Members(ctx, id, after, limit) })
}

// Online implements store.Presence. In a room that the hot backend does not know is
// nobody; whether there is one the durable backend says.
func (s *Store) Online(ctx context.Context, ids []live.RoomID) (map[live.RoomID]room.Online, error) {
	online, err := s.hot.Online(ctx, ids)
	if err != nil {
		return online, err
	}
	var faults []error
	for _, id := range ids {
		if _, counted := online[id]; counted {
			continue
		}
		switch _, err := s.begin(ctx, id); {
		case err == nil:
			online[id] = room.Online{}
		case !errors.Is(err, store.ErrRoomNotFound):
			faults = append(faults, err)
		}
	}
	return online, errors.Join(faults...)
}

// UpdateAttributes implements store.Attributes.
func (s *Store) UpdateAttributes(
	ctx context.Context, id live.RoomID, u store.AttributeUpdate,
) (store.AttributePosition, error) {
	return known(ctx, s, id, func() (store.AttributePosition, error) { return s.hot.UpdateAttributes(ctx, id, u) })
}

// AttributesSince implements store.Attributes.
func (s *Store) AttributesSince(
	ctx context.Context, id live.RoomID, epoch live.Epoch, after live.Timestamp,
) (store.AttributeDelta, error) {
	return known(ctx, s, id, func() (store.AttributeDelta, error) {
		return s.hot.AttributesSince(ctx, id, epoch, after)
	})
}

// AttributeSnapshot implements store.Attributes.
func (s *Store) AttributeSnapshot(ctx context.Context, id live.RoomID, keys []string) (store.AttributeDelta, error) {
	return known(ctx, s, id, func() (store.AttributeDelta, error) { return s.hot.AttributeSnapshot(ctx, id, keys) })
}

// Announce implements store.Nodes.
func (s *Store) Announce(ctx context.Context, n store.Node, lease time.Duration) error {
	return s.hot.Announce(ctx, n, lease)
}

// Withdraw implements store.Nodes.
func (s *Store) Withdraw(ctx context.Context, id store.NodeID) error { return s.hot.Withdraw(ctx, id) }

// Nodes implements store.Nodes.
func (s *Store) Nodes(ctx context.Context) ([]store.Node, error) { return s.hot.Nodes(ctx) }
