package paired

import (
	"context"
	"maps"
	"reflect"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
)

// Copies never go back to an earlier revision. So where the durable backend was set back to
// an earlier state, restored from a backup or by a failover that lost its latest changes, it
// would not be listened to until it has been changed as often again. A copy that was looked at
// before it, and is of a later revision than it, shows that; then it goes beyond that one.

// truth returns a room as the durable backend has it, at a later revision than every copy
// that is another room.
func (s *Store) truth(ctx context.Context, id live.RoomID) (room.Room, error) {
	copied, unknown := s.hot.Copy(ctx, id)
	r, err := s.durable.Room(ctx, id)
	if err != nil || unknown != nil || !setBack(r, copied) {
		return r, err
	}
	if err := s.surpass(ctx, OfRoom, id, copied.Revision); err != nil {
		return r, err
	}
	return s.durable.Room(ctx, id)
}

// setBack says whether a room has been as it was copied before it was read, and is not as
// something that came of that.
func setBack(r, copied room.Room) bool {
	switch {
	case r.Created != copied.Created || r.Revision > copied.Revision:
		return false // another of that id, or a later one
	case r.Revision < copied.Revision:
		return true
	default:
		return !same(r, copied)
	}
}

// same says whether two are one room as it was at one time.
func same(a, b room.Room) bool {
	labels := maps.Equal(a.Labels, b.Labels) // none may be kept as nil
	a.Labels, b.Labels = nil, nil
	return labels && reflect.DeepEqual(a, b)
}

// surpass has the durable backend go beyond a revision, and says so.
func (s *Store) surpass(ctx context.Context, of Matter, place live.RoomID, revision int64) error {
	s.logger.WarnContext(ctx, "the durable backend was set back to an earlier state: what it has replaces what was copied since",
		"room_id", place, "matter", of, "revision", revision)
	return s.durable.Surpass(ctx, of, place, revision)
}
