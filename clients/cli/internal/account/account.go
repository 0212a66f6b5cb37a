// Package account keeps a viewer's books: every message that a room accepted while
// the viewer was there must have come, once and in order, or have been reported as
// dropped.
package account

import (
	"slices"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// Buckets is how many priority buckets there are; a Bucket's index is one less than
// its number.
const Buckets = 3

// Dropped is what a batch reports as dropped, by bucket.
type Dropped [Buckets]uint64

// Account is the books of one viewer. It is not safe for concurrent use. The zero
// Account has no place yet: Begin gives it one.
type Account struct {
	epoch   string
	buckets [Buckets]bucket
	counts  Counts
}

// bucket is where a viewer is in one bucket, and what came since the books were opened
// there.
type bucket struct {
	first     uint64 // the sequence that the books begin after
	history   uint64 // up to this sequence messages are history
	last      uint64 // the highest sequence seen
	cursor    uint64 // the sequence that the viewer's cursor names
	delivered uint64 // distinct messages
	dropped   uint64 // reported as such
	holes     []hole // the latest runs of missing sequences: a late message was in one
}

// maxHoles is how many runs are remembered; a message later than that counts as a
// duplicate.
const maxHoles = 64

// hole is the sequences from first to last, none of which came.
type hole struct{ first, last uint64 }

// Counts is what the books say, for one viewer or for many together.
type Counts struct {
	// History is how many messages came that the room had accepted before the viewer
	// joined; a resync may bring some again.
	History uint64 `json:"history"`
	// Delivered is how many messages came that the room accepted after that, duplicates
	// not among them. Where all viewers joined before the first of them, and no log began
	// anew, accepted times viewers is delivered and dropped together.
	Delivered uint64 `json:"delivered"`
	// Dropped is how many were reported as dropped, by bucket.
	Dropped Dropped `json:"-"`
	// Gaps is how many are missing that nobody reported.
	Gaps uint64 `json:"gaps"`
	// Duplicates is how many came again.
	Duplicates uint64 `json:"duplicates"`
	// Disorder is how many came after a later one of their bucket.
	Disorder uint64 `json:"disorder"`
	// Unaccounted is by how much the books do not close: the way from the first to
	// the final sequence is not what was delivered and dropped.
	Unaccounted uint64 `json:"unaccounted"`
	// Resyncs is how often the log could not be continued and the books began anew.
	Resyncs uint64 `json:"resyncs"`
	// Leapt is how many messages a resync within one life of the log passed over.
	Leapt uint64 `json:"leapt"`
}

// Add adds the counts of another viewer.
func (c *Counts) Add(other Counts) {
	c.History += other.History
	c.Delivered += other.Delivered
	for b := range c.Dropped {
		c.Dropped[b] += other.Dropped[b]
	}
	c.Gaps += other.Gaps
	c.Duplicates += other.Duplicates
	c.Disorder += other.Disorder
	c.Unaccounted += other.Unaccounted
	c.Resyncs += other.Resyncs
	c.Leapt += other.Leapt
}

// Clean says whether every message is accounted for.
func (c Counts) Clean() bool {
	return c.Gaps == 0 && c.Duplicates == 0 && c.Disorder == 0 && c.Unaccounted == 0 && c.Leapt == 0
}

// Begin opens the books before a batch that continues nothing: the messages that came
// with joining, or after a resync. The batch itself is still to be taken.
func (a *Account) Begin(messages []*ovationv1.Message, cursor *ovationv1.Cursor) {
	first := Sequences(cursor)
	var begun [Buckets]bool
	for _, message := range messages {
		if b, ok := index(message.GetBucket()); ok && !begun[b] {
			begun[b], first[b] = true, message.GetSequence()-1
		}
	}
	history := a.known(cursor)
	a.close(cursor.GetEpoch(), first)
	a.epoch = cursor.GetEpoch()
	for b := range a.buckets {
		a.buckets[b] = bucket{first: first[b], history: history[b], last: first[b], cursor: first[b]}
	}
}

// known is up to where the messages of a beginning are history: what the room had when
// the viewer joined, or had been read before a resync.
func (a *Account) known(cursor *ovationv1.Cursor) [Buckets]uint64 {
	switch a.epoch {
	case "":
		return Sequences(cursor)
	case cursor.GetEpoch():
		var read [Buckets]uint64
		for b := range a.buckets {
			read[b] = max(a.buckets[b].cursor, a.buckets[b].history)
		}
		return read
	}
	return [Buckets]uint64{} // another log: all of it is new
}

// close settles the books of the life before, if there was one.
func (a *Account) close(epoch string, first [Buckets]uint64) {
	if a.epoch == "" {
		return
	}
	a.counts = a.Counts()
	a.counts.Resyncs++
	if epoch != a.epoch {
		return // another log: nothing says how many messages the old one had
	}
	for b := range a.buckets {
		if at := a.buckets[b].cursor; first[b] > at {
			a.counts.Leapt += first[b] - at
		}
	}
}

// Take enters a batch: its messages, what it reports as dropped before them, and the
// cursor after it. That may be in another life of the log, which goes on where the one
// before was.
func (a *Account) Take(messages []*ovationv1.Message, dropped Dropped, cursor *ovationv1.Cursor) {
	budget := dropped
	for _, message := range messages {
		if b, ok := index(message.GetBucket()); ok {
			a.take(b, message.GetSequence(), &budget[b])
		}
	}
	if epoch := cursor.GetEpoch(); epoch != "" {
		a.epoch = epoch
	}
	ends := Sequences(cursor)
	for b := range a.buckets {
		current := &a.buckets[b]
		current.dropped += dropped[b]
		a.counts.Dropped[b] += dropped[b]
		if ends[b] > current.last { // what was dropped may be all there was
			a.miss(b, current.last+1, ends[b], &budget[b])
			current.last = ends[b]
		}
		current.cursor = max(current.cursor, ends[b])
	}
}

// take enters one message. What budget holds of reported drops explains a jump.
func (a *Account) take(b int, sequence uint64, budget *uint64) {
	current := &a.buckets[b]
	if sequence <= current.last {
		a.again(current, sequence)
		return
	}
	if sequence > current.last+1 {
		a.miss(b, current.last+1, sequence-1, budget)
	}
	current.last = sequence
	current.delivered++
	if sequence <= current.history {
		a.counts.History++
	} else {
		a.counts.Delivered++
	}
}

// miss enters a run of sequences that did not come.
func (a *Account) miss(b int, first, last uint64, budget *uint64) {
	missing := last - first + 1
	explained := min(missing, *budget)
	*budget -= explained
	a.counts.Gaps += missing - explained
	current := &a.buckets[b]
	if len(current.holes) >= maxHoles {
		current.holes = slices.Delete(current.holes, 0, 1)
	}
	current.holes = append(current.holes, hole{first, last})
}

// again enters a message behind the place: one that was missing comes late, any other
// comes twice.
func (a *Account) again(current *bucket, sequence uint64) {
	for i, h := range current.holes {
		if sequence < h.first || sequence > h.last {
			continue
		}
		current.holes = slices.Delete(current.holes, i, i+1)
		if sequence > h.first {
			current.holes = append(current.holes, hole{h.first, sequence - 1})
		}
		if sequence < h.last {
			current.holes = append(current.holes, hole{sequence + 1, h.last})
		}
		a.counts.Disorder++
		return
	}
	a.counts.Duplicates++
}

// Counts says how the books stand.
func (a *Account) Counts() Counts {
	counts := a.counts
	for _, b := range a.buckets {
		counts.Unaccounted += distance(b.cursor-b.first, b.delivered+b.dropped)
	}
	return counts
}

// Behind says how many messages of a room's head the viewer has not read yet, and
// whether viewer and head are in the same life of the log.
func (a *Account) Behind(head *ovationv1.Cursor) (uint64, bool) {
	if head.GetEpoch() != a.epoch {
		return 0, false
	}
	var behind uint64
	for b, at := range Sequences(head) {
		behind += at - min(at, a.buckets[b].cursor)
	}
	return behind, true
}

// Sequences is a cursor's places by bucket.
func Sequences(cursor *ovationv1.Cursor) [Buckets]uint64 {
	return [Buckets]uint64{cursor.GetWhitelistSequence(), cursor.GetHighSequence(), cursor.GetLowSequence()}
}

// index is a bucket's index; false for one of a later contract.
func index(bucket ovationv1.Bucket) (int, bool) {
	return int(bucket) - 1, bucket >= 1 && bucket <= Buckets
}

func distance(a, b uint64) uint64 { return max(a, b) - min(a, b) }
