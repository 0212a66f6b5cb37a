package feed_test

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// oracle is the log as anyone would write it who had all the memory and time in the
// world: every entry that ever was, and how many of each bucket are held.
type oracle struct {
	entries [feed.Buckets][]*entry
	held    [feed.Buckets]int
	texts   int
}

// entry is one entry that was placed.
type entry struct {
	at       feed.Place
	bucket   feed.Bucket
	text     string
	recalls  live.Timestamp
	recalled bool
}

// nextText returns a text that no entry has had.
func (o *oracle) nextText() string {
	o.texts++
	return fmt.Sprintf("m%d", o.texts)
}

// place takes a new entry under a capacity that holds from now on, and returns the
// sequence that is due to it.
func (o *oracle) place(m *feed.Message, capacity int) uint64 {
	o.entries[m.Bucket] = append(o.entries[m.Bucket], &entry{
		at: m.Place(), bucket: m.Bucket, text: m.Text, recalls: m.Recalls,
	})
	o.held[m.Bucket]++
	for b := range o.held {
		o.held[b] = min(o.held[b], capacity)
	}
	return uint64(len(o.entries[m.Bucket]))
}

// evicted returns the sequence of the latest entry of a bucket that is gone.
func (o *oracle) evicted(b int) uint64 { return uint64(len(o.entries[b]) - o.held[b]) }

// all returns the held entries that keep says, in order of timestamp.
func (o *oracle) all(keep func(*entry) bool) []*entry {
	var out []*entry
	for b := range o.entries {
		for _, e := range o.entries[b][o.evicted(b):] {
			if keep(e) {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b *entry) int { return cmp.Compare(a.at.Timestamp, b.at.Timestamp) })
	return out
}

// find returns the held entry at t.
func (o *oracle) find(t live.Timestamp) *entry {
	for _, e := range o.all(func(e *entry) bool { return e.at.Timestamp == t }) {
		return e
	}
	return nil
}

// between is Between.
func (o *oracle) between(after, until live.Timestamp, limit int) []*entry {
	out := o.all(func(e *entry) bool {
		return e.at.Timestamp > after && (until == 0 || e.at.Timestamp < until)
	})
	return out[:min(len(out), max(limit, 0))]
}

// latest returns the held entries up to to, in order of timestamp.
func (o *oracle) latest(to feed.Cursor) []*entry {
	return o.all(func(e *entry) bool { return e.at.Sequence <= to.At[e.bucket].Sequence })
}

// after returns the entries of a bucket that stand after one sequence, up to another.
func (o *oracle) after(b int, from, to uint64) []*entry {
	from = max(from, o.evicted(b))
	return o.entries[b][from:max(from, to)]
}

// same says whether a message is this entry as it stands now.
func (e *entry) same(m *feed.Message) bool {
	text := e.text
	if e.recalled {
		text = ""
	}
	return m != nil && m.Place() == e.at && m.Bucket == e.bucket && m.Text == text &&
		m.Recalls == e.recalls && m.Recalled == e.recalled
}

// sameMessages fails unless messages are these entries, in this order.
func (s *schedule) sameMessages(got []*feed.Message, want []*entry) {
	s.Helper()
	if len(got) != len(want) {
		s.Fatalf("got %d messages, want %d", len(got), len(want))
	}
	for i, e := range want {
		if !e.same(got[i]) {
			s.Fatalf("message %d is %+v, want %+v", i, got[i], e)
		}
	}
}
