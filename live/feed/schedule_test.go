package feed_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// reporter is what a schedule fails with: of a test, a fuzz target or a property.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// schedule drives a log, its oracle and three readers through operations. Every
// choice comes from pick (one of n, labelled), so a property and a fuzz target can
// drive the same one.
type schedule struct {
	reporter
	pick func(label string, n int) int

	heavy   bool // some messages are so large that few go into a batch
	limits  feed.Limits
	clock   live.Clock
	wall    live.Timestamp
	log     *feed.Log
	oracle  oracle
	heads   []feed.Cursor // that the log has had
	placed  func(m *feed.Message)
	readers [3]reader
}

// epoch is that of every log under test.
const epoch live.Epoch = "first"

// plenty is a rate that nothing reaches.
const plenty = 1 << 20

func newSchedule(r reporter, capacity int, pick func(label string, n int) int) *schedule {
	s := &schedule{
		reporter: r, pick: pick,
		limits: feed.Limits{Rate: plenty, WhitelistRate: plenty, Capacity: capacity},
		wall:   1_000_000,
		log:    feed.NewLog(epoch, capacity),
		placed: func(*feed.Message) {},
	}
	s.heads = append(s.heads, s.log.Rings().Head())
	return s
}

// operations are the steps of a schedule. Their order is part of the fuzz corpus.
var operations = []struct {
	name string
	run  func(*schedule)
}{
	{"append", (*schedule).append},
	{"append more", (*schedule).append},
	{"burst", (*schedule).burst},
	{"pull", (*schedule).pull},
	{"pull to", (*schedule).pullTo},
	{"recall", (*schedule).recall},
	{"resize", (*schedule).resize},
	{"rejoin", (*schedule).rejoin},
	{"between", (*schedule).between},
}

// step runs one operation.
func (s *schedule) step() { operations[s.pick("operation", len(operations))].run(s) }

// finish lets every reader catch up and closes the books.
func (s *schedule) finish() {
	for i := range s.readers {
		s.readers[i].catchUp(s)
	}
}

// tick moves the wall clock: it may stand still, and may go back.
func (s *schedule) tick() live.Timestamp {
	steps := []time.Duration{0, time.Microsecond, 137 * time.Microsecond, time.Second, -time.Microsecond, -5 * time.Second}
	s.wall = s.wall.Add(steps[s.pick("tick", len(steps))])
	return s.wall
}

// append places one message.
func (s *schedule) append() {
	s.Helper()
	b := feed.Bucket(s.pick("bucket", feed.Buckets))
	content := feed.Content{Kind: feed.KindText, Sender: "ann", Text: s.oracle.nextText()}
	if s.heavy {
		content.Payload = ballast[:weights[s.pick("weight", len(weights))]]
	}
	last := s.clock.Last()
	receipt, m := s.log.Append(&s.clock, s.tick(), feed.Draft{Content: content, Bucket: b}, s.limits)
	if receipt.Outcome != feed.Accepted || m == nil || receipt.Place != m.Place() || receipt.Epoch != epoch {
		s.Fatalf("append: receipt %+v of %+v", receipt, m)
	}
	if m.Timestamp <= last || m.Timestamp != s.clock.Last() {
		s.Fatalf("append: timestamp %d after %d, the clock says %d", m.Timestamp, last, s.clock.Last())
	}
	s.place(m)
}

// weights are of payloads that make a batch full, alone or a few together.
var (
	weights = []int{0, 0, 0, 1 << 10, feed.MaxBatchBytes / 4, feed.MaxBatchBytes / 2, feed.MaxBatchBytes - 200, feed.MaxBatchBytes}
	ballast = make([]byte, feed.MaxBatchBytes)
)

// burst places enough to overrun the rings.
func (s *schedule) burst() {
	for range 1 + s.pick("burst", 9) {
		s.append()
	}
}

// place tells the oracle of a new entry.
func (s *schedule) place(m *feed.Message) {
	s.Helper()
	if want := s.oracle.place(m, s.limits.Capacity); m.Sequence != want {
		s.Fatalf("%v entry has sequence %d, want %d", m.Bucket, m.Sequence, want)
	}
	s.heads = append(s.heads, s.log.Rings().Head())
	s.placed(m)
}

// recall recalls some entry, or one that never was.
func (s *schedule) recall() {
	s.Helper()
	t := s.someTimestamp()
	e := s.oracle.find(t)
	receipt, m, err := s.log.Recall(&s.clock, s.tick(), byStaff(t), s.limits)
	switch {
	case e == nil:
		if !errors.Is(err, feed.ErrNoMessage) || m != nil {
			s.Fatalf("recall of nothing at %d: %+v, %v", t, m, err)
		}
	case err != nil:
		s.Fatalf("recall of %d: %v", t, err)
	case e.recalled:
		if m != nil || !receipt.Duplicate {
			s.Fatalf("a second recall of %d: %+v, %+v", t, receipt, m)
		}
	default:
		if m == nil || m.Bucket != feed.Whitelist || m.Kind != feed.KindSystem || m.Recalls != t || m.Sender != "mod" || receipt.Place != m.Place() {
			s.Fatalf("recall of %d: %+v, %+v", t, receipt, m)
		}
		e.recalled = true
		s.place(m)
	}
}

// someTimestamp picks the timestamp of an entry, held or not, or one next to it.
func (s *schedule) someTimestamp() live.Timestamp {
	b := s.pick("bucket", feed.Buckets)
	if len(s.oracle.entries[b]) == 0 {
		return live.Timestamp(s.pick("timestamp", 3))
	}
	back := min(1+s.pick("back", 12), len(s.oracle.entries[b]))
	t := s.oracle.entries[b][len(s.oracle.entries[b])-back].at.Timestamp
	return t + live.Timestamp(max(s.pick("beside", 8)-6, -1)) // mostly -1, at most +1
}

// resize changes the capacity from the next entry on.
func (s *schedule) resize() { s.limits.Capacity = 1 + s.pick("capacity", 9) }

// between compares a range with the oracle's.
func (s *schedule) between() {
	s.Helper()
	after, until, limit := s.someTimestamp(), s.someTimestamp(), s.pick("limit", 12)-1
	if s.pick("open end", 3) == 0 {
		until = 0
	}
	want := s.oracle.between(after, until, limit)
	s.sameMessages(s.log.Rings().Between(after, until, limit), want)
}

func (s *schedule) reader() *reader { return &s.readers[s.pick("reader", len(s.readers))] }
func (s *schedule) limit() int      { return s.pick("limit", 9) }
func (s *schedule) pull()           { s.reader().pull(s, s.log.Rings().Head(), s.limit()) }
func (s *schedule) rejoin()         { r := s.reader(); r.catchUp(s); *r = reader{} }
func (s *schedule) pullTo() {
	back := min(1+s.pick("back", 6), len(s.heads))
	s.reader().pull(s, s.heads[len(s.heads)-back], s.limit())
}

func TestEveryScheduleIsAccountedFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		s := newSchedule(t, 1+pick("capacity", 6), pick)
		s.heavy = rapid.Bool().Draw(t, "heavy")
		for range pick("steps", 60) {
			s.step()
		}
		s.finish()
	})
}
