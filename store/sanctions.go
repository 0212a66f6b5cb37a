package store

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
)

// Sanctions is who is banned, muted, protected and appointed, in one room or in every
// room (the empty id), and which rooms are muted. Sanctions of every room belong to no room: they
// are there before the first and after the last. A room's own go with the room.
//
// With two backends the durable one has the truth; the hot one has for each user what
// acts on them in one place, so that Standing costs one read of a node's cache.
type Sanctions interface {
	// ApplySanction does what moderation.Book's Apply does, atomically: of a ban and a
	// protection that come at once in one place, one comes second and knows it, and so
	// does a room's ban of a protection in every room that came first; likewise an
	// appointment of a ban. Id and instants
	// are the store's. Within 5 minutes the same request id of the same actor and kind
	// applies once and returns what it returned then, whatever has become of the
	// sanction; with another order, ErrRequestReused. An empty one is never remembered.
	// moderation.ErrProtected, moderation.ErrBanned, ErrRoomNotFound, ErrRoomEnded.
	ApplySanction(ctx context.Context, o SanctionOrder) (moderation.Sanction, error)
	// LiftSanction lifts what acts of a kind on a user ("" for a room mute) in a place.
	// If nothing does, it does nothing. ErrRoomNotFound; it works in ended rooms too.
	LiftSanction(ctx context.Context, l SanctionLift) error
	// Sanctions returns the sanctions of a query, the newest first (moderation.Newer);
	// fewer than the limit only where there are no more. What acts is all there, and of
	// what acts no more at least the latest few thousand of each place.
	// ErrRoomNotFound.
	Sanctions(ctx context.Context, q SanctionQuery) ([]moderation.Sanction, error)
	// Standing returns how a user stands in a room: what acts there and in every room.
	// In a room that is not there, or in none (""), that is what acts in every room.
	// It is asked for with every call, and so may come from a cache that is up to a
	// second behind, and while the backend cannot be reached from what is known still;
	// what has expired is never in it.
	Standing(ctx context.Context, id live.RoomID, user live.UserID) (moderation.Standing, error)
	// Standings is Standing of many users, in their order, and from no cache: all that
	// was applied or lifted before the call is in it. So whoever enters a room first and
	// asks then is not overlooked.
	Standings(ctx context.Context, id live.RoomID, users []live.UserID) ([]moderation.Standing, error)
	// SanctionRevisions returns for each of the rooms what differs whenever ApplySanction or
	// LiftSanction has changed how anyone stands there, and from no cache; that a
	// sanction has expired does not show. It is asked for twice a second with all rooms
	// that a node serves. One that is not there has none of its own. If some cannot be
	// reached it returns ErrUnavailable with the others'.
	SanctionRevisions(ctx context.Context, ids []live.RoomID) (map[live.RoomID]SanctionRevision, error)
}

// SanctionOrder is a sanction to apply. RequestID is its actor's own.
type SanctionOrder struct {
	moderation.Order
	RequestID string
}

// SanctionLift says what to lift.
type SanctionLift struct {
	Kind moderation.Kind
	Room live.RoomID // empty: every room
	User live.UserID // empty for a room mute
	By   live.UserID
}

// SanctionQuery selects sanctions: those that act in a room, its own and those of every
// room; without a room, all there are.
type SanctionQuery struct {
	Room live.RoomID
	moderation.Query
}

// SanctionRevision counts the changes of a room's sanctions and of those of every room.
// It is there to be compared with another. The zero value is that of a room where
// nothing ever acted.
type SanctionRevision struct{ Here, Everywhere int64 }
