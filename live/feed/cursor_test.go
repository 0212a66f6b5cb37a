package feed_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// overrun returns rings that hold the last three of nine LOW entries, at 100, 200 ...
func overrun(t *testing.T) *feed.Rings {
	t.Helper()
	buckets := make([]feed.Bucket, 9)
	for i := range buckets {
		buckets[i] = feed.Low
	}
	log, _, _ := fill(t, 3, buckets...)
	return log.Rings()
}

// at returns a cursor that stands in LOW alone.
func at(t live.Timestamp, sequence uint64) feed.Cursor {
	c := feed.Cursor{Epoch: epoch}
	c.At[feed.Low] = feed.Place{Timestamp: t, Sequence: sequence}
	return c
}

func TestSelectFromAnyPlace(t *testing.T) {
	t.Parallel()
	const resync = true
	for _, tt := range []struct {
		name    string
		cursor  feed.Cursor
		got     int
		dropped uint64
		resync  bool
	}{
		{"nothing read yet", feed.Cursor{}, 3, 0, false},
		{"before the first entry", at(0, 0), 3, 6, false},
		{"after the first", at(100, 1), 3, 5, false},
		{"after the last that is gone", at(600, 6), 3, 0, false},
		{"after one that is held", at(700, 7), 2, 0, false},
		{"at the head", at(900, 9), 0, 0, false},
		{"held, sequence lost", at(700, 0), 2, 0, false},
		{"at the edge, sequence lost", at(600, 0), 3, 0, false},
		{"gone, sequence lost", at(500, 0), 3, 0, resync},
		{"at the edge, sequence forged", at(600, 5), 3, 0, resync},
		{"held, sequence forged", at(700, 3), 3, 0, resync},
		{"held, sequence far too high", at(700, math.MaxUint64), 3, 0, resync},
		{"gone, sequence too high", at(500, 7), 3, 0, resync},
		{"gone, sequence far too high", at(500, math.MaxUint64), 3, 0, resync},
		{"between two that are held", at(750, 7), 3, 0, resync},
		{"between two that are held, sequence lost", at(750, 0), 2, 0, false},
		{"at the head, sequence forged", at(900, 8), 3, 0, resync},
		{"in the future", at(901, 9), 3, 0, resync},
		{"in the far future", at(math.MaxInt64, math.MaxUint64), 3, 0, resync},
		{"a sequence without a time", at(0, 5), 3, 0, resync},
		{"before all time", at(math.MinInt64, 0), 3, 6, false},
		{"another epoch", feed.Cursor{Epoch: "another", At: at(700, 7).At}, 3, 0, resync},
		{"no epoch", feed.Cursor{At: at(700, 7).At}, 3, 0, resync},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rings := overrun(t)
			batch := rings.Select(tt.cursor, 10)
			if len(batch.Messages) != tt.got || batch.Dropped[feed.Low] != tt.dropped || batch.Resync != tt.resync {
				t.Errorf("%s", show(batch))
			}
			if batch.Cursor != rings.Head() || batch.More {
				t.Errorf("ends at %+v, more %v", batch.Cursor, batch.More)
			}
			if tt.cursor != (feed.Cursor{}) && rings.Continues(tt.cursor) == tt.resync {
				t.Errorf("Continues is %v", !tt.resync)
			}
		})
	}
}

// A reader whose sequence is lost gets it back as long as the ring knows.
func TestSelectGivesSequencesBack(t *testing.T) {
	t.Parallel()
	rings := overrun(t)
	if batch := rings.Select(at(900, 0), 10); batch.Cursor != rings.Head() || batch.Resync || len(batch.Messages) > 0 {
		t.Errorf("%s", show(batch))
	}
}

// A log that went on since is read as it was, and what is gone of it is counted.
func TestSelectToAnEarlierHead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		from, to feed.Cursor
		got      int
		dropped  uint64
		end      feed.Cursor
	}{
		{"all held", at(700, 7), at(800, 8), 1, 0, at(800, 8)},
		{"part gone", at(200, 2), at(800, 8), 2, 4, at(800, 8)},
		{"all gone", at(200, 2), at(500, 5), 0, 3, at(500, 5)},
		{"ahead of it", at(700, 7), at(600, 6), 0, 0, at(700, 7)},
		{"far ahead of it", at(400, 4), at(200, 2), 0, 0, at(400, 4)},
		{"all gone, sequence forged", at(200, 6), at(500, 5), 0, 0, at(500, 5)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			batch := overrun(t).SelectTo(tt.from, tt.to, 10)
			if len(batch.Messages) != tt.got || batch.Dropped[feed.Low] != tt.dropped || batch.Cursor != tt.end || batch.More {
				t.Errorf("%s", show(batch))
			}
		})
	}
}

func TestTailReadsAllThatIsHeld(t *testing.T) {
	t.Parallel()
	rings := overrun(t)
	if batch := rings.Select(rings.Tail(), 10); len(batch.Messages) != 3 || batch.Dropped != [feed.Buckets]uint64{} {
		t.Errorf("%s", show(batch))
	}
}

func TestFirstPullIsTheLatestOverAllBuckets(t *testing.T) {
	t.Parallel()
	buckets := make([]feed.Bucket, 100)
	for i := range buckets {
		buckets[i] = feed.Bucket(i % feed.Buckets)
	}
	log, _, sent := fill(t, 100, buckets...)
	batch := log.Rings().Select(feed.Cursor{}, 1000)
	if len(batch.Messages) != feed.FirstPull {
		t.Fatalf("%d messages", len(batch.Messages))
	}
	for _, m := range batch.Messages {
		if m.Timestamp <= sent[49].Timestamp {
			t.Errorf("message at %d is not of the latest", m.Timestamp)
		}
	}
}

// A batch is full by bytes too, and the reader is told that there is more.
func TestBatchIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	log, clock := feed.NewLog(epoch, 1000), new(live.Clock)
	d := draft(feed.Low, strings.Repeat("\u4e16", 13_000))
	d.Payload = make([]byte, 4<<10)
	for range 1000 {
		log.Append(clock, 0, d, generous(1000))
	}
	cursor, got := feed.Cursor{Epoch: epoch}, 0
	for more := true; more; {
		batch := log.Rings().Select(cursor, 1000)
		checkBatch(t, log.Rings(), batch, 1000)
		got, cursor, more = got+len(batch.Messages), batch.Cursor, batch.More
		if size := batch.Messages[0].Size() * (len(batch.Messages) + 1); more && size <= feed.MaxBatchBytes {
			t.Fatalf("only %d messages, there is more and room for it", len(batch.Messages))
		}
	}
	if got != 1000 || cursor != log.Rings().Head() {
		t.Errorf("%d messages up to %+v", got, cursor)
	}
	first := log.Rings().Select(feed.Cursor{}, 1000)
	checkBatch(t, log.Rings(), first, feed.FirstPull)
	if n := len(first.Messages); first.More || first.Cursor != log.Rings().Head() || first.Messages[n-1].Sequence != 1000 {
		t.Errorf("the first batch: %d messages up to %+v, more %v", n, first.Cursor, first.More)
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	const most = feed.MaxBatchBytes
	for _, tt := range []struct {
		name  string
		sizes []int
		limit int
		want  int
	}{
		{"none", nil, 5, 0},
		{"fewer than the limit", []int{200, 200}, 5, 2},
		{"more than the limit", []int{200, 200, 200}, 2, 2},
		{"no limit to speak of", []int{200, 200}, 0, 1},
		{"just full", []int{most / 2, most / 2, 200}, 5, 2},
		{"a byte too many", []int{most / 2, most/2 + 1}, 5, 1},
		{"none after what does not fit", []int{most - 200, 300, 100}, 5, 1},
		{"a large first goes alone", []int{2 * most, 200}, 5, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var messages []*feed.Message
			for _, size := range tt.sizes {
				m := new(feed.Message)
				m.Payload = make([]byte, size-m.Size())
				messages = append(messages, m)
			}
			if got := feed.Fit(messages, tt.limit); got != tt.want {
				t.Errorf("%d of %d, want %d", got, len(messages), tt.want)
			}
		})
	}
}

func TestCursorBefore(t *testing.T) {
	t.Parallel()
	head := at(900, 9)
	for _, tt := range []struct {
		cursor feed.Cursor
		want   bool
	}{{at(800, 8), true}, {at(900, 9), false}, {at(900, 0), false}, {at(901, 9), false}} {
		if got := tt.cursor.Before(head); got != tt.want {
			t.Errorf("%+v before the head: %v", tt.cursor, got)
		}
	}
}
