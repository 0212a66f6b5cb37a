package feed_test

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// replica follows a log over a wire that loses, repeats and reorders.
type replica struct {
	*schedule
	rings  *feed.Rings
	wire   []*feed.Message // published; nothing leaves it, so anything may come twice
	behind bool            // there is a gap to mend
}

func newReplica(s *schedule) *replica {
	r := &replica{schedule: s}
	r.begin()
	s.placed = func(m *feed.Message) { r.wire = append(r.wire, m) }
	return r
}

// begin begins anew with nothing.
func (r *replica) begin() { r.rings = feed.NewRings(r.limits.Capacity, feed.Cursor{Epoch: epoch}) }

// hear hears one of the latest publications, or for the second time, or late.
func (r *replica) hear() {
	if len(r.wire) == 0 {
		return
	}
	back := min(1+r.pick("back", 6), len(r.wire))
	if r.rings.Apply(r.wire[len(r.wire)-back]) == feed.Gap {
		r.behind = true
	}
}

// mend reads a little more of the log if there is a gap.
func (r *replica) mend() {
	if r.behind {
		r.behind = r.read(1 + r.pick("limit", 6))
	}
}

// read reads once from the head on and says whether more is left.
func (r *replica) read(limit int) bool {
	batch := r.log.Rings().Select(r.rings.Head(), limit)
	if !r.rings.Fill(batch) {
		r.begin()
		return true
	}
	return batch.More
}

func (r *replica) step() {
	switch r.pick("operation", 8) {
	case 0, 1:
		r.append()
	case 2:
		r.burst()
	case 3:
		r.recall()
	case 4, 5, 6:
		r.hear()
	default:
		r.mend()
	}
}

// cursors returns every place that could have been handed out.
func (r *replica) cursors() []feed.Cursor {
	out := []feed.Cursor{{}, {Epoch: "another"}, {Epoch: epoch}}
	for b := range feed.Buckets {
		for i := range r.oracle.entries[b] {
			c := r.rings.Head()
			c.At[b] = r.oracle.entries[b][i].at
			out = append(out, c)
		}
	}
	return append(out, r.heads...)
}

func TestReplicaEndsEqualToTheLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		r := newReplica(newSchedule(t, 1+pick("capacity", 6), pick))
		r.heavy = rapid.Bool().Draw(t, "heavy")
		for range pick("steps", 60) {
			r.step()
		}
		for r.read(1 + pick("limit", 6)) {
			continue
		}
		for _, c := range r.cursors() {
			want, got := r.log.Rings().Select(c, 100), r.rings.Select(c, 100)
			if !reflect.DeepEqual(want, got) {
				t.Fatalf("at %+v\nthe log gives %s\na replica %s", c, show(want), show(got))
			}
		}
		want, got := held(r.log.Rings()), held(r.rings)
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("the log holds %s\na replica %s", show(want), show(got))
		}
	})
}

// held returns all that rings hold as one batch.
func held(rings *feed.Rings) feed.Batch {
	batch := rings.Select(rings.Tail(), 100)
	for batch.More {
		next := rings.Select(batch.Cursor, 100)
		next.Messages = append(batch.Messages, next.Messages...)
		batch = next
	}
	return batch
}

// With a place whose sequence is lost or forged a replica may be more careful than the
// log: what it never held it cannot check, and then it says so.
func TestReplicaResyncsRatherThanLoses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(t, label) }
		r := newReplica(newSchedule(t, 1+pick("capacity", 3), pick))
		for range pick("steps", 60) {
			r.step()
		}
		for r.read(100) {
			continue
		}
		for _, c := range r.cursors() {
			for b := range c.At {
				c.At[b].Sequence *= uint64(pick("forged", 3)) // lost, kept or doubled
			}
			want, got := r.log.Rings().Select(c, 100), r.rings.Select(c, 100)
			if !reflect.DeepEqual(want, got) && !got.Resync {
				t.Fatalf("at %+v\nthe log gives %s\na replica %s", c, show(want), show(got))
			}
		}
	})
}

// show prints what pointers hide.
func show(batch feed.Batch) string {
	out := fmt.Sprintf("%+v dropped %v more %v resync %v:", batch.Cursor, batch.Dropped, batch.More, batch.Resync)
	for _, m := range batch.Messages {
		out += fmt.Sprintf(" %v/%d@%d %q recalls %d recalled %v;", m.Bucket, m.Sequence, m.Timestamp, m.Text, m.Recalls, m.Recalled)
	}
	return out
}

// fill returns a log with some messages, and what was published.
func fill(t *testing.T, capacity int, buckets ...feed.Bucket) (*feed.Log, *live.Clock, []*feed.Message) {
	t.Helper()
	log, clock := feed.NewLog(epoch, capacity), new(live.Clock)
	out := make([]*feed.Message, len(buckets))
	for i, b := range buckets {
		text := fmt.Sprintf("m%d", i+1)
		_, out[i] = log.Append(clock, live.Timestamp(100*(i+1)), draft(b, text), generous(capacity))
		if out[i] == nil {
			t.Fatalf("message %d was not placed", i)
		}
	}
	return log, clock, out
}

func draft(b feed.Bucket, text string) feed.Draft {
	return feed.Draft{Content: feed.Content{Kind: feed.KindText, Sender: "ann", Text: text}, Bucket: b}
}

// generous returns limits that nothing reaches.
func generous(capacity int) feed.Limits {
	return feed.Limits{Rate: plenty, WhitelistRate: plenty, Capacity: capacity}
}
