package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// allLapsed ends what has lapsed, and returns it with what is returned again, by incarnation.
func (s *rig) allLapsed() (all []store.Ended) {
	s.t.Helper()
	for more := true; more; {
		var some []store.Ended
		some, more = s.lapsed(2)
		all = append(all, some...)
	}
	byIncarnation(all)
	return all
}

// byIncarnation sorts what has ended by when it was joined.
func byIncarnation(ended []store.Ended) {
	slices.SortFunc(ended, func(a, b store.Ended) int { return cmp.Compare(a.Incarnation, b.Incarnation) })
}

func expireReturnsWhatWasLeftAndNotSettled(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	for _, session := range []live.SessionID{"1", "2", "3"} {
		s.joinFor("r", stay("ann", session), 24*time.Hour)
	}
	one := s.depart(store.Departure{Room: "r", User: "ann", Session: "1"})
	rest := s.depart(store.Departure{Room: "r", User: "ann"})
	left := slices.Concat(one, rest)
	byIncarnation(left)
	if len(left) != 3 || slices.ContainsFunc(left, func(e store.Ended) bool { return !e.Left || e.At != clock.Now() }) {
		t.Fatalf("Leave = %+v, want three sessions, left now", left)
	}
	if got, _ := s.lapsed(10); len(got) != 0 {
		t.Errorf("Expire = %+v at once after Leave", got)
	}
	for range 2 {
		clock.Advance(time.Hour) // as long as a backend may take
		if got := s.allLapsed(); !slices.Equal(got, left) {
			t.Errorf("Expire = %+v\nwant %+v", got, left)
		}
	}
	s.settle(left[:1])
	s.end("r")
	clock.Advance(time.Hour)
	if got := s.allLapsed(); !slices.Equal(got, left[1:]) {
		t.Errorf("Expire = %+v, when one is settled and the room has ended\nwant %+v", got, left[1:])
	}
	s.settle(left)
	clock.Advance(time.Hour)
	if got := s.allLapsed(); len(got) != 0 {
		t.Errorf("Expire = %+v, when all are settled", got)
	}
}

// unsettledModel is what has ended in a room and was not settled.
type unsettledModel struct {
	s     *rig
	id    live.RoomID
	clock *Clock
	owed  []store.Ended
}

// end notes what has ended. Sessions are there until it is said that they are not.
func (m *unsettledModel) end(ended []store.Ended, left bool) {
	for _, e := range ended {
		if e.Left != left || e.At != m.clock.Now() || e.LastSeen > e.At {
			m.s.t.Fatalf("%+v ended now, left: %v", e, left)
		}
	}
	m.owed = append(m.owed, ended...)
}

// join joins for a second, or for long.
func (m *unsettledModel) join(t *rapid.T) {
	user := rapid.SampledFrom([]live.UserID{"ann", "bob"}).Draw(t, "user")
	session := live.SessionID(user) + rapid.SampledFrom([]live.SessionID{"1", "2"}).Draw(t, "session")
	term := rapid.SampledFrom([]time.Duration{time.Second, 1000 * time.Hour}).Draw(t, "term")
	m.s.joinFor(m.id, stay(user, session), term)
}

// leave leaves by one session, or by all.
func (m *unsettledModel) leave(t *rapid.T) {
	user := rapid.SampledFrom([]live.UserID{"ann", "bob"}).Draw(t, "user")
	d := store.Departure{Room: m.id, User: user}
	if rapid.Bool().Draw(t, "one") {
		d.Session = live.SessionID(user) + "1"
	}
	m.end(m.s.depart(d), true)
}

// settle settles some, maybe some that are settled already.
func (m *unsettledModel) settle(t *rapid.T) {
	i := rapid.IntRange(0, len(m.owed)).Draw(t, "how many")
	m.s.settle(m.owed[:i])
	m.s.settle(m.owed[:i])
	m.owed = slices.Clone(m.owed[i:])
}

// later lets time pass until all that is owed must be returned, with what has lapsed.
func (m *unsettledModel) later(*rapid.T) {
	m.clock.Advance(time.Hour)
	var of, lapsed []store.Ended
	for _, e := range m.s.allLapsed() {
		switch {
		case e.Room != m.id:
		case e.At == m.clock.Now():
			lapsed = append(lapsed, e)
		default:
			of = append(of, e)
		}
	}
	byIncarnation(m.owed)
	if !slices.Equal(of, m.owed) {
		m.s.t.Fatalf("Expire = %+v\nwant %+v", of, m.owed)
	}
	m.end(lapsed, false)
}

// Whatever ends, by Leave or by Expire, is returned until it is settled, as it was.
func endedIsReturnedUntilSettled(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		s.create(id)
		m := &unsettledModel{s: s, id: id, clock: clock}
		t.Repeat(map[string]func(*rapid.T){
			"join": m.join, "leave": m.leave, "settle": m.settle, "later": m.later,
		})
		m.end(m.s.depart(store.Departure{Room: id, User: "ann"}), true)
		m.end(m.s.depart(store.Departure{Room: id, User: "bob"}), true)
		m.s.settle(m.owed) // or every later check is told of them
		m.s.end(id)
	})
}
