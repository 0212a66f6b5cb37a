package storetest

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// logModel is a feed.Log that is given what a store's log is given.
type logModel struct {
	s        *rig
	id       live.RoomID
	clock    live.Clock
	log      *feed.Log
	places   []live.Timestamp
	cursors  []feed.Cursor
	sequence uint64
	capacity int
	exact    bool // the model's instants are the store's own
	now      live.Timestamp
}

func newLogModel(s *rig, id live.RoomID, capacity int, exact bool) *logModel {
	s.createKeeping(id, capacity)
	cursor := s.head(id).Cursor
	return &logModel{
		s: s, id: id, capacity: capacity, exact: exact,
		log:     feed.NewLog(cursor.Epoch, capacity),
		cursors: []feed.Cursor{{}, {Epoch: cursor.Epoch}, {Epoch: "another life"}},
	}
}

// at returns the model's instant for an entry that the store has placed at t.
func (m *logModel) at(t live.Timestamp) live.Timestamp {
	if m.exact {
		return m.s.Clock.Now()
	}
	m.now = max(m.now, t)
	return m.now
}

// append gives a message to both and compares what they answer.
func (m *logModel) append(d feed.Draft, limits feed.Limits) {
	got := m.s.append(m.id, d, limits)
	limits.Capacity = m.capacity // whatever the caller says
	want, placed := m.log.Append(&m.clock, m.at(got.Place.Timestamp), d, limits)
	if got != want {
		m.s.t.Fatalf("Append(%+v, %+v) = %+v\nwant %+v", d, limits, got, want)
	}
	if placed != nil {
		m.placed(placed.Timestamp)
	}
}

// recall recalls a message from both and compares what they answer.
func (m *logModel) recall(r feed.Recall, limits feed.Limits) {
	got, err := m.s.Log.Recall(m.s.t.Context(), m.id, r, under(limits))
	limits.Capacity = m.capacity
	want, placed, wantErr := m.log.Recall(&m.clock, m.at(got.Place.Timestamp), r, limits)
	if got != want || !errors.Is(err, wantErr) {
		m.s.t.Fatalf("Recall(%+v, %+v) = %+v, %v\nwant %+v, %v", r, limits, got, err, want, wantErr)
	}
	if placed != nil {
		m.placed(placed.Timestamp)
	}
}

// placed notes that an entry was placed and published.
func (m *logModel) placed(t live.Timestamp) {
	m.sequence++
	m.places = append(m.places, t)
}

// read reads from both at a cursor and keeps where that leads.
func (m *logModel) read(c feed.Cursor, limit int) {
	got, want := m.s.read(m.id, c, limit), m.log.Rings().Select(c, limit)
	if !sameBatch(got, want) {
		m.s.t.Fatalf("Read(%+v, %d) = %+v\nwant %+v", c, limit, got, want)
	}
	m.cursors = append(m.cursors, got.Cursor)
}

// between reads a span from both.
func (m *logModel) between(after, until live.Timestamp, limit int) {
	got, want := m.s.between(m.id, after, until, limit), m.log.Rings().Between(after, until, limit)
	if !sameMessages(got, want) {
		m.s.t.Fatalf("Between(%d, %d, %d) = %+v\nwant %+v", after, until, limit, got, want)
	}
}

// message looks one entry up in both.
func (m *logModel) message(t live.Timestamp) {
	got, err := m.s.Log.Message(m.s.t.Context(), m.id, t)
	want := m.log.Rings().Find(t)
	if !sameMessage(got, want) || (want == nil) != errors.Is(err, feed.ErrNoMessage) {
		m.s.t.Fatalf("Message(%d) = %+v, %v\nwant %+v", t, got, err, want)
	}
}

// agrees compares the heads.
func (m *logModel) agrees() {
	want := store.Head{Heads: feed.Heads{Cursor: m.log.Rings().Head(), Revision: 1}, Sequence: m.sequence}
	if got := m.s.head(m.id); got != want {
		m.s.t.Fatalf("Head = %+v\nwant %+v", got, want)
	}
}

// place draws a timestamp at or beside an entry.
func (m *logModel) place(t *rapid.T) live.Timestamp {
	if len(m.places) == 0 {
		return live.Timestamp(rapid.IntRange(0, 5).Draw(t, "timestamp"))
	}
	return rapid.SampledFrom(m.places).Draw(t, "entry") + live.Timestamp(rapid.IntRange(-1, 1).Draw(t, "beside"))
}

// cursor draws a cursor that was handed out before, or one that never was.
func (m *logModel) cursor(t *rapid.T) feed.Cursor {
	c := rapid.SampledFrom(m.cursors).Draw(t, "cursor")
	b := rapid.IntRange(0, feed.Buckets-1).Draw(t, "bucket")
	switch rapid.IntRange(0, 7).Draw(t, "spoil") {
	case 0:
		c.At[b].Sequence = 0
	case 1:
		c.At[b].Timestamp += live.Timestamp(rapid.IntRange(-2, 2).Draw(t, "off"))
	case 2:
		c.At[b].Sequence += 3
	}
	return c
}

// steps is what a check may do to both, with drafts and limits of the caller's.
func (m *logModel) steps(draft *rapid.Generator[feed.Draft], limits *rapid.Generator[feed.Limits]) map[string]func(*rapid.T) {
	few := rapid.IntRange(1, 12)
	send := func(t *rapid.T) { m.append(draft.Draw(t, "draft"), limits.Draw(t, "limits")) }
	return map[string]func(*rapid.T){
		"append": send,
		"send":   send, // more often than the others
		"recall": func(t *rapid.T) {
			// A viewer's rate is not the model's to set: it is tried where instants are exact.
			staff := !m.exact || rapid.Bool().Draw(t, "staff")
			m.recall(feed.Recall{Timestamp: m.place(t), By: "host", Staff: staff}, limits.Draw(t, "limits"))
		},
		"read": func(t *rapid.T) { m.read(m.cursor(t), few.Draw(t, "limit")) },
		"between": func(t *rapid.T) {
			m.between(m.place(t), rapid.SampledFrom([]live.Timestamp{0, m.place(t)}).Draw(t, "until"), few.Draw(t, "limit"))
		},
		"message": func(t *rapid.T) { m.message(m.place(t)) },
		"":        func(*rapid.T) { m.agrees() },
	}
}

// someDraft draws messages of few senders, of whom some repeat themselves.
var someDraft = rapid.Custom(func(t *rapid.T) feed.Draft {
	return feed.Draft{
		Content: feed.Content{
			Kind:            feed.Kind(rapid.IntRange(1, 7).Draw(t, "kind")),
			Sender:          rapid.SampledFrom([]live.UserID{"ann", "bob"}).Draw(t, "sender"),
			Text:            rapid.StringN(0, 8, 16).Draw(t, "text"),
			ClientMessageID: rapid.SampledFrom([]string{"", "", "", "one", "two"}).Draw(t, "client id"),
		},
		Bucket: feed.Bucket(rapid.IntRange(0, feed.Buckets-1).Draw(t, "bucket")),
		Exempt: rapid.Bool().Draw(t, "exempt"),
	}
})

func logIsAFeedLog(t *testing.T, s *rig) {
	limits := rapid.Custom(func(t *rapid.T) feed.Limits {
		few := roomy
		few.Capacity = rapid.SampledFrom([]int{1, 4, 4, 4, 4, 9}).Draw(t, "capacity")
		return few
	})
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		m := newLogModel(s, id, rapid.SampledFrom([]int{1, 4, 4, 9}).Draw(t, "keeps"), false)
		t.Repeat(m.steps(someDraft, limits))
	})
}

func logIsAFeedLogToTheInstant(t *testing.T, s *rig) {
	clock := s.clock(t)
	limits := rapid.Custom(func(t *rapid.T) feed.Limits {
		return feed.Limits{
			Rate:          rapid.IntRange(1, 4).Draw(t, "rate"),
			WhitelistRate: rapid.IntRange(1, 4).Draw(t, "whitelist rate"),
			SlowMode:      rapid.SampledFrom([]time.Duration{0, 0, time.Second, 5 * time.Second}).Draw(t, "slow mode"),
			Capacity:      rapid.SampledFrom([]int{2, 5, 5, 5}).Draw(t, "capacity"),
		}
	})
	terms := []time.Duration{
		0, time.Microsecond, 250 * time.Millisecond, 999 * time.Millisecond, time.Second, 2 * time.Second,
		feed.DedupeFor - time.Second, feed.DedupeFor, -time.Second, -time.Hour,
	}
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		m := newLogModel(s, id, rapid.SampledFrom([]int{2, 5}).Draw(t, "keeps"), true)
		steps := m.steps(someDraft, limits)
		steps["pass"] = func(t *rapid.T) { clock.Advance(rapid.SampledFrom(terms).Draw(t, "time")) }
		t.Repeat(steps)
	})
}
