package feed

import (
	"cmp"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// Batch is a run of messages that continues a cursor. For every bucket,
// what the cursor moved over is exactly the messages plus what was dropped.
type Batch struct {
	Messages []*Message // WHITELIST, HIGH, LOW; by timestamp within each
	Cursor   Cursor     // after the messages
	Dropped  [Buckets]uint64
	More     bool // something is left after Cursor
	Resync   bool // the cursor could not be continued: this begins anew
}

// Select returns what a reader at c gets, at most limit messages (at least 1): all
// buckets in order of priority, the oldest of each first. A bucket that the limit
// leaves no room for keeps its place and loses nothing by it until its ring
// overruns. An empty cursor gets the latest FirstPull; one that cannot be continued
// gets the same, marked Resync.
func (rs *Rings) Select(c Cursor, limit int) Batch { return rs.SelectTo(c, rs.Head(), limit) }

// SelectTo is Select for a log that ends at to, a cursor that was its head before.
func (rs *Rings) SelectTo(c, to Cursor, limit int) Batch {
	limit = max(limit, 1)
	if c == (Cursor{}) {
		return rs.latest(to, min(limit, FirstPull))
	}
	next, dropped, ok := rs.locate(c)
	if !ok {
		batch := rs.latest(to, min(limit, FirstPull))
		batch.Resync = true
		return batch
	}
	batch := Batch{Cursor: c}
	for b := range rs.buckets {
		run := run{Bucket(b), next[b], dropped[b], to.At[b]}
		rs.take(run, limit-len(batch.Messages), &batch)
	}
	batch.More = batch.Cursor.Before(to)
	return batch
}

// Continues says whether Select can go on from c, rather than begin anew.
func (rs *Rings) Continues(c Cursor) bool {
	_, _, ok := rs.locate(c)
	return ok
}

// locate finds where a reader at c goes on in every bucket.
func (rs *Rings) locate(c Cursor) (next, dropped [Buckets]uint64, ok bool) {
	if c.Epoch != rs.epoch {
		return next, dropped, false
	}
	for b := range rs.buckets {
		if next[b], dropped[b], ok = rs.buckets[b].Locate(c.At[b]); !ok {
			return next, dropped, false
		}
	}
	return next, dropped, true
}

// run is what a reader may take of one bucket: from sequence next, before which
// dropped entries are gone, to the place to.
type run struct {
	bucket        Bucket
	next, dropped uint64
	to            Place
}

// take moves at most limit entries of a run into the batch. A place that stays where
// it is gets the sequence that belongs to it.
func (rs *Rings) take(r run, limit int, batch *Batch) {
	ring, place := &rs.buckets[r.bucket], &batch.Cursor.At[r.bucket]
	end := min(r.to.Sequence+1, r.next+uint64(limit)) //nolint:gosec // limit is what is left of it, never negative
	for s := r.next; s < end; s++ {
		batch.Messages = append(batch.Messages, ring.at(s))
	}
	switch {
	case end > r.next:
		*place = ring.at(end - 1).Place()
		batch.Dropped[r.bucket] = r.dropped
	case r.next > r.to.Sequence && place.Timestamp < r.to.Timestamp: // all of it is gone
		batch.Dropped[r.bucket] = r.to.Sequence - min(place.Sequence, r.to.Sequence)
		*place = r.to
	case r.dropped == 0:
		place.Sequence = r.next - 1
	}
}

// latest returns the latest n entries over all buckets up to to, and to.
func (rs *Rings) latest(to Cursor, n int) Batch {
	from := rs.newest(to, n)
	batch := Batch{Cursor: to}
	for b := range rs.buckets {
		for s := from[b]; s <= to.At[b].Sequence; s++ {
			batch.Messages = append(batch.Messages, rs.buckets[b].at(s))
		}
	}
	return batch
}

// newest returns, per bucket, the sequence at which the latest n entries over all
// buckets up to to begin.
func (rs *Rings) newest(to Cursor, n int) (from [Buckets]uint64) {
	for b := range rs.buckets {
		from[b] = to.At[b].Sequence + 1
	}
	for range n {
		pick, at := -1, live.Timestamp(0)
		for b := range rs.buckets {
			ring := &rs.buckets[b]
			if from[b] > ring.oldest() && ring.at(from[b]-1).Timestamp > at {
				pick, at = b, ring.at(from[b]-1).Timestamp
			}
		}
		if pick < 0 {
			return from
		}
		from[pick]--
	}
	return from
}

// Between returns at most limit held entries of all buckets with after < timestamp
// < until (0: no bound), in order of timestamp.
func (rs *Rings) Between(after, until live.Timestamp, limit int) []*Message {
	limit = max(limit, 0)
	var out []*Message
	for b := range rs.buckets {
		ring := &rs.buckets[b]
		first := ring.firstAfter(after)
		for s := first; s <= ring.Head().Sequence && s < first+uint64(limit); s++ {
			if until != 0 && ring.at(s).Timestamp >= until {
				break
			}
			out = append(out, ring.at(s))
		}
	}
	slices.SortFunc(out, func(a, b *Message) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	return out[:min(len(out), limit)]
}
