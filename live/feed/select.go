package feed

import (
	"cmp"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// MaxBatchBytes is how much the messages of a batch take at most, by their Size, if it
// is more than one message. Clients of gRPC take no more than 4 MiB at once unless they
// are told to.
const MaxBatchBytes = 1 << 20

// Batch is a run of messages that continues a cursor. For every bucket,
// what the cursor moved over is exactly the messages plus what was dropped.
type Batch struct {
	Messages []*Message // WHITELIST, HIGH, LOW; by timestamp within each
	Cursor   Cursor     // after the messages
	Dropped  [Buckets]uint64
	More     bool // something is left after Cursor
	Resync   bool // the cursor could not be continued: this begins anew
}

// Select returns what a reader at c gets, at most limit messages (at least 1) and
// MaxBatchBytes: all buckets in order of priority, the oldest of each first. A bucket
// that this leaves no room for keeps its place and loses nothing by it until its ring
// overruns. An empty cursor gets the latest FirstPull, or fewer if these take too many
// bytes; one that cannot be continued gets the same, marked Resync. One of a life that
// this one goes on from is continued in this one, where what it had read is kept.
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
	batch := Batch{Cursor: Cursor{Epoch: rs.epoch, At: c.At}}
	var runs [Buckets]run
	waiting := uint64(0)
	for b := range runs {
		runs[b] = run{Bucket(b), next[b], dropped[b], to.At[b]}
		waiting += runs[b].len()
	}
	batch.Messages = slices.Grow(batch.Messages, int(min(waiting, uint64(limit)))) //nolint:gosec // limit is an int
	left := allowance{messages: limit, bytes: MaxBatchBytes}
	for _, run := range runs {
		rs.take(run, &left, &batch)
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
	if c, ok = rs.ancestry.Adopt(c, rs.epoch); !ok {
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

// len returns how many entries the run has.
func (r run) len() uint64 { return max(r.to.Sequence+1, r.next) - r.next }

// allowance is what a batch may take yet.
type allowance struct{ messages, bytes int }

// take says whether the batch may take a message, and counts it. After the first that
// it may not take there is no other; the very first it may, however large.
func (a *allowance) take(m *Message) bool {
	size := m.Size()
	if a.messages == 0 || size > a.bytes && a.bytes < MaxBatchBytes {
		a.messages = 0
		return false
	}
	a.messages--
	a.bytes -= size
	return true
}

// Fit returns how many of the messages, from the first on, go into one batch: at most
// limit (at least 1) and MaxBatchBytes, but always the first.
func Fit(messages []*Message, limit int) int {
	left := allowance{messages: max(limit, 1), bytes: MaxBatchBytes}
	for i, m := range messages {
		if !left.take(m) {
			return i
		}
	}
	return len(messages)
}

// take moves what is allowed of a run into the batch. A place that stays where it is
// gets the sequence that belongs to it, if it is that of an entry.
func (rs *Rings) take(r run, left *allowance, batch *Batch) {
	ring, place := &rs.buckets[r.bucket], &batch.Cursor.At[r.bucket]
	end := r.next
	for ; end <= r.to.Sequence && left.take(ring.at(end)); end++ {
		batch.Messages = append(batch.Messages, ring.at(end))
	}
	switch {
	case end > r.next:
		*place = ring.at(end - 1).Place()
		batch.Dropped[r.bucket] = r.dropped
	case r.next > r.to.Sequence && place.Timestamp < r.to.Timestamp: // all of it is gone
		batch.Dropped[r.bucket] = r.to.Sequence - min(place.Sequence, r.to.Sequence)
		*place = r.to
	case r.dropped == 0 && ring.before(r.next).Timestamp == place.Timestamp:
		*place = ring.before(r.next)
	}
}

// latest returns the latest n entries over all buckets up to to, or as many of them as
// a batch may hold, and to.
func (rs *Rings) latest(to Cursor, n int) Batch {
	from := rs.newest(to, allowance{n, MaxBatchBytes})
	count := uint64(0)
	for b := range from {
		count += to.At[b].Sequence + 1 - from[b]
	}
	batch := Batch{Cursor: to, Messages: slices.Grow([]*Message(nil), int(count))}
	for b := range rs.buckets {
		for s := from[b]; s <= to.At[b].Sequence; s++ {
			batch.Messages = append(batch.Messages, rs.buckets[b].at(s))
		}
	}
	return batch
}

// newest returns, per bucket, the sequence at which the latest entries over all buckets
// up to to begin, as many as are allowed.
func (rs *Rings) newest(to Cursor, left allowance) (from [Buckets]uint64) {
	for b := range rs.buckets {
		from[b] = to.At[b].Sequence + 1
	}
	for {
		var latest *Message
		for b := range rs.buckets {
			ring := &rs.buckets[b]
			if from[b] <= ring.oldest() {
				continue
			}
			if m := ring.at(from[b] - 1); latest == nil || m.Timestamp > latest.Timestamp {
				latest = m
			}
		}
		if latest == nil || !left.take(latest) {
			return from
		}
		from[latest.Bucket]--
	}
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
