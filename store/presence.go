package store

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
)

// Presence is who is in every room: sessions, each under a lease. A session counts,
// and can be renewed, until Leave, Expire or the end of its room ends it, even if
// its lease is over: only Expire looks at leases.
type Presence interface {
	// Join adds a session (Joined is the store's) under a lease from now on. One that
	// is there already keeps when it joined; its lease, name and role are the new ones.
	// Join returns the session as it is now, and the count with it. ErrRoomNotFound,
	// ErrRoomEnded, and ErrSessionTaken if another user has a session of that id in the
	// room.
	Join(ctx context.Context, id live.RoomID, s room.Session, lease time.Duration) (room.Session, room.Online, error)
	// Renew gives sessions another lease from now on, longer or shorter than what was
	// left of theirs, and returns those that are gone: in an ended room all of them.
	// ErrRoomNotFound.
	Renew(ctx context.Context, id live.RoomID, ids []live.SessionID, lease time.Duration) (gone []live.SessionID, err error)
	// Leave ends one session of a user, or all of them if session is empty, and
	// publishes a Departure. It says whether the user is now gone from the room, which
	// it does only if a session ended. ErrRoomNotFound.
	Leave(ctx context.Context, id live.RoomID, user live.UserID, session live.SessionID) (gone bool, err error)
	// Expire ends sessions of all rooms whose leases are over, each once whoever asks:
	// limit of them, or all if there are fewer. It returns the users that are gone with
	// their last session, and publishes nothing.
	Expire(ctx context.Context, limit int) ([]Departure, error)
	// Members returns at most limit members with ids greater than after, by id; fewer
	// only where there are no more. ErrRoomNotFound.
	Members(ctx context.Context, id live.RoomID, after live.UserID, limit int) ([]room.Member, error)
	// Online counts who is in a room. ErrRoomNotFound.
	Online(ctx context.Context, id live.RoomID) (room.Online, error)
}

// Departure is a user, or one session of theirs, that has gone.
type Departure struct {
	Room    live.RoomID
	User    live.UserID
	Session live.SessionID // empty: all of the user's
}
