package paired

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// Hot is the backend of what happens in rooms. Of a room that it does not know its
// methods say ErrRoomNotFound; Renew says that its leases are lost.
type Hot interface {
	store.Log
	store.Attributes
	store.Presence
	store.Bus
	store.Nodes
	store.Answers
	store.Reports
	Rooms
	Sanctions
	Words
	Chores

	// TellQuiz publishes that a quiz of a room was changed.
	TellQuiz(ctx context.Context, id live.RoomID, mark store.QuizMark) error

	// Sweep sees to it that leases in rooms are looked at when they are over, should a node
	// have ended before it could.
	Sweep(ctx context.Context, ids []live.RoomID) error

	// Now is the backend's clock, as far as this process knows it, and Synchronise asks
	// it again.
	Now() live.Timestamp
	Synchronise(ctx context.Context) error
}

// Rooms is the copies of rooms.
type Rooms interface {
	// Begin puts a room in place of the copy, if its revision is greater, and does what
	// goes with that. A room that is not known begins anew.
	Begin(ctx context.Context, r room.Room) error
	// Copy returns the room as it was handed over last, maybe from a cache that is a
	// second behind.
	Copy(ctx context.Context, id live.RoomID) (room.Room, error)
}

// Sanctions is the copies of what acts in places. A place is a room, or ("") every room.
type Sanctions interface {
	// TakeActing hands over all that acts in a place. It takes the place of an older copy,
	// or of none.
	TakeActing(ctx context.Context, a Acting) error
	// TakeTerms hands over what a change has left of what acts on one user, "" for the
	// room's mute, on whom nothing may act now. It goes into a copy of the revision before,
	// from; it is false where there is none.
	TakeTerms(ctx context.Context, a Acting, from int64) (bool, error)
	// SanctionMarks returns what the copies are of, in the places' order, maybe from a
	// cache that is a second behind.
	SanctionMarks(ctx context.Context, places []live.RoomID) ([]Mark, error)
	// FreshSanctionMarks is SanctionMarks from no cache. Of places that cannot be reached
	// there is none, and an error.
	FreshSanctionMarks(ctx context.Context, places []live.RoomID) (map[live.RoomID]Mark, error)
	// Copied returns what acts on users by the copies of places, in their orders and from
	// no cache.
	Copied(ctx context.Context, places []live.RoomID, users []live.UserID) ([]Copied, error)
}

// Mark is what a copy of the sanctions of a place is of. The zero Mark is that of no copy.
type Mark struct {
	Known    bool
	Revision int64
	Users    int // on whom something acts, or did when it was handed over
	RoomMute moderation.Term
}

// Copied is what acts on users by a copy; some of it may have expired.
type Copied struct {
	Mark
	Terms []moderation.Terms
}

// Words is the copies of the revisions of places' words.
type Words interface {
	// WordsCopies returns them in the places' order, maybe from a cache that is half a
	// second behind.
	WordsCopies(ctx context.Context, places []live.RoomID) ([]WordsCopy, error)
	// FreshWordsCopy returns one from no cache.
	FreshWordsCopy(ctx context.Context, place live.RoomID) (WordsCopy, error)
	// TakeWords puts a revision in place of the copy, if that is still the one seen, and
	// says whether it did.
	TakeWords(ctx context.Context, place live.RoomID, seen WordsCopy, revision store.WordsRevision) (bool, error)
}

// WordsCopy is the revision of a place's words as it was handed over. Seen tells copies
// apart, those of one revision too; "": there is no copy.
type WordsCopy struct {
	Revision store.WordsRevision
	Seen     string
}

// Chores is what nodes share out the archiving of rooms by.
type Chores interface {
	// Lease gives a node the lease to a room's archive for a term from now on, or takes it
	// back (0). It is false while another node has it. The room need not be known.
	Lease(ctx context.Context, id live.RoomID, node store.NodeID, term time.Duration) (bool, error)
	// MarkDirty notes now that nodes have rooms to archive; UnmarkDirty that they have not.
	MarkDirty(ctx context.Context, marks []DirtyMark) error
	UnmarkDirty(ctx context.Context, marks []DirtyMark) error
	// LeftDirty returns marks that were not made for so long, the oldest first: a few
	// times limit at most.
	LeftDirty(ctx context.Context, age time.Duration, limit int) ([]DirtyMark, error)
}

// DirtyMark says that a node has a room to archive.
type DirtyMark struct {
	Node store.NodeID
	Room live.RoomID
}
