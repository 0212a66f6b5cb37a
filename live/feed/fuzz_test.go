package feed_test

import (
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// FuzzSchedule drives a schedule with one byte per choice.
func FuzzSchedule(f *testing.F) {
	f.Fuzz(func(t *testing.T, choices []byte) {
		choices = choices[:min(len(choices), 500)]
		pick := func(_ string, n int) int {
			if len(choices) == 0 {
				return n - 1
			}
			c := int(choices[0]) % n
			choices = choices[1:]
			return c
		}
		s := newSchedule(t, 1+pick("capacity", 6), pick)
		for len(choices) > 0 {
			s.step()
		}
		s.finish()
	})
}

// FuzzSelect selects from an arbitrary log at an arbitrary cursor. Every byte of log
// is one entry: its bucket, and how long after the one before it comes.
func FuzzSelect(f *testing.F) {
	f.Fuzz(func(t *testing.T, log []byte, capacity byte, limit int, foreign bool,
		at0, at1, at2 int64, sequence0, sequence1, sequence2 uint64,
	) {
		c := feed.Cursor{Epoch: epoch, At: [feed.Buckets]feed.Place{
			{Timestamp: live.Timestamp(at0), Sequence: sequence0},
			{Timestamp: live.Timestamp(at1), Sequence: sequence1},
			{Timestamp: live.Timestamp(at2), Sequence: sequence2},
		}}
		if foreign {
			c.Epoch = "another"
		}
		rings := ringsOf(log[:min(len(log), 200)], int(capacity)%16)
		checkSelect(t, rings, c, limit)
	})
}

// ringsOf builds rings of entries coded as bytes.
func ringsOf(entries []byte, capacity int) *feed.Rings {
	log, clock, now := feed.NewLog(epoch, capacity), new(live.Clock), live.Timestamp(0)
	for _, e := range entries {
		now += live.Timestamp(e / feed.Buckets)
		log.Append(clock, now, draft(feed.Bucket(e%feed.Buckets), "x"), generous(capacity))
	}
	return log.Rings()
}

// checkSelect checks what holds wherever a reader says they are: they get whole runs
// of what is held, in order, within the limit, and reach the head from there.
func checkSelect(t *testing.T, rings *feed.Rings, c feed.Cursor, limit int) {
	t.Helper()
	batch := rings.Select(c, limit)
	if batch.Resync == rings.Continues(c) {
		t.Fatalf("resync %v at a cursor that continues %v", batch.Resync, !batch.Resync)
	}
	if batch.Resync && (batch.Cursor != rings.Head() || batch.More) {
		t.Fatalf("anew at %+v", batch.Cursor)
	}
	for pulls := 0; ; pulls++ {
		checkBatch(t, rings, batch, max(limit, 1))
		if !batch.More {
			break
		}
		next := rings.Select(batch.Cursor, limit)
		if next.Resync || len(next.Messages) == 0 || pulls > 1000 {
			t.Fatalf("pull %d from %+v, where the last one ended: %s", pulls, batch.Cursor, show(next))
		}
		checkContinues(t, batch, next)
		batch = next
	}
	if batch.Cursor.Before(rings.Head()) {
		t.Fatalf("no more at %+v of %+v", batch.Cursor, rings.Head())
	}
}

// checkBatch checks one batch by itself.
func checkBatch(t *testing.T, rings *feed.Rings, batch feed.Batch, limit int) {
	t.Helper()
	if len(batch.Messages) > limit {
		t.Fatalf("%d messages, the limit is %d", len(batch.Messages), limit)
	}
	size := 0
	for i, m := range batch.Messages {
		if size += m.Size(); i > 0 && size > feed.MaxBatchBytes {
			t.Fatalf("%d messages take %d bytes and more", i+1, size)
		}
		if rings.Find(m.Timestamp) != m {
			t.Fatalf("%+v is not held", m)
		}
		if i == 0 || batch.Messages[i-1].Bucket < m.Bucket {
			continue
		}
		if before := batch.Messages[i-1]; before.Bucket > m.Bucket || before.Sequence+1 != m.Sequence || before.Timestamp >= m.Timestamp {
			t.Fatalf("%+v after %+v", m, before)
		}
	}
	for b := range feed.Buckets {
		if got := in(batch, b); len(got) > 0 && got[len(got)-1].Place() != batch.Cursor.At[b] {
			t.Fatalf("bucket %d ends at %+v, the cursor is at %+v", b, got[len(got)-1].Place(), batch.Cursor.At[b])
		}
	}
}

// checkContinues checks that one batch takes up every bucket where the other left it:
// of a log that stands still, nothing is dropped but before the first of a bucket.
func checkContinues(t *testing.T, batch, next feed.Batch) {
	t.Helper()
	for b := range feed.Buckets {
		before, after := in(batch, b), in(next, b)
		if len(before) == 0 || len(after) == 0 {
			continue
		}
		if next.Dropped[b] != 0 || after[0].Sequence != before[len(before)-1].Sequence+1 {
			t.Fatalf("bucket %d goes from %+v to %+v with %d dropped", b, before[len(before)-1], after[0], next.Dropped[b])
		}
	}
}
