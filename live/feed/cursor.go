package feed

import "github.com/ovation-live/ovation/live"

// Place is a place in one bucket: right after the entry with this timestamp and
// sequence. The zero Place is before the first entry.
//
// The timestamp says where the reader is. The sequence keeps the count of what
// was dropped exact when the entry itself is long gone; a reader that has lost it
// may say 0.
type Place struct {
	Timestamp live.Timestamp
	Sequence  uint64
}

// Cursor is a reader's place in a room's log: one place per bucket, in one life of
// the log. The zero Cursor is that of a reader who has read nothing yet and wants
// the latest.
type Cursor struct {
	Epoch live.Epoch
	At    [Buckets]Place
}

// Ancestors is how many earlier lives a log knows.
const Ancestors = 4

// Ancestry is the heads of the lives that a life of a log goes on from, the latest
// first: where each of them ended, as far as is known. A log that came back without its
// latest entries begins another life, for places after its head will be taken again;
// a reader who had not got further goes on from their place in it. The zero value is
// that of a log that began with nothing.
type Ancestry [Ancestors]Cursor

// Heads is how far a room has got.
type Heads struct {
	Cursor     Cursor         // of a reader who has read everything
	Attributes live.Timestamp // of the latest attribute change
	Revision   int64          // of the room's settings and state
}

// Before says whether a reader at c lacks something that one at head has. Both
// must be of one epoch.
func (c Cursor) Before(head Cursor) bool {
	for b := range Buckets {
		if c.At[b].Timestamp < head.At[b].Timestamp {
			return true
		}
	}
	return false
}
