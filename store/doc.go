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
//
// # Two backends
//
// A Set may be made of two backends: a durable one that holds the truth of the rooms
// themselves (what a room.Room is), and a hot one that holds all that happens in them
// (logs, attributes, presence, the bus) and a copy of each room at some Revision. Then
// this is the rule:
//
//   - CreateRoom, UpdateRoom and EndRoom change the durable backend first, in one
//     transaction that raises the Revision. Only then do they hand the room to the hot
//     one, which takes it if its Revision is greater than its copy's, and in the same
//     step does what goes with it: publishes it, sets how much the log keeps, ends
//     every session of an ended room. Handing it the same room again changes nothing.
//   - Where the second step fails the call is ErrUnavailable, and the change is made:
//     the hot copy is behind. Whoever sees that mends it, by reading the durable room
//     and handing it over again: Room, where what it reads is ahead of the hot copy;
//     UpdateRoom and EndRoom, for any room; Append and UpdateAttributes, where the
//     limits that they come with are of a later Revision than the copy. A node that
//     follows a room compares its Room with Head's Revision every few seconds, and so
//     bounds how long nobody sees it. Until then the copy is what counts in the hot
//     backend, and it is never taken back to an earlier Revision.
//   - A hot backend that does not know a room has not been told of it, or has lost it.
//     It asks the durable one. If that has no such room either it is ErrRoomNotFound;
//     if that cannot be reached it is ErrUnavailable, never ErrRoomNotFound. Else the
//     room begins anew in the hot one, at the durable Revision and state, in another
//     epoch, with an empty log, no attributes and nobody present; and the call is
//     answered from that. So Append places the message as the first of the new epoch,
//     which its receipt names, or is ErrRoomEnded; what was remembered by request or
//     client ids is forgotten with the rest. Renew says that every lease is lost.
//     Two who begin a room anew at once begin the same epoch.
//   - While the durable backend is away, everything but CreateRoom, UpdateRoom, EndRoom
//     and Rooms, Sanctions' and Words' changes and lists, History, Events and who reads them, Quizzes, Gifts, Visits
//     and the Ledger goes on for the rooms that the hot one knows.
//   - Quizzes, Gifts, Visits and the Ledger are the durable one's alone, Answers and Reports the hot one's. A change of
//     a quiz is made in the durable one; that it cannot be published then is no error.
//   - Events, Consumers and Webhooks are the durable one's alone. Events of messages are
//     recorded with the messages' archive, so a second or so after they are sent.
//   - Sanctions and words are handed over in the same way, and so may be mended too.
//   - The durable backend may be set back to an earlier state: restored, or by a failover
//     that lost its latest changes. Whoever mends a copy that is ahead of it has it go on
//     beyond that copy's Revision, with what it has: it is the truth still.
package store

// Set is one implementation of each role, as the server is wired with.
type Set struct {
	Rooms      Rooms
	Log        Log
	Attributes Attributes
	Presence   Presence
	Sanctions  Sanctions
	Bus        Bus
	Words      Words
	History    History
	Nodes      Nodes
	Events     Events
	Consumers  Consumers
	Webhooks   Webhooks
	Quizzes    Quizzes
	Answers    Answers
	Ledger     Ledger
	Gifts      Gifts
	Visits     Visits
	Reports    Reports
	Clock      Clock // by which answers of quizzes are received
}
