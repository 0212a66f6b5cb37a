package feed_test

import (
	"cmp"
	"slices"

	"github.com/ovation-live/ovation/live/feed"
)

// reader pulls, and keeps its books: per bucket, what it was given and what it was
// told is lost since its first cursor.
type reader struct {
	cursor feed.Cursor
	first  feed.Cursor
	got    [feed.Buckets]uint64
	lost   [feed.Buckets]uint64
}

// pull pulls from the log as if it ended at to.
func (r *reader) pull(s *schedule, to feed.Cursor, limit int) feed.Batch {
	s.Helper()
	batch := s.log.Rings().SelectTo(r.cursor, to, limit)
	if batch.Resync {
		s.Fatalf("reader at %+v was told to resynchronise", r.cursor)
	}
	if r.cursor == (feed.Cursor{}) {
		r.begin(s, batch, to, limit)
		return batch
	}
	for b := range feed.Buckets {
		r.account(s, b, batch, to)
	}
	r.checkOrder(s, batch, to, max(limit, 1))
	r.cursor = batch.Cursor
	if batch.More != r.behind(to) {
		s.Fatalf("at %+v of %+v More is %v", r.cursor, to, batch.More)
	}
	return batch
}

// begin takes the first batch: the latest over all buckets.
func (r *reader) begin(s *schedule, batch feed.Batch, to feed.Cursor, limit int) {
	s.Helper()
	held := s.oracle.latest(to)
	slices.Reverse(held)
	want := held[:s.fit(held, min(max(limit, 1), feed.FirstPull))]
	slices.Reverse(want)
	slices.SortStableFunc(want, func(a, b *entry) int { return cmp.Compare(a.bucket, b.bucket) })
	s.sameMessages(batch.Messages, want)
	if batch.Cursor != to || batch.More || batch.Dropped != [feed.Buckets]uint64{} {
		s.Fatalf("first batch %+v, the head is %+v", batch, to)
	}
	*r = reader{cursor: to, first: to}
}

// account checks one bucket of a batch: what the cursor moved over is exactly the
// messages and what was dropped, and only what is gone was dropped.
func (r *reader) account(s *schedule, b int, batch feed.Batch, to feed.Cursor) {
	s.Helper()
	before, after, lost := r.cursor.At[b], batch.Cursor.At[b], batch.Dropped[b]
	got := in(batch, b)
	if after.Sequence != before.Sequence+lost+uint64(len(got)) {
		s.Fatalf("bucket %d went from %+v to %+v over %d messages and %d dropped", b, before, after, len(got), lost)
	}
	if end := before.Sequence + lost; lost > 0 && end != min(s.oracle.evicted(b), to.At[b].Sequence) {
		s.Fatalf("bucket %d dropped up to %d, but only %d are gone", b, end, s.oracle.evicted(b))
	}
	held := s.oracle.after(b, before.Sequence, to.At[b].Sequence)
	s.sameMessages(got, held[:min(len(held), len(got))])
	if after.Sequence > 0 && s.oracle.entries[b][after.Sequence-1].at != after {
		s.Fatalf("bucket %d: cursor at %+v, where nothing is", b, after)
	}
	r.got[b] += uint64(len(got))
	r.lost[b] += lost
}

// fit returns how many of entries go into a batch of at most limit.
func (s *schedule) fit(entries []*entry, limit int) int {
	size := 0
	for i, e := range entries[:min(len(entries), limit)] {
		size += s.log.Rings().Find(e.at.Timestamp).Size()
		if i > 0 && size > feed.MaxBatchBytes {
			return i
		}
	}
	return min(len(entries), limit)
}

// checkOrder checks a batch as a whole: no more than fits, no bucket served
// while a more important one waits, none left waiting while there is room.
func (r *reader) checkOrder(s *schedule, batch feed.Batch, to feed.Cursor, limit int) {
	s.Helper()
	var want []*entry
	for b := range feed.Buckets {
		want = append(want, s.oracle.after(b, r.cursor.At[b].Sequence, to.At[b].Sequence)...)
	}
	s.sameMessages(batch.Messages, want[:s.fit(want, limit)])
}

// behind says whether the reader lacks something that one at to has.
func (r *reader) behind(to feed.Cursor) bool {
	for b := range feed.Buckets {
		if r.cursor.At[b].Sequence < to.At[b].Sequence {
			return true
		}
	}
	return false
}

// catchUp pulls until nothing is left and closes the books.
func (r *reader) catchUp(s *schedule) {
	s.Helper()
	for r.pull(s, s.log.Rings().Head(), 1+s.pick("limit", 9)).More {
		continue
	}
	if r.cursor != s.log.Rings().Head() {
		s.Fatalf("caught up at %+v, the head is %+v", r.cursor, s.log.Rings().Head())
	}
	for b := range feed.Buckets {
		appended := uint64(len(s.oracle.entries[b])) - r.first.At[b].Sequence
		if r.got[b]+r.lost[b] != appended {
			s.Fatalf("bucket %d: %d delivered and %d dropped of %d", b, r.got[b], r.lost[b], appended)
		}
	}
}

// in returns the messages of one bucket.
func in(batch feed.Batch, b int) []*feed.Message {
	var out []*feed.Message
	for _, m := range batch.Messages {
		if int(m.Bucket) == b {
			out = append(out, m)
		}
	}
	return out
}
