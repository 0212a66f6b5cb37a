package store

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// Attributes is the key/value state of every room.
type Attributes interface {
	// UpdateAttributes applies a batch whole or not at all, publishes its changes, and
	// says where the map is then. Within 5 minutes the same request id of the same
	// actor applies once and returns the first answer; with other updates it is
	// ErrRequestReused. An empty one is never remembered. A batch that changes nothing
	// takes no timestamp and publishes nothing. The updates' bytes are the caller's
	// again afterwards. ErrRoomNotFound, ErrRoomEnded, errors of attribute.Map's Plan.
	UpdateAttributes(ctx context.Context, id live.RoomID, u AttributeUpdate) (AttributePosition, error)
	// ReleaseAttributes deletes what goes when its owner leaves, and publishes that;
	// where nothing goes it publishes nothing. An ended room keeps everything.
	// ErrRoomNotFound.
	ReleaseAttributes(ctx context.Context, id live.RoomID, owner live.UserID) error
	// AttributesSince returns what brings a map from after to the present: changes, or a
	// snapshot where the log does not reach back or epoch is not the present one (""
	// stands for the present one). ErrRoomNotFound.
	AttributesSince(ctx context.Context, id live.RoomID, epoch live.Epoch, after live.Timestamp) (AttributeDelta, error)
	// AttributeSnapshot returns the whole map, or the keys named. ErrRoomNotFound.
	AttributeSnapshot(ctx context.Context, id live.RoomID, keys []string) (AttributeDelta, error)
}

// AttributeUpdate is a batch of updates by one actor.
type AttributeUpdate struct {
	Actor     attribute.Actor
	Limits    attribute.Limits
	Updates   []attribute.Update
	RequestID string
}

// AttributePosition is where a room's map stands.
type AttributePosition struct {
	Epoch     live.Epoch
	Timestamp live.Timestamp
}

// AttributeDelta brings a reader's map up to date: exactly one of Changes and
// Snapshot is set.
type AttributeDelta struct {
	Epoch    live.Epoch
	Changes  *attribute.Changes
	Snapshot *attribute.Snapshot
}
