package storetest

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// eventsModel is the events that a store should keep.
type eventsModel struct {
	s        *rig
	id       live.RoomID
	kept     []store.Event // with positions, once they are known
	appended int
}

// append appends events to both, some of them again.
func (m *eventsModel) append(t *rapid.T) {
	several := make([]store.Event, rapid.IntRange(0, 4).Draw(t, "events"))
	for i := range several {
		n := rapid.IntRange(max(0, m.appended-3), m.appended).Draw(t, "number")
		several[i] = event(fmt.Sprint(m.id, " ", n), rapid.SampledFrom([]live.RoomID{m.id, "other", ""}).Draw(t, "room"))
		several[i].Kind = rapid.SampledFrom([]store.EventKind{1, 2, 300}).Draw(t, "kind")
		if n == m.appended {
			m.kept = append(m.kept, several[i])
			m.appended++
		} else if !m.keeps(several[i].ID) { // it was pruned
			m.kept = append(m.kept, several[i])
		}
	}
	m.s.record(several...)
}

// keeps says whether there is an event of that id.
func (m *eventsModel) keeps(id string) bool {
	for _, e := range m.kept {
		if e.ID == id {
			return true
		}
	}
	return false
}

// read reads some of the events in both.
func (m *eventsModel) read(t *rapid.T) {
	q := store.EventQuery{
		After: m.position(t),
		EventFilter: store.EventFilter{
			Rooms: rapid.SliceOfN(rapid.SampledFrom([]live.RoomID{m.id, "other", ""}), 0, 2).Draw(t, "rooms"),
			Kinds: rapid.SliceOfN(rapid.SampledFrom([]store.EventKind{1, 2, 300}), 0, 2).Draw(t, "kinds"),
		},
		Limit: rapid.IntRange(1, 4).Draw(t, "limit"),
	}
	var want []store.Event
	for _, e := range m.kept {
		if e.Position > q.After && asks(q, e) {
			want = append(want, e)
		}
	}
	m.s.wantEvents(m.s.events(q), want...)
}

// position returns 0 or where some event is.
func (m *eventsModel) position(t *rapid.T) store.EventPosition {
	if i := rapid.IntRange(0, len(m.kept)).Draw(t, "position"); i > 0 {
		return m.kept[i-1].Position
	}
	return 0
}

// prune prunes both.
func (m *eventsModel) prune(t *rapid.T) {
	m.s.pass(time.Millisecond)
	limit := rapid.IntRange(1, 3).Draw(t, "limit")
	gone := min(limit, len(m.kept))
	m.s.prune(0, limit, gone)
	m.s.prune(time.Hour, limit, 0)
	m.kept = m.kept[gone:]
}

// agree compares all events. Positions stay what they are.
func (m *eventsModel) agree(t *rapid.T) {
	got := m.s.events(store.EventQuery{Limit: 3})
	m.s.wantEvents(got, m.kept...)
	for i, e := range got {
		if m.kept[i].Position != 0 && m.kept[i].Position != e.Position {
			t.Fatalf("%q was at %d, and is at %d", e.ID, m.kept[i].Position, e.Position)
		}
		m.kept[i] = e
	}
}

func eventsAreAModel(t *testing.T, s *rig) {
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		s.pass(time.Millisecond)
		if _, err := s.Events.PruneEvents(t.Context(), 0, 100_000); err != nil { // what an earlier check left
			t.Fatal(err)
		}
		m := &eventsModel{s: s, id: id}
		t.Repeat(map[string]func(*rapid.T){
			"append": m.append, "record": m.append, "read": m.read,
			"prune": m.prune, "": m.agree,
		})
	})
}
