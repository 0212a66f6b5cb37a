package store

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
)

// Bus tells nodes what happens in the rooms that they follow.
type Bus interface {
	// Follow calls hear with every publication of the room that happens after Follow
	// has returned, one at a time and in order, until stop is called; after stop has
	// returned hear is not called again, and stopping again does nothing. The context
	// is for Follow itself and not for what follows. Publications may be lost on the
	// way, or come again: their Sequence shows it, Log, Attributes and Rooms mend it,
	// and Log's Head shows even the loss of the last. hear must not block and must
	// call neither the store nor stop. ErrRoomNotFound.
	Follow(ctx context.Context, id live.RoomID, hear func(Publication)) (stop func(), err error)
}

// Publication is one thing that happened in a room. Exactly one of the pointers is
// set; what they point to is shared and must not be changed. Where none is, nothing
// happened: publications up to Sequence may have been lost on the way.
type Publication struct {
	Epoch      live.Epoch
	Sequence   uint64 // 1, 2, 3 ... in the room and epoch
	Message    *feed.Message
	Attributes *attribute.Changes
	Room       *room.Room // settings, title, labels or state as they are now
	Quiz       *QuizMark  // a quiz of the room was changed
	Departure  *Departure // whoever serves these sessions, up to its incarnation, ends them
}
