package feed_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

func TestAncestryAdopts(t *testing.T) {
	t.Parallel()
	var ancestry feed.Ancestry
	for i, epoch := range []live.Epoch{"a", "b", "c", "d", "e"} {
		ended := at(live.Timestamp(100*(i+1)), uint64(i+1))
		ended.Epoch = epoch
		ancestry = ancestry.Followed(ended)
	}
	of := func(epoch live.Epoch, t live.Timestamp, sequence uint64) feed.Cursor {
		return feed.Cursor{Epoch: epoch, At: at(t, sequence).At}
	}
	for _, tt := range []struct {
		name   string
		cursor feed.Cursor
		ok     bool
	}{
		{"of this life", of("f", 900, 9), true},
		{"at the end of the life before", of("e", 500, 5), true},
		{"in it", of("e", 450, 4), true},
		{"at its beginning", of("e", 0, 0), true},
		{"its sequence lost", of("e", 500, 0), true},
		{"beyond it", of("e", 501, 6), false},
		{"beyond it by sequence", of("e", 500, 6), false},
		{"beyond it by time", of("e", 501, 5), false},
		{"at the end of the oldest that is known", of("b", 200, 2), true},
		{"in the present, of the oldest", of("b", 300, 3), false},
		{"of a life that is forgotten", of("a", 100, 1), false},
		{"of another", of("x", 100, 1), false},
		{"of none", of("", 0, 0), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := ancestry.Adopt(tt.cursor, "f")
			if ok != tt.ok || ok && got != of("f", tt.cursor.At[feed.Low].Timestamp, tt.cursor.At[feed.Low].Sequence) {
				t.Errorf("%+v, %v", got, ok)
			}
		})
	}
	shrunk := ancestry.Followed(of("f", 250, 2))
	if _, ok := shrunk.Adopt(of("e", 300, 3), "g"); ok {
		t.Error("a life adopts a reader of what the one before it has lost")
	}
	if _, ok := (feed.Ancestry{}).Adopt(of("", 0, 0), "f"); ok {
		t.Error("a life that began with nothing adopts a reader of none")
	}
}

// A reader who goes on in another life is told where they are in it, even if nothing
// is new.
func TestSelectGoesOnInAnotherLife(t *testing.T) {
	t.Parallel()
	log, clock, _ := fill(t, 3, feed.Low, feed.High, feed.Low)
	before := log.Rings().Head()
	log.Relive("second")
	head := log.Rings().Head()
	batch := log.Rings().Select(before, 10)
	if batch.Resync || batch.Cursor != head || head.Epoch != "second" || head.At != before.At || len(batch.Messages) > 0 {
		t.Fatalf("%s", show(batch))
	}
	for i := range 5 {
		log.Append(clock, live.Timestamp(1000+i), draft(feed.Low, "after"), generous(3))
	}
	batch = log.Rings().Select(before, 10)
	if batch.Resync || batch.Dropped != [feed.Buckets]uint64{feed.Low: 2} || len(batch.Messages) != 3 {
		t.Errorf("%s", show(batch))
	}
	replica := feed.NewRings(3, feed.Cursor{Epoch: "second"})
	replica.Descend(log.Rings().Ancestry())
	if !replica.Fill(log.Rings().Select(feed.Cursor{Epoch: "second"}, 10)) {
		t.Fatal("a replica of the second life does not take what is read of it")
	}
	if got := replica.Select(before, 10); show(got) != show(batch) {
		t.Errorf("the log gives %s\na replica %s", show(batch), show(got))
	}
	if old := feed.NewRings(3, before); old.Fill(batch) {
		t.Error("a replica of the first life takes what is read of the second")
	}
}

// lives is a log that may lose its latest entries and go on, and its readers.
type lives struct {
	*rapid.T
	capacity int
	wall     live.Timestamp
	log      *feed.Log
	clock    *live.Clock
	done     []func(*lives) // how the log got to where it is
	past     [][]func(*lives)
	line     []live.Epoch // the lives that it is made of
	entries  [feed.Buckets][]string
	readers  []*survivor
	count    int
}

// survivor reads through the lives of a log. Of each bucket it knows everything that
// it was given since it last began, by sequence.
type survivor struct {
	cursor feed.Cursor
	known  [feed.Buckets]map[uint64]string
}

// rebuild has the log do again what it did, from the beginning.
func (l *lives) rebuild(done []func(*lives)) {
	l.log, l.clock = feed.NewLog(epoch, l.capacity), new(live.Clock)
	l.done, l.line, l.entries = nil, []live.Epoch{epoch}, [feed.Buckets][]string{}
	for _, do := range done {
		l.do(do)
	}
}

func (l *lives) do(do func(*lives)) {
	do(l)
	l.done = append(l.done, do)
}

// append appends an entry unlike any other, maybe at the instant of one that is lost.
func (l *lives) append() {
	l.count++
	text, bucket := fmt.Sprint("m", l.count), feed.Bucket(rapid.IntRange(0, feed.Buckets-1).Draw(l.T, "bucket"))
	l.wall += live.Timestamp(rapid.IntRange(-2, 2).Draw(l.T, "tick"))
	wall := l.wall
	l.do(func(l *lives) {
		l.log.Append(l.clock, wall, draft(bucket, text), generous(l.capacity))
		l.entries[bucket] = append(l.entries[bucket], text)
	})
}

// relive begins another life.
func (l *lives) relive() {
	l.count++
	next := live.Epoch(fmt.Sprint("life ", l.count))
	l.do(func(l *lives) {
		l.log.Relive(next)
		l.line = append(l.line, next)
	})
}

// fail loses the latest entries, whole lives with them, or brings back some earlier
// state, maybe one that was given up for another; a new life begins.
func (l *lives) fail() {
	l.past = append(l.past, l.done)
	from := l.past[rapid.IntRange(0, len(l.past)-1).Draw(l.T, "past")]
	l.rebuild(slices.Clone(from[:max(0, len(from)-rapid.IntRange(0, 8).Draw(l.T, "lost"))]))
	l.relive()
}

func (l *lives) pull() {
	r := l.readers[rapid.IntRange(0, len(l.readers)-1).Draw(l.T, "reader")]
	r.pull(l, rapid.IntRange(1, 5).Draw(l.T, "limit"))
}

// pull pulls, and checks that the reader goes on exactly if they can.
func (r *survivor) pull(l *lives, limit int) (more bool) {
	before, batch := r.cursor, l.log.Rings().Select(r.cursor, limit)
	first := before == feed.Cursor{}
	if want := !first && !r.mayGoOn(l); batch.Resync != want {
		l.Fatalf("resync %v at %+v of %v, the log of %v", batch.Resync, before, r.known, l.entries)
	}
	r.cursor = batch.Cursor
	if first || batch.Resync {
		r.known = [feed.Buckets]map[uint64]string{{}, {}, {}}
	}
	for b := range feed.Buckets {
		got := in(batch, b)
		if moved := batch.Cursor.At[b].Sequence - before.At[b].Sequence; !first && !batch.Resync && moved != uint64(len(got))+batch.Dropped[b] {
			l.Fatalf("bucket %d moved from %+v by %s", b, before.At[b], show(batch))
		}
		for _, m := range got {
			if _, twice := r.known[b][m.Sequence]; twice {
				l.Fatalf("%+v comes twice", m)
			}
			r.known[b][m.Sequence] = m.Text
		}
	}
	if batch.Cursor.Epoch != l.line[len(l.line)-1] {
		l.Fatalf("a batch of %q in %v", batch.Cursor.Epoch, l.line)
	}
	r.check(l)
	return batch.More
}

// mayGoOn says whether the log still holds, or held, all that the reader has read, and
// knows the life that they read it in.
func (r *survivor) mayGoOn(l *lives) bool {
	known := l.line[max(0, len(l.line)-1-feed.Ancestors):]
	if !slices.Contains(known, r.cursor.Epoch) {
		return false
	}
	for b, p := range r.cursor.At {
		if p.Sequence > uint64(len(l.entries[b])) {
			return false
		}
	}
	return r.agrees(l)
}

// agrees says whether what the reader knows is what the log says.
func (r *survivor) agrees(l *lives) bool {
	for b := range r.known {
		for sequence, text := range r.known[b] {
			if sequence > uint64(len(l.entries[b])) || l.entries[b][sequence-1] != text {
				return false
			}
		}
	}
	return true
}

func (r *survivor) check(l *lives) {
	if !r.agrees(l) {
		l.Fatalf("at %+v the reader knows %v, the log is %v", r.cursor, r.known, l.entries)
	}
}

// However a log loses its latest entries, each reader goes on exactly or begins anew:
// none misses what it is not told of, none has what the log has not, none gets
// anything twice.
func TestReadersSurviveTheLivesOfALog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := &lives{T: t, capacity: rapid.IntRange(1, 8).Draw(t, "capacity"), wall: 1_000_000}
		l.rebuild(nil)
		for range 3 {
			l.readers = append(l.readers, new(survivor))
		}
		steps := []func(){l.append, l.append, l.append, l.append, l.pull, l.pull, l.pull, l.fail, l.relive}
		for range rapid.IntRange(0, 80).Draw(t, "steps") {
			steps[rapid.IntRange(0, len(steps)-1).Draw(t, "step")]()
		}
		for _, r := range l.readers {
			for r.pull(l, 5) {
				continue
			}
			if r.cursor != l.log.Rings().Head() {
				t.Fatalf("a reader ends at %+v, the log at %+v", r.cursor, l.log.Rings().Head())
			}
		}
	})
}
