// Package attribute holds the key/value state of a room: seats, roles, the state
// of a game. A Map is the server's truth, a full set beside a log of its latest
// changes; a Replica is a reader's copy. Whatever mix of changes and snapshots a
// replica is given, it is at every moment exactly what the map was at the
// replica's timestamp.
//
// The package is pure: no I/O, no clock, no randomness. Timestamps come in as
// arguments.
//
// Memory is shared, and frozen. A value's bytes are copied when they enter a Map
// and from then on only ever replaced whole. Every slice that a Map or a Plan
// hands out (of bytes, attributes or changes) is shared with it and must not be
// written to; in return it never changes, so it may be kept and read without the
// room's lock. An empty value is nil.
package attribute

import "github.com/ovation-live/ovation/live"

// Attribute is one key of a room and its value.
type Attribute struct {
	// Key is unique in the room.
	Key string
	// Value is the application's own bytes; nil when empty. Shared: read only.
	Value []byte
	// Timestamp is the room timestamp of the latest change.
	Timestamp live.Timestamp
	// Owner may change the key although a viewer; empty: no viewer may.
	Owner live.UserID
	// DeleteOnLeave says that the key goes when its owner leaves; never true
	// without an owner.
	DeleteOnLeave bool
}

// Change is one step of the log: the attribute after the change. Of a deletion only
// Key and Timestamp are set.
type Change struct {
	Attribute Attribute
	Deleted   bool
}

// Changes is a run of the log that continues a reader's copy. All changes of one
// update share its timestamp and are never split.
type Changes struct {
	// List is in order of timestamp, within an update in the update's own order;
	// a key that changed twice is there twice. Shared: read only.
	List []Change
	// After is where the copy must stand for the list to apply.
	After live.Timestamp
	// Timestamp is where applying the list brings it.
	Timestamp live.Timestamp
}

// Snapshot is a map, or a part of it, as it stands at one timestamp.
type Snapshot struct {
	// Attributes is in order of key. Shared: read only.
	Attributes []Attribute
	// Timestamp is the map's; 0: never changed.
	Timestamp live.Timestamp
}

// Update sets or deletes one key.
type Update struct {
	// Key may be any string; keeping out the empty one is up to the caller.
	Key string
	// Value is the new value, copied when the update is planned; ignored when
	// deleting.
	Value []byte
	// Delete removes the key. Deleting a key that is not there changes nothing.
	Delete bool
	// IfTimestamp applies the update only if the key's timestamp is this one; 0:
	// only if the key is not there; nil: always.
	IfTimestamp *live.Timestamp
	// Own makes the actor the owner. A viewer always owns what they set; without
	// it a privileged actor leaves owner and DeleteOnLeave as they are. Ignored
	// when deleting.
	Own bool
	// DeleteOnLeave deletes the key when its owner leaves. Ignored when deleting.
	DeleteOnLeave bool
}

// Actor is whoever asks for an update.
type Actor struct {
	// User becomes the owner of what is to be owned; empty for a backend that acts
	// for nobody.
	User live.UserID
	// Privileged actors (host, moderator, backend) may change what others own.
	Privileged bool
}

// owns says whether a is the actor's own. Nobody owns what has no owner, an actor
// without a name least of all.
func (actor Actor) owns(a Attribute) bool {
	return a.Owner != "" && a.Owner == actor.User
}

// Limits bounds a map; a room's settings give them, and may change them at any
// time. A limit that was lowered never stands in the way of what is there already:
// it applies to what an update adds.
type Limits struct {
	// Keys is the most attributes that the map may grow to.
	Keys int
	// KeyBytes is the longest key in bytes.
	KeyBytes int
	// ValueBytes is the longest value in bytes.
	ValueBytes int
	// Log is the most changes that the log keeps. It drops whole updates, so one
	// update of more changes than this is not kept at all.
	Log int
	// ViewersWrite says whether viewers may set keys and change what they own.
	ViewersWrite bool
}

// DefaultLimits returns the limits of a room that sets none.
func DefaultLimits() Limits {
	return Limits{Keys: 500, KeyBytes: 128, ValueBytes: 4096, Log: 1000, ViewersWrite: true}
}
