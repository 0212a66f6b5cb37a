package store

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// Log is the messages of every room.
type Log interface {
	// Append does what feed.Log's Append does and publishes a message that it places,
	// all of it atomically: what is heard can be read already, what can be read is
	// published, and both come in one order. The wall clock is the store's, one for all
	// nodes. Limits that are older than the store's room do not count: the room's own do.
	// How much the log keeps is the room's alone, as it was created and by UpdateRoom;
	// limits.Capacity changes nothing. ErrRoomNotFound, ErrRoomEnded.
	Append(ctx context.Context, id live.RoomID, d feed.Draft, limits Limits) (feed.Receipt, error)
	// Recall does what feed.Log's Recall does and publishes the system message, if
	// there is one, atomically as Append does: recalling a message again is no error
	// and changes nothing. limits count as for Append.
	// feed.ErrNoMessage, ErrRoomNotFound, ErrRoomEnded.
	Recall(ctx context.Context, id live.RoomID, r feed.Recall, limits Limits) (feed.Receipt, error)
	// Message returns one entry that the log still holds, or feed.ErrNoMessage.
	// ErrRoomNotFound.
	Message(ctx context.Context, id live.RoomID, t live.Timestamp) (*feed.Message, error)
	// Read returns what a reader at c gets (feed.Rings' Select, which bounds it in bytes
	// too), and how far the room is at the same instant. It works for ended rooms too.
	// ErrRoomNotFound.
	Read(ctx context.Context, id live.RoomID, c feed.Cursor, limit int) (feed.Batch, Head, error)
	// Recent is Read for readers who come again anyway: it may come from a cache that is
	// behind by a second at most, and by nothing that was appended by way of this store
	// itself. ErrRoomNotFound.
	Recent(ctx context.Context, id live.RoomID, c feed.Cursor, limit int) (feed.Batch, Head, error)
	// Between returns at most limit entries with after < timestamp < until (0: no
	// bound), all buckets together in order of timestamp, as far back as the log
	// reaches. ErrRoomNotFound.
	Between(ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int) ([]*feed.Message, error)
	// Head returns how far the room is. ErrRoomNotFound.
	Head(ctx context.Context, id live.RoomID) (Head, error)
	// Marks returns the latest publication of each of the rooms, for nodes that look
	// whether they have missed any: it costs as little as can be. One that is not there,
	// or that the backend has lost, is not in the answer. If some cannot be reached it returns ErrUnavailable with the
	// others'. A log that came back without its latest entries may still have the epoch
	// that they were of, until it is next read or written: its Sequence went back then.
	Marks(ctx context.Context, ids []live.RoomID) (map[live.RoomID]Mark, error)
}

// Limits is what a room accepts, and the revision of the room that says so.
type Limits struct {
	feed.Limits
	Revision int64
}

// Mark names the latest publication of a room, and the Revision that the room has.
type Mark struct {
	Epoch    live.Epoch
	Sequence uint64
	Revision int64
}

// Head is how far a room is, and the sequence of its latest publication: whoever has
// heard all publications up to it has seen everything.
type Head struct {
	feed.Heads
	Sequence uint64
	// Ancestry is the lives of the log that this one goes on from, the latest first: it
	// holds what they held up to these places, and nothing that they held after.
	Ancestry feed.Ancestry
}
