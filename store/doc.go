// Package store says what Ovation needs of a backing store, as roles: small
// interfaces over live's nouns, each of which a backend implements whole. Callers
// take the narrowest role. Package memory implements them all in one process;
// package storetest is the suite that every backend passes.
//
// Every method may be called concurrently, may do I/O and honours its context: one
// that is over when the method is called gets its own error back, and nothing is
// done. A backend that cannot be reached is ErrUnavailable (wrapped). Nothing is
// half-done then, though a change may have been made whose answer was lost, which
// is why changes carry ids to repeat them by. Only what was done is remembered by
// its id: a request that was refused may be made again. An ended room refuses even
// what would repeat a change made before it ended.
//
// ErrRoomNotFound, ErrRoomExists and ErrRoomEnded come in a RoomError. Instants are
// the store's own: one clock per room, whichever node asks. Ids are any UTF-8 and are
// ordered by their bytes. What is handed to a store and what it hands out is
// shared: neither side changes it afterwards.
package store

// Set is one implementation of each role, as the server is wired with.
type Set struct {
	Rooms      Rooms
	Log        Log
	Attributes Attributes
	Presence   Presence
	Bus        Bus
}
