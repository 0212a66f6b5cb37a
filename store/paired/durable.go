package paired

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
)

// Durable is the backend of truth. Its methods answer as the roles of package store
// do whose names they have, and are never behind.
type Durable interface {
	store.Rooms
	store.Events
	store.Quizzes
	store.Ledger
	store.Visits

	// ClaimQuizTasksBy is ClaimQuizTasks for what is due by an instant of another clock. The
	// leases are by this one's.
	ClaimQuizTasksBy(
		ctx context.Context, due live.Timestamp, node store.NodeID, limit int, lease time.Duration,
	) ([]quiz.Task, error)

	// EndRoomAfter is EndRoom at an instant later than one of another clock: that of the
	// latest that happened in the room.
	EndRoomAfter(ctx context.Context, id live.RoomID, after live.Timestamp) (room.Room, error)

	// ApplySanction also returns what became of the place: nothing where the request was
	// answered before.
	ApplySanction(ctx context.Context, o store.SanctionOrder) (moderation.Sanction, Change, error)
	// LiftSanction also returns what became of the place.
	LiftSanction(ctx context.Context, l store.SanctionLift) (Change, error)
	Sanctions(ctx context.Context, q store.SanctionQuery) ([]moderation.Sanction, error)
	// Acting returns all that acts in a place ("": what acts in every room), at one
	// instant. ErrRoomNotFound.
	Acting(ctx context.Context, place live.RoomID) (Acting, error)
	// Terms returns what acts on one user in a place, and the revision that this is of.
	Terms(ctx context.Context, place live.RoomID, user live.UserID) (Acting, error)

	PutWords(ctx context.Context, id live.RoomID, c words.Change) (words.Summary, error)
	WordLists(ctx context.Context, id live.RoomID, after string, limit int) ([]words.Summary, error)
	WordsOf(ctx context.Context, id live.RoomID, list, after string, limit int) ([]words.Word, error)
	AllWords(ctx context.Context, id live.RoomID) ([]words.List, store.WordsRevision, error)
	// WordsRevision returns the revision of one room's own lists, or ("") of those for
	// every room.
	WordsRevision(ctx context.Context, id live.RoomID) (store.WordsRevision, error)

	// Archived returns the place in a room's log up to which its messages are kept, in
	// the life of the log that is named; the zero places if none of it is.
	Archived(ctx context.Context, id live.RoomID, epoch live.Epoch) (feed.Cursor, error)
	// Archive keeps messages of a room's log, takes away the contents of those that they
	// recall, and moves the place from one cursor to another, all of it or nothing. It is
	// false, and nothing is kept, where the place is not from: somebody else has archived.
	Archive(ctx context.Context, id live.RoomID, from, to feed.Cursor, messages []*feed.Message) (bool, error)
	// History returns messages that are kept.
	History(ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int) ([]*feed.Message, error)

	// Surpass brings a room, or what acts in a place, to a revision beyond one that a copy
	// of it has, and notes a debt: the backend may have been set back to an earlier state,
	// and then does not know that it has been at that revision. ErrRoomNotFound.
	Surpass(ctx context.Context, of Matter, place live.RoomID, revision int64) error

	// Owed returns at most limit debts that are older than a few seconds, the oldest first.
	Owed(ctx context.Context, limit int) ([]Debt, error)
	// Paid says that what a debt is for has been handed over; one that was noted again
	// since remains.
	Paid(ctx context.Context, d Debt) error
}

// Acting is what acts in one place.
type Acting struct {
	Place    live.RoomID // empty: every room
	Revision int64
	Users    map[live.UserID]moderation.Terms // those on whom something acts
	RoomMute moderation.Term
}

// Change is from which revision to which a place was brought. Where nothing changed the
// two are one.
type Change struct{ From, To int64 }

// Debt is something that the hot backend is owed: the room, its sanctions or its words.
type Debt struct {
	Of    Matter
	Room  live.RoomID // empty: every room
	Since int64       // which change it was noted by
}

// Matter is what a debt is about. The numbers are kept, and so never change.
type Matter uint8

// The matters.
const (
	OfRoom Matter = iota + 1
	OfSanctions
	OfWords
)
