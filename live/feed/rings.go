package feed

import "github.com/ovation-live/ovation/live"

// FirstPull is how many messages a reader with an empty cursor gets.
const FirstPull = 50

// Rings is the readable part of a room's log: a ring per bucket, in one epoch. The
// store keeps one as the truth, and every node that follows the room another as a
// replica.
type Rings struct {
	epoch    live.Epoch
	ancestry Ancestry
	buckets  [Buckets]Ring
	filling  bool // of a replica: the latest Fill left more to read
}

// NewRings returns empty rings of the given capacity per bucket whose next entries
// follow head. A new log's head is Cursor{Epoch: epoch}.
func NewRings(capacity int, head Cursor) *Rings {
	rs := &Rings{epoch: head.Epoch}
	for b := range rs.buckets {
		rs.buckets[b] = NewRing(capacity, head.At[b])
	}
	return rs
}

// Descend says which lives of the log this one goes on from: readers who stand in what
// it kept of them go on from there.
func (rs *Rings) Descend(from Ancestry) { rs.ancestry = from }

// Ancestry returns the lives of the log that this one goes on from.
func (rs *Rings) Ancestry() Ancestry { return rs.ancestry }

// Head returns the cursor of a reader who has read everything.
func (rs *Rings) Head() Cursor {
	c := Cursor{Epoch: rs.epoch}
	for b := range rs.buckets {
		c.At[b] = rs.buckets[b].Head()
	}
	return c
}

// Applied is what became of an entry handed to Apply.
type Applied uint8

// What Apply answers.
const (
	// Fresh: the entry is in.
	Fresh Applied = iota
	// Known: the entry was in already.
	Known
	// Gap: an entry before this one is missing; read the log from Head.
	Gap
)

// Apply adds an entry that the log has placed to a replica, in any order of arrival:
// one that is already here is Known, one that does not follow the head of its bucket
// is a Gap and changes nothing. A recall takes its message's contents away; so that
// it cannot be overtaken, one that comes before its message is a Gap too, and so is
// every new entry from a Fill that left more to read until one that did not.
func (rs *Rings) Apply(m *Message) Applied {
	head := rs.buckets[m.Bucket].Head().Sequence
	switch {
	case m.Sequence <= head:
		return Known
	case m.Sequence > head+1, rs.filling, m.Recalls != 0 && rs.awaits(m.Recalls):
		return Gap
	}
	rs.push(m)
	return Fresh
}

// Fill appends a batch that was read from the log with this replica's Head as its
// cursor; while the batch says More, read and Fill again. What the log had dropped
// since then is passed over, so that its loss is counted here as it is there.
//
// It is false, and changes nothing, if the replica cannot go on: if the batch begins
// anew, or if a recall of something held here may be among what was dropped. Then
// begin another with NewRings at Cursor{Epoch: the log's} and fill that.
func (rs *Rings) Fill(batch Batch) bool {
	if batch.Resync || batch.Cursor.Epoch != rs.epoch || batch.Dropped[Whitelist] > 0 && rs.holds() {
		return false
	}
	for _, m := range batch.Messages {
		rs.skip(m.Bucket, Place{m.Timestamp - 1, m.Sequence - 1})
		if m.Sequence > rs.buckets[m.Bucket].Head().Sequence {
			rs.push(m)
		}
	}
	for b := range Bucket(Buckets) {
		rs.skip(b, batch.Cursor.At[b])
	}
	rs.filling = batch.More
	return true
}

// Resize changes the capacity per bucket.
func (rs *Rings) Resize(capacity int) {
	for b := range rs.buckets {
		rs.buckets[b].Resize(capacity)
	}
}

// Find returns the held entry with exactly this timestamp, nil if there is none.
func (rs *Rings) Find(t live.Timestamp) *Message {
	for b := range rs.buckets {
		if m := rs.buckets[b].Find(t); m != nil {
			return m
		}
	}
	return nil
}

// push appends an entry that follows the head of its bucket.
func (rs *Rings) push(m *Message) {
	rs.buckets[m.Bucket].Push(m)
	if m.Recalls != 0 {
		rs.bury(m.Recalls)
	}
}

// skip makes place the head of a bucket that has not got as far: all before is gone.
func (rs *Rings) skip(b Bucket, place Place) {
	if ring := &rs.buckets[b]; place.Sequence > ring.Head().Sequence {
		*ring = NewRing(ring.capacity, place)
	}
}

// holds says whether any bucket holds an entry.
func (rs *Rings) holds() bool {
	for b := range rs.buckets {
		if rs.buckets[b].Len() > 0 {
			return true
		}
	}
	return false
}

// awaits says whether the entry with timestamp t may be still to come.
func (rs *Rings) awaits(t live.Timestamp) bool {
	if rs.Find(t) != nil {
		return false
	}
	for b := range rs.buckets {
		if rs.buckets[b].Head().Timestamp < t {
			return true
		}
	}
	return false
}

// bury takes the contents of the entry with this timestamp away, if it is held.
func (rs *Rings) bury(t live.Timestamp) {
	if m := rs.Find(t); m != nil && !m.Recalled {
		rs.buckets[m.Bucket].replace(m.tombstone())
	}
}
