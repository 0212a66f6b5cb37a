// Package ovation is the Go client of Ovation, a live-room server.
//
// A Client speaks to one server. Join enters a room and keeps the caller there:
// it holds a stream, pulls what the stream announces, takes whatever way the
// server or the network leaves open (notifications, inline batches, long poll),
// and reconnects by itself from where it was. What happens in the room comes out
// of Room.Next, or of the iterator Room.Events:
//
//	client, err := ovation.New("http://localhost:8080", ovation.WithToken(token))
//	if err != nil { ... }
//	defer client.Close()
//	room, err := client.Join(ctx, "demo")
//	if err != nil { ... }
//	defer room.Close()
//	for event, err := range room.Events(ctx) {
//		if err != nil { ... } // the stay is over: ErrRoomEnded, *KickedError ...
//		if batch, ok := event.(*ovation.Messages); ok { ... }
//	}
//
// # What is promised
//
// Messages come in order within each priority bucket, each of them once. What
// the server dropped before the reader could have it is counted in
// Messages.Dropped. The client checks that count against the messages' sequences;
// whatever it does not explain would be counted in Messages.Unexplained, which is
// zero as long as server and client are right. A log that was lost, or a place in
// it that is gone, is announced by Messages.Resync.
//
// The reader of Next sets the pace. A Room holds a bounded number of events that
// wait to be read; while they wait it neither pulls nor reads the stream. Being
// slow costs the reader the oldest messages, counted, and nobody any memory.
//
// What Room.Send is given comes back over the room like everyone's messages, a round
// later, or not at all where the room was over its rate. WithEcho shows it to the
// sender at once: see Echo.
//
// # Where things are
//
// Calls that have no place in a room's stream are made with the generated clients,
// which Client.Rooms, Client.Feed, Client.Attributes and Client.Moderation return with
// the token attached. Errors of all calls are those of connect; Reason, RetryAfter,
// Until and Detail read what the server puts into them.
//
// # Several nodes
//
// Where several nodes are one server, they name the one at which a room's viewer is best
// served. The stream, the pulls and Room.Send go there, with the token; where it cannot be
// reached, and for everything else, the base URL serves as well. Give New one that leads to
// all nodes. From https a Client follows to https alone.
//
// # Moderation
//
// A ban ends the stay, and Join and Send fail for as long as it lasts: the error is
// ErrBanned, and Until says for how long. A user whom a moderator removed gets a
// *KickedError and is not brought back by the client: they may join again themselves.
// ErrMuted and ErrMessageRefused are errors of Send alone. What a word list changed
// in a text is in the answer, and in its Echo.
package ovation
