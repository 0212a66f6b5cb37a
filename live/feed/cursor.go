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

// Followed returns the ancestry of a life that goes on from one that has this ancestry
// and ended at head.
func (a Ancestry) Followed(head Cursor) Ancestry {
	after := Ancestry{head}
	copy(after[1:], a[:])
	return after
}

// Adopt returns where a reader at c stands in the life of this epoch, whose ancestry
// it is. It is not ok if c is of no life that this one goes on from, or beyond what was
// kept of that one, or what any life since has kept: such a reader may have read what
// is not there any more.
func (a Ancestry) Adopt(c Cursor, epoch live.Epoch) (adopted Cursor, ok bool) {
	if c.Epoch == epoch {
		return c, true
	}
	for _, head := range a {
		switch {
		case head.Epoch == "" || !c.within(head):
			return Cursor{}, false
		case head.Epoch == c.Epoch:
			return Cursor{Epoch: epoch, At: c.At}, true
		}
	}
	return Cursor{}, false
}

// Heads is how far a room has got.
type Heads struct {
	Cursor     Cursor         // of a reader who has read everything
	Attributes live.Timestamp // of the latest attribute change
	Revision   int64          // of the room's settings and state
}

// within says whether nothing in c lies after head.
func (c Cursor) within(head Cursor) bool {
	for b, p := range c.At {
		if p.Timestamp > head.At[b].Timestamp || p.Sequence > head.At[b].Sequence {
			return false
		}
	}
	return true
}

// Before says whether a reader at c lacks something that one at head has. Both
// must be of one epoch, or one of an epoch that goes on from the other's.
func (c Cursor) Before(head Cursor) bool {
	for b := range Buckets {
		if c.At[b].Timestamp < head.At[b].Timestamp {
			return true
		}
	}
	return false
}
