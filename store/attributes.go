package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// Attributes is the key/value state of every room.
type Attributes interface {
	// UpdateAttributes applies a batch whole or not at all, publishes its changes, and
	// says where the map is then. Within 5 minutes the same request id of the same
	// actor applies once and returns the first answer; with other updates, as their
	// Digest tells, it is ErrRequestReused. An empty one is never remembered. A batch
	// that changes nothing takes no timestamp and publishes nothing. The updates' bytes
	// are the caller's again afterwards. ErrRoomNotFound, ErrRoomEnded, errors of
	// attribute.Map's Plan, and ErrAbsent if a key that it sets would go when someone
	// leaves who has no session in the room: nobody would ever delete it. (What goes when its owner leaves is deleted by Presence's
	// Leave and Expire; an ended room keeps everything.)
	UpdateAttributes(ctx context.Context, id live.RoomID, u AttributeUpdate) (AttributePosition, error)
	// AttributesSince returns what brings a map from after to the present: changes, or a
	// snapshot where the log does not reach back or epoch is not the present one. ""
	// stands for the present one, and with 0 for a reader who has no map at all: they
	// get a snapshot. ErrRoomNotFound.
	AttributesSince(ctx context.Context, id live.RoomID, epoch live.Epoch, after live.Timestamp) (AttributeDelta, error)
	// AttributeSnapshot returns the whole map, or the keys named. It may come from a cache
	// that is behind by a second at most, and by nothing that was changed by way of this
	// store itself. ErrRoomNotFound.
	AttributeSnapshot(ctx context.Context, id live.RoomID, keys []string) (AttributeDelta, error)
}

// AttributeUpdate is a batch of updates by one actor.
type AttributeUpdate struct {
	Actor attribute.Actor
	// Limits are those of the room at Revision. Where the store's room is at a later
	// one, its own count instead.
	Limits    attribute.Limits
	Revision  int64
	Updates   []attribute.Update
	RequestID string
}

// Digest is what tells one batch from another.
type Digest [sha256.Size]byte

// Digest returns what is remembered of the updates by their request id: SHA-256 over
// an encoding of them in which no two batches are alike. It may be kept by a store,
// and so never changes.
func (u AttributeUpdate) Digest() Digest {
	var b []byte
	for _, update := range u.Updates {
		b = appendBytes(b, update.Key)
		b = appendBytes(b, string(update.Value))
		b = append(b, flags(update))
		if update.IfTimestamp != nil {
			b = binary.AppendVarint(b, int64(*update.IfTimestamp))
		}
	}
	return sha256.Sum256(b)
}

// appendBytes appends bytes after their length.
func appendBytes(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// flags returns what an update says by yes or no, a bit each.
func flags(u attribute.Update) (f byte) {
	for i, set := range []bool{u.Delete, u.Own, u.DeleteOnLeave, u.IfTimestamp != nil} {
		if set {
			f |= 1 << i
		}
	}
	return f
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
