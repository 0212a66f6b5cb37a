package store

import (
	"context"
	"fmt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/words"
)

// Words is the lists of forbidden words of every room, and those of every room at
// once, which go by the empty room id. Words of an ended room can be read as long as the room can.
//
// A durable backend holds the truth. WordsRevision is asked for every message that is
// searched, and may come from a cache that is at most half a second behind; the other
// methods see every change that was answered.
type Words interface {
	// PutWords changes a list, whole or not at all, and returns it as it is then. Of
	// words named more than once the last counts. A list that is left empty is gone, and
	// one that changes again begins anew. What changes nothing leaves Revision and
	// Changed as they are. *WordLimitError where all lists of the room would hold more
	// than MaxWords. ErrRoomNotFound, ErrRoomEnded.
	PutWords(ctx context.Context, id live.RoomID, c words.Change) (words.Summary, error)
	// WordLists returns at most limit lists with ids greater than after, by id.
	// ErrRoomNotFound.
	WordLists(ctx context.Context, id live.RoomID, after string, limit int) ([]words.Summary, error)
	// WordsOf returns at most limit words of a list with texts greater than after, by
	// text; none of a list that is not there. ErrRoomNotFound.
	WordsOf(ctx context.Context, id live.RoomID, list, after string, limit int) ([]words.Word, error)
	// AllWords returns all lists of the room, by id, and the revision that they are of.
	// ErrRoomNotFound.
	AllWords(ctx context.Context, id live.RoomID) ([]words.List, WordsRevision, error)
	// WordsRevision returns the revisions of what acts in the room: its own lists, and
	// those of every room. ErrRoomNotFound.
	WordsRevision(ctx context.Context, id live.RoomID) (own, everywhere WordsRevision, err error)
}

// MaxWords is how many words all lists of a room hold at most, and all for every room.
const MaxWords = 100_000

// WordsRevision names what all lists of a room hold together. Two of one room are equal
// only if the words are, though the room went and another of its id came; 0: none.
type WordsRevision int64

// WordLimitError says that lists would hold too many words.
type WordLimitError struct{ Max int }

// Error implements error.
func (e *WordLimitError) Error() string {
	return fmt.Sprintf("store: all lists of a room hold at most %d words", e.Max)
}
