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
//
// Every Join of a session is another incarnation of it. Whoever serves an incarnation
// hands it to Renew and Leave, which then do nothing to a session that was joined
// again since, maybe from another node: a stream that is slow to notice its own end
// neither ends nor shortens what has taken its place.
//
// Where a user's last session ends by Leave or Expire, the attributes that go when
// their owner leaves go with it in the same step.
//
// The end of a room ends its sessions: they are in no count and no list any more, what goes
// with their users stays, and nothing is published. Who of them was there until then a store
// cannot know. Who claims a session by Renew was; the others Expire returns when their leases
// would have been over, as they were last seen. A backend may forget all that with the room.
type Presence interface {
	// Join adds a session (Joined and Incarnation are the store's) under a lease from
	// now on. One that is there already keeps when it joined; its lease, name, role and
	// incarnation are the new ones. No two Joins of a room return the same incarnation,
	// and a later one returns a greater: it follows the clock, and so goes on where a
	// backend that lost the room was. Join returns the session as it is now, and the
	// count with it. ErrRoomNotFound, ErrRoomEnded, and ErrSessionTaken if another user
	// has a session of that id in the room.
	Join(ctx context.Context, id live.RoomID, s room.Session, lease time.Duration) (room.Session, room.Online, error)
	// Renew gives sessions another term from now on, longer or shorter than what was
	// left of theirs, and returns those leases that are lost, by room: all of those in a
	// room that has ended or that is not there. What it returns as ended, once, Expire
	// returns after a minute or more, unless it is settled. Rooms are renewed each for itself. If
	// some cannot be reached it renews the others, and returns ErrUnavailable with what
	// is lost in these.
	Renew(ctx context.Context, leases map[live.RoomID][]Lease, term time.Duration) (map[live.RoomID][]Lost, error)
	// Leave ends what d names: a session, in the one incarnation if one is named, or all
	// of the user's. If that is none it does nothing. Else it publishes the departure,
	// then what the user's attributes lose, if they are gone and lose something; nothing
	// comes between the two. It returns the sessions that ended; Expire returns them
	// too, after a minute or more, unless they are handed to Settle. In a room that has
	// ended there is nobody to leave. ErrRoomNotFound.
	Leave(ctx context.Context, d Departure) ([]Ended, error)
	// Expire ends sessions of all rooms whose leases are over, each once whoever asks,
	// and publishes what attributes are lost with them, but no departures. It returns at
	// most limit sessions, and whether there may be more now. A session that was
	// returned is returned again after a minute or more, and so at least once, until it
	// is handed to Settle. If some rooms cannot be reached it returns ErrUnavailable
	// with what has ended in others.
	Expire(ctx context.Context, limit int) (ended []Ended, more bool, err error)
	// Settle says that what Leave, Renew or Expire has returned was dealt with: it takes it
	// as it was returned. What was not returned, or was settled before, changes nothing.
	Settle(ctx context.Context, ended []Ended) error
	// Members returns at most limit members with ids greater than after, by id; fewer
	// only where there are no more. ErrRoomNotFound.
	Members(ctx context.Context, id live.RoomID, after live.UserID, limit int) ([]room.Member, error)
	// Online counts who is in each of the rooms. One that is not there is not in the
	// answer. If some cannot be reached it returns ErrUnavailable with the others'.
	Online(ctx context.Context, ids []live.RoomID) (map[live.RoomID]room.Online, error)
}

// Lease is a user's claim to a session.
type Lease struct {
	Session     live.SessionID
	User        live.UserID
	Incarnation room.Incarnation // 0: whichever there is
}

// LeaseOf returns the claim to a session in the incarnation that it has.
func LeaseOf(s room.Session) Lease {
	return Lease{Session: s.ID, User: s.User, Incarnation: s.Incarnation}
}

// Lost is a lease that could not be renewed.
type Lost struct {
	Lease
	// Resumed says that the session is there, in another incarnation; else it is gone,
	// or another user's.
	Resumed bool
	// Ended, of a room that has ended, is the session, which was there until then: it was
	// last seen at the end. nil: it is the room or the session that is gone.
	Ended *Ended
}

// Departure is a user, or one session of theirs, that is to go, or has gone.
type Departure struct {
	Room    live.RoomID
	User    live.UserID
	Session live.SessionID // empty: all of the user's
	// Incarnation, where a session is named, is the one that is to go; 0: whichever
	// there is. In a publication it is the latest that has gone, whatever was named:
	// what has joined since is greater.
	Incarnation room.Incarnation
	Reason      Reason
	Message     string // for people; may be empty
}

// Reason is why a user departs.
type Reason uint8

// The reasons. The numbers may be kept by a store, and so never change.
const (
	ReasonLeft      Reason = iota // they left
	ReasonModerated               // a moderator ended their stay
	ReasonBanned                  // they are banned from the room
)

// Ended is a session that has ended, and when. Room, ID and Incarnation name it.
type Ended struct {
	Room live.RoomID
	room.Session
	LastSeen live.Timestamp // when its lease was last given or renewed; never after the room's end
	At       live.Timestamp // when the store, or the end of the room, ended it
	Gone     bool           // its user has gone with it; not so by the end of a room
	Left     bool           // by Leave: At is when they left; else the lease was over
}
