package ovation

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// reader checks what an order lets through: per bucket, messages and losses must
// cover the log without a hole and without a repetition.
type reader struct {
	next [buckets]uint64 // the sequence that must come or be counted next
	seen int
	held map[entryID]string // since the last beginning
}

// entryID names an entry of a log.
type entryID struct {
	bucket   ovationv1.Bucket
	sequence uint64
}

// begins starts anew at a batch that does.
func (r *reader) begins(m *Messages) {
	r.held = map[entryID]string{}
	for b, p := range placesOf(m.Cursor) {
		r.next[b] = p.sequence + 1
	}
	r.holds(m)
}

// holds notes messages.
func (r *reader) holds(m *Messages) {
	if r.held == nil {
		r.held = map[entryID]string{}
	}
	for _, message := range m.Messages {
		r.held[entryID{message.GetBucket(), message.GetSequence()}] = message.GetText()
	}
}

// takes checks a run of messages.
func (r *reader) takes(m *Messages) error {
	r.seen += len(m.Messages)
	if m.Unexplained != 0 {
		return fmt.Errorf("%d unexplained", m.Unexplained)
	}
	if m.Resync {
		r.begins(m)
		return nil
	}
	r.holds(m)
	lost := [buckets]uint64{m.Dropped.Whitelist, m.Dropped.High, m.Dropped.Low}
	for _, message := range m.Messages {
		b := message.GetBucket() - 1
		if want := r.next[b] + lost[b]; message.GetSequence() != want {
			return fmt.Errorf("%v %d, want %d", message.GetBucket(), message.GetSequence(), want)
		}
		r.next[b], lost[b] = message.GetSequence()+1, 0
	}
	for b, p := range placesOf(m.Cursor) {
		if r.next[b] += lost[b]; r.next[b] != p.sequence+1 {
			return fmt.Errorf("cursor %v after %d in bucket %d", m.Cursor, r.next[b]-1, b)
		}
	}
	return nil
}

// survivors is a log that may lose its latest entries, and goes on in another epoch.
type survivors struct {
	*feed.Rings
	entries []*feed.Message
}

// lose returns the log without its latest entries.
func (s survivors) lose(n, epoch int) survivors {
	kept := s.entries[:max(0, len(s.entries)-n)]
	after := feed.NewRings(8, feed.Cursor{Epoch: live.Epoch(fmt.Sprint("e", epoch))})
	for _, m := range kept {
		after.Apply(m)
	}
	ended := after.Head()
	ended.Epoch = s.Head().Epoch
	after.Descend(s.Ancestry().Followed(ended))
	return survivors{after, slices.Clip(kept)}
}

// says says whether an entry is as a reader holds it.
func (s survivors) says(id entryID, text string) bool {
	for _, m := range s.entries {
		if m.Bucket == feed.Bucket(id.bucket-1) && m.Sequence == id.sequence {
			return m.Text == text
		}
	}
	return false
}

// A server with a small ring sends inline from its own idea of the place, answers
// pulls late, loses its log or the end of it, and repeats itself: the reader gets
// everything once, and in the end holds nothing that the log does not.
func TestOrderCoversTheLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var (
			clock  live.Clock
			epoch  = 1
			rings  = survivors{Rings: feed.NewRings(8, feed.Cursor{Epoch: "e1"})}
			before = rings // as a node knows it that is late
			texts  int
			o      order
			check  reader
			inline feed.Cursor // the server's idea of the reader's place
			late   []func()    // pulls under way
		)
		take := func(m *Messages, ok, fresh bool) {
			if !ok {
				return
			}
			if fresh && !m.Resync {
				check.begins(m)
				return
			}
			if err := check.takes(m); err != nil {
				t.Fatal(err)
			}
		}
		pull := func() func() {
			limit := rapid.IntRange(1, 12).Draw(t, "limit")
			selected := rings.Select(feedCursor(o.cursor()), limit)
			batch := protoBatch(selected)
			ask := o.ask()
			inline = selected.Cursor
			return func() {
				fresh := o.epoch == ""
				m, ok := o.answered(batch, ask)
				take(m, ok, fresh)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				for range rapid.IntRange(1, 6).Draw(t, "n") {
					bucket := feed.Bucket(rapid.IntRange(0, 2).Draw(t, "bucket"))
					texts++
					content := feed.Content{Kind: feed.KindText, Text: fmt.Sprint("m", texts)}
					rings.entries = append(rings.entries, appendContent(rings.Rings, &clock, 0, bucket, content))
				}
			},
			"pull":        func(*rapid.T) { pull()() },
			"pull slowly": func(*rapid.T) { late = append(late, pull()) },
			"answer": func(t *rapid.T) {
				if len(late) == 0 {
					t.Skip()
				}
				i := rapid.IntRange(0, len(late)-1).Draw(t, "which")
				answer := late[i]
				late = append(late[:i], late[i+1:]...)
				answer()
			},
			"inline": func(t *rapid.T) {
				batch := rings.Select(inline, rapid.IntRange(1, 12).Draw(t, "limit"))
				inline = batch.Cursor
				fresh := o.epoch == ""
				m, ok := o.continued(protoBatch(batch), len(late) > 0)
				take(m, ok, fresh)
			},
			"inline from a node that is late": func(t *rapid.T) {
				batch := before.Select(inline, rapid.IntRange(1, 12).Draw(t, "limit"))
				if batch.Resync || o.epoch == "" {
					t.Skip() // that node would have asked before it said so
				}
				inline = batch.Cursor
				m, ok := o.continued(protoBatch(batch), len(late) > 0)
				take(m, ok, false)
			},
			"resubscribe": func(*rapid.T) { inline = feedCursor(o.cursor()); o.opened() },
			"switch": func(*rapid.T) {
				if inline.Epoch == rings.Head().Epoch {
					inline = rings.Head()
				}
			},
			"give up": func(*rapid.T) { o.giveUp() },
			"lose the log": func(*rapid.T) {
				epoch++
				before = rings
				rings = survivors{Rings: feed.NewRings(8, feed.Cursor{Epoch: live.Epoch(fmt.Sprint("e", epoch))})}
			},
			"lose the end": func(t *rapid.T) {
				epoch++
				before = rings
				rings = rings.lose(rapid.IntRange(0, 5).Draw(t, "lost"), epoch)
			},
			"": func(t *rapid.T) {
				if o.epoch == string(rings.Head().Epoch) {
					for id, text := range check.held {
						if !rings.says(id, text) {
							t.Fatalf("the reader holds %q for %v, where the log does not", text, id)
						}
					}
				}
				if c := o.cursor(); c != nil && c.Epoch == string(rings.Head().Epoch) && !rings.Continues(feedCursor(c)) {
					t.Fatalf("the log does not continue %v", c)
				}
			},
		})
	})
}

func TestOrderCountsTheUnexplained(t *testing.T) {
	t.Parallel()
	message := func(s uint64) *ovationv1.Message {
		return &ovationv1.Message{Timestamp: int64(10 * s), Sequence: s, Bucket: ovationv1.Bucket_BUCKET_LOW}
	}
	batch := func(dropped uint64, sequences ...uint64) *ovationv1.Batch {
		b := &ovationv1.Batch{Dropped: &ovationv1.Dropped{Low: dropped}}
		for _, s := range sequences {
			b.Messages = append(b.Messages, message(s))
		}
		end := sequences[len(sequences)-1]
		b.Cursor = &ovationv1.Cursor{Epoch: "e", Low: int64(10 * end), LowSequence: end}
		return b
	}
	for _, tt := range []struct {
		name                 string
		batch                *ovationv1.Batch
		count                int
		dropped, unexplained uint64
		continues            bool
	}{
		{"nothing missing", batch(0, 6, 7), 2, 0, 0, true},
		{"all explained", batch(3, 9, 10), 2, 3, 0, true},
		{"explained in part", batch(2, 9, 10), 2, 2, 1, false},
		{"a hole inside", batch(0, 6, 8), 2, 0, 1, false},
		{"read before", batch(0, 4, 5), 0, 0, 0, true},
		{"read in part", batch(0, 4, 5, 6), 1, 0, 0, true},
		{"dropped what was read", batch(4, 7, 8), 2, 1, 0, true},
		{"dropped before what was read", batch(3, 5, 7), 1, 0, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			at := &ovationv1.Cursor{Epoch: "e", Low: 50, LowSequence: 5}
			o := orderAt(at)
			if _, ok := o.continued(tt.batch, false); ok != tt.continues {
				t.Errorf("continues: %v", ok)
			}
			o = orderAt(at)
			m, ok := o.answered(tt.batch, o.ask())
			if !ok || len(m.Messages) != tt.count || m.Dropped.Low != tt.dropped || m.Unexplained != tt.unexplained {
				t.Errorf("%v, %+v", ok, m)
			}
		})
	}
}

func TestOrderWithoutSequences(t *testing.T) {
	t.Parallel()
	o := orderAt(&ovationv1.Cursor{Epoch: "e", High: 50})
	m, ok := o.continued(&ovationv1.Batch{
		Messages: []*ovationv1.Message{
			{Timestamp: 50, Sequence: 5, Bucket: ovationv1.Bucket_BUCKET_HIGH},
			{Timestamp: 90, Sequence: 9, Bucket: ovationv1.Bucket_BUCKET_HIGH},
		},
		Cursor:  &ovationv1.Cursor{Epoch: "e", High: 90, HighSequence: 9},
		Dropped: &ovationv1.Dropped{},
	}, false)
	if !ok || len(m.Messages) != 1 || m.Unexplained != 0 || o.at[1] != (place{90, 9}) {
		t.Errorf("%v, %+v, at %v", ok, m, o.at)
	}
}

// Whatever a server sends, a message comes once and a bucket goes forward.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	f.Add([]byte{0x13, 0x81, 0x42, 0xff, 0x00, 0x24, 0x77, 0x91})
	f.Fuzz(func(t *testing.T, data []byte) {
		o := orderAt(&ovationv1.Cursor{Epoch: "e"})
		last := map[ovationv1.Bucket]int64{}
		for len(data) >= 8 {
			batch := fuzzBatch(data[:8])
			data = data[8:]
			m, ok := o.continued(batch, false)
			if !ok {
				m, _ = o.answered(batch, o.ask())
			}
			if m.Resync {
				clear(last)
				for b, p := range o.at {
					last[ovationv1.Bucket(b+1)] = p.timestamp
				}
				continue
			}
			for _, message := range m.Messages {
				if message.Timestamp <= last[message.Bucket] {
					t.Fatalf("%v after %d", message, last[message.Bucket])
				}
				last[message.Bucket] = message.Timestamp
			}
		}
	})
}

// fuzzBatch makes a batch of two messages out of anything.
func fuzzBatch(d []byte) *ovationv1.Batch {
	message := func(b, at byte) *ovationv1.Message {
		return &ovationv1.Message{Bucket: ovationv1.Bucket(b % 5), Timestamp: int64(at), Sequence: uint64(at / 2)}
	}
	return &ovationv1.Batch{
		Messages: []*ovationv1.Message{message(d[0], d[1]), message(d[2], d[3])},
		Cursor: &ovationv1.Cursor{
			Epoch: "e", Whitelist: int64(d[4]), WhitelistSequence: uint64(d[4] / 2),
			High: int64(d[5]), HighSequence: uint64(d[5] / 3), Low: int64(d[6]),
		},
		Dropped: &ovationv1.Dropped{Whitelist: uint64(d[7] & 3), High: uint64(d[7] >> 4), Low: uint64(d[7])},
		Resync:  d[7] == 0xff,
	}
}
