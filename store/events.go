package store

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
)

// Events is what happened in the rooms, kept for other systems, each of which reads it
// in one order and as a consumer says how far it is (Consumers).
type Events interface {
	// AppendEvents records events, in the order in which they are given, all or none. An
	// id that is kept already is passed over, whatever else the event says, so that what
	// had no answer can be repeated. What was appended before another call began comes
	// before what that appends: events of a room are in order where whoever records them
	// is. Position and Recorded are the store's to say.
	AppendEvents(ctx context.Context, events []Event) error
	// Events returns events in order of position. None is ever recorded at a position
	// that a reader has come past.
	Events(ctx context.Context, q EventQuery) (EventPage, error)
	// AwaitEvents waits until the latest event is at another position than this, and returns
	// where it is: about a quarter of a second late at most. It is before only where the
	// store has lost what it had said. It is for one caller a node, who tells the others.
	AwaitEvents(ctx context.Context, at EventPosition) (EventPosition, error)
	// PruneEvents deletes events that were recorded longer ago than they are kept,
	// acknowledged or not: at most limit, the oldest first. Consumers that had not come past
	// them count them as dropped. It returns how many; where that is less than limit there
	// may be more only if others prune too.
	PruneEvents(ctx context.Context, keep time.Duration, limit int) (int, error)
}

// EventPosition is a place among the events of all rooms: 1, 2, 3 ...
type EventPosition int64

// EventKind is what happened, in the numbers of the API.
type EventKind int16

// The kinds.
const (
	VisitClosed EventKind = iota + 1
	GiftSettled
	GoalReached
	RoomCreated
	RoomEnded
	QuizFinished
	SanctionApplied
	SanctionLifted
	MessageSent     // recorded only while a consumer names it
	MessageRecalled // likewise
)

// Event is something that happened.
type Event struct {
	Position EventPosition
	ID       string         // the same whenever it is appended
	Room     live.RoomID    // empty: in none
	At       live.Timestamp // when it happened
	Recorded live.Timestamp // when it was appended; never earlier than those before it
	Kind     EventKind
	Payload  []byte // the facts, encoded
}

// EventFilter says which events someone asks for.
type EventFilter struct {
	Rooms []live.RoomID // none: every room, and no room
	Kinds []EventKind   // none: every kind
}

// EventQuery says which events to return.
type EventQuery struct {
	After EventPosition
	EventFilter
	Limit int // 1 or more
}

// EventPage is events that a query asks for. There may be none although there are more:
// of events that it does not ask for a store passes over no more than so many at once.
type EventPage struct {
	Events []Event
	Next   EventPosition // where to go on after
	More   bool          // there may be events after Next, of any room and kind
}
