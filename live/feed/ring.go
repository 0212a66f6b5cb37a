package feed

import (
	"sort"

	"github.com/ovation-live/ovation/live"
)

// Ring holds the latest entries of one bucket. When it is full the oldest go
// first. Sequences in it are contiguous. It takes memory as entries come, at most
// for its capacity: most rooms are quiet.
type Ring struct {
	buf      []*Message // circular: sequence s stands at s % len(buf)
	capacity int
	size     int
	head     Place // the latest entry ever pushed
	evicted  Place // the latest entry that is no longer held
}

// firstRoom is how many entries a ring makes room for at first.
const firstRoom = 8

// NewRing returns an empty ring of the given capacity (at least 1) whose next entry
// follows head.
func NewRing(capacity int, head Place) Ring {
	return Ring{capacity: max(capacity, 1), head: head, evicted: head}
}

// Head returns the place of the latest entry ever pushed.
func (r *Ring) Head() Place { return r.head }

// Len returns how many entries the ring holds.
func (r *Ring) Len() int { return r.size }

// Push appends an entry, which must follow the head: sequence one higher,
// timestamp higher.
func (r *Ring) Push(m *Message) {
	switch {
	case r.size == r.capacity:
		r.evict()
	case r.size == len(r.buf):
		r.move(min(max(2*r.size, firstRoom), r.capacity))
	}
	r.head = m.Place()
	r.buf[m.Sequence%uint64(len(r.buf))] = m
	r.size++
}

// Resize changes the capacity (at least 1). Shrinking drops the oldest.
func (r *Ring) Resize(capacity int) {
	r.capacity = max(capacity, 1)
	for r.size > r.capacity {
		r.evict()
	}
	if len(r.buf) > r.capacity {
		r.move(r.capacity)
	}
}

// evict lets go of the oldest entry.
func (r *Ring) evict() {
	r.evicted = r.at(r.oldest()).Place()
	r.size--
}

// move moves what is held to where there is room for n entries, no fewer than that.
func (r *Ring) move(n int) {
	buf := make([]*Message, n)
	for s := r.oldest(); s <= r.head.Sequence; s++ {
		buf[s%uint64(n)] = r.at(s) //nolint:gosec // n is not negative
	}
	r.buf = buf
}

// Find returns the entry with exactly this timestamp, nil if it is not held.
func (r *Ring) Find(t live.Timestamp) *Message {
	s := r.firstAfter(t - 1)
	if s > r.head.Sequence || r.at(s).Timestamp != t {
		return nil
	}
	return r.at(s)
}

// replace swaps a held entry for another of the same place.
func (r *Ring) replace(m *Message) { r.buf[m.Sequence%uint64(len(r.buf))] = m }

// Locate finds where a reader at p goes on: the sequence of the first held entry
// after p, and how many entries between the two are gone. It is not ok if p is a
// place that never was, as far as the ring can tell, or so far behind without a
// sequence that nobody can count what was lost.
func (r *Ring) Locate(p Place) (next, dropped uint64, ok bool) {
	switch {
	case p.Timestamp > r.head.Timestamp:
		return 0, 0, false
	case p.Timestamp >= r.evicted.Timestamp:
		next = r.firstAfter(p.Timestamp)
		return next, 0, p.Sequence == 0 || p == r.before(next)
	case p.Timestamp > 0 && p.Sequence == 0, p.Timestamp == 0 && p.Sequence != 0:
		return 0, 0, false
	case p.Sequence > r.evicted.Sequence:
		return 0, 0, false
	default:
		return r.oldest(), r.evicted.Sequence - p.Sequence, true
	}
}

// before returns the place right before the entry of a sequence that is held, or comes
// next. A log that went back to an earlier state has given the places after it to other
// entries: timestamp and sequence together tell them apart.
func (r *Ring) before(next uint64) Place {
	if next == r.oldest() {
		return r.evicted
	}
	return r.at(next - 1).Place()
}

// firstAfter returns the sequence of the first held entry later than t, one past
// the head's if there is none.
func (r *Ring) firstAfter(t live.Timestamp) uint64 {
	first := r.oldest()
	found := sort.Search(r.size, func(i int) bool {
		return r.at(first+uint64(i)).Timestamp > t //nolint:gosec // an index is not negative
	})
	return first + uint64(found) //nolint:gosec // an index is not negative
}

// oldest returns the sequence of the oldest held entry, one past the head's if
// none is held.
func (r *Ring) oldest() uint64 {
	return r.head.Sequence + 1 - uint64(r.size) //nolint:gosec // a size is not negative
}

// at returns the held entry of sequence s.
func (r *Ring) at(s uint64) *Message { return r.buf[s%uint64(len(r.buf))] }
