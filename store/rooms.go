package store

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
)

// Rooms is the directory of rooms.
type Rooms interface {
	// CreateRoom adds a live room at revision 1 and returns it as stored: State,
	// Revision, Created and Ended are the store's, whatever r says. Called again within
	// 5 minutes with the same request id and the same room it returns what was created,
	// as it was then; with another room, ErrRequestReused. An empty request id is never
	// remembered. A taken id is ErrRoomExists. Nothing is published.
	CreateRoom(ctx context.Context, r room.Room, requestID string) (room.Room, error)
	// Room returns one room, live or ended, or ErrRoomNotFound. It may come from a
	// cache, and so for a moment be older than the latest change; its Revision tells.
	Room(ctx context.Context, id live.RoomID) (room.Room, error)
	// Rooms returns the rooms of a query, in order of id; fewer than the limit only
	// where there are no more.
	Rooms(ctx context.Context, q RoomQuery) ([]room.Room, error)
	// UpdateRoom applies a change atomically, publishes the room, and returns it as it is
	// after the change. Of changes at once only the last need be published: it has the
	// others in it. ErrRoomNotFound, ErrRoomEnded, or an error of room.Apply: nothing changed.
	UpdateRoom(ctx context.Context, id live.RoomID, c room.Change) (room.Room, error)
	// EndRoom ends a room and every session in it, publishes the room (but no
	// departures), and returns it. Ending an ended room changes nothing and publishes
	// nothing. A backend may forget a room some time after its end, whole and without a
	// word: then there is no such room. ErrRoomNotFound.
	EndRoom(ctx context.Context, id live.RoomID) (room.Room, error)
}

// RoomQuery selects rooms.
type RoomQuery struct {
	After live.RoomID // only ids greater than this
	State room.State  // StateAny: all
	Limit int         // at most so many, at least 1
}
