package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// againWithin is within what time a backend returns again what has ended and was not
// settled. It keeps rooms that have ended for six times as long, at least.
const againWithin = 10 * time.Minute

// sitting is a session as it should be: when it was last seen, and when its lease is over.
type sitting struct {
	room.Session
	seen, until live.Timestamp
}

// endsModel is who should be in a room that may end, and what there should be to tell of
// those who were.
type endsModel struct {
	s     *rig
	id    live.RoomID
	clock *Clock
	over  room.Room // once it has ended
	waits int       // how often time has passed since then
	there map[live.SessionID]sitting
	owed  []store.Ended
	seen  map[room.Incarnation]bool // those who have ended
}

func (m *endsModel) ended() bool { return m.over.State == room.Ended }

// owe notes what has ended, which no session does twice. Whether users are gone with their
// sessions others tests tell.
func (m *endsModel) owe(got, want store.Ended) {
	gone := got.Gone
	if got.Gone = false; got != want || gone && m.ended() {
		m.s.t.Fatalf("%+v has ended\nwant %+v", got, want)
	}
	if m.seen[got.Incarnation] {
		m.s.t.Fatalf("%+v has ended twice", got)
	}
	got.Gone = gone
	m.seen[got.Incarnation] = true
	m.owed = append(m.owed, got)
	delete(m.there, got.ID)
}

// termed draws for how long a lease is.
func termed(t *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{time.Second, 30 * time.Second, againWithin / 2}).Draw(t, "term")
}

func (m *endsModel) join(t *rapid.T) {
	user := rapid.SampledFrom([]live.UserID{"ann", "bob"}).Draw(t, "user")
	session, term := live.SessionID(user)+rapid.SampledFrom([]live.SessionID{"1", "2"}).Draw(t, "session"), termed(t)
	joined, _, err := m.s.Presence.Join(m.s.t.Context(), m.id, stay(user, session), term)
	if m.ended() != errors.Is(err, store.ErrRoomEnded) || !m.ended() && err != nil {
		m.s.t.Fatalf("Join: %v", err)
	}
	if now := m.clock.Now(); !m.ended() {
		m.there[session] = sitting{joined, now, now.Add(term)}
	}
}

func (m *endsModel) renew(t *rapid.T) {
	term, session := termed(t), rapid.SampledFrom([]live.SessionID{"ann1", "ann2", "bob1", "bob2"}).Draw(t, "session")
	was, there := m.there[session]
	claim := store.Lease{Session: session, User: rapid.SampledFrom([]live.UserID{"ann", "bob"}).Draw(t, "user")}
	if rapid.Bool().Draw(t, "of an incarnation") {
		claim.Incarnation = was.Incarnation - room.Incarnation(rapid.IntRange(0, 1).Draw(t, "stale"))
	}
	theirs := there && was.User == claim.User
	holds := theirs && (claim.Incarnation == 0 || claim.Incarnation == was.Incarnation)
	lost := m.s.renewAll(m.id, term, claim)
	switch now := m.clock.Now(); {
	case holds && m.ended():
		if len(lost) != 1 || lost[0].Lease != claim || lost[0].Resumed || lost[0].Ended == nil {
			m.s.t.Fatalf("Renew(%+v) = %+v, want that it was there until the end", claim, lost)
		}
		m.owe(*lost[0].Ended, outlived(m.over, was.Session, m.over.Ended))
	case holds:
		m.there[session] = sitting{was.Session, now, now.Add(term)}
		fallthrough
	default:
		if holds != (len(lost) == 0) || !holds && lost[0] != (store.Lost{Lease: claim, Resumed: theirs}) {
			m.s.t.Fatalf("Renew(%+v) = %+v, of %+v", claim, lost, was)
		}
	}
}

func (m *endsModel) leave(t *rapid.T) {
	d := store.Departure{Room: m.id, User: rapid.SampledFrom([]live.UserID{"ann", "bob"}).Draw(t, "user")}
	if rapid.Bool().Draw(t, "one") {
		d.Session = live.SessionID(d.User) + "1"
	}
	for _, e := range m.s.depart(d) {
		was, there := m.there[e.ID]
		if !there || m.ended() {
			m.s.t.Fatalf("%+v has left, who was not there", e)
		}
		m.owe(e, store.Ended{Room: m.id, Session: was.Session, LastSeen: was.seen, At: m.clock.Now(), Left: true})
	}
	for session, one := range m.there {
		if !m.ended() && one.User == d.User && (d.Session == "" || d.Session == session) {
			m.s.t.Fatalf("%q is there, who has left", session)
		}
	}
}

// end ends the room, maybe again.
func (m *endsModel) end(*rapid.T) { m.over = m.s.end(m.id) }

func (m *endsModel) settle(t *rapid.T) {
	i := rapid.IntRange(0, len(m.owed)).Draw(t, "how many")
	m.s.settle(m.owed[:i])
	m.owed = slices.Clone(m.owed[i:])
}

// later lets time pass, for less than the room is kept.
func (m *endsModel) later(t *rapid.T) {
	if m.ended() {
		if m.waits++; m.waits > 4 {
			t.Skip("the room may be forgotten")
		}
	}
	m.pass(rapid.SampledFrom([]time.Duration{time.Second, 29 * time.Second, againWithin}).Draw(t, "later"))
}

// pass lets time pass, and sees what has ended by that.
func (m *endsModel) pass(d time.Duration) {
	m.clock.Advance(d)
	now, before := m.clock.Now(), slices.Clone(m.owed)
	var again []store.Ended
	for _, e := range m.s.allLapsed() {
		switch was, there := m.there[e.ID]; {
		case e.Room != m.id:
		case !there || was.Incarnation != e.Incarnation:
			again = append(again, e)
		case m.ended():
			m.owe(e, outlived(m.over, was.Session, was.seen))
		default:
			m.owe(e, store.Ended{Room: m.id, Session: was.Session, LastSeen: was.seen, At: now})
		}
	}
	for session, one := range m.there {
		if one.until <= now {
			m.s.t.Fatalf("%q has not ended, whose lease was over at %d", session, one.until)
		}
	}
	if byIncarnation(before); d == againWithin && !slices.Equal(again, before) {
		m.s.t.Fatalf("Expire returned again %+v\nwant %+v", again, before)
	}
	for _, e := range again {
		if !slices.Contains(before, e) {
			m.s.t.Fatalf("Expire returned %+v again, which is not owed", e)
		}
	}
}

// Whatever order joins, renewals, departures, lapses and the room's end come in, each session
// ends once, as of when it was last known to be there, and is returned until it is settled.
func endIsAModel(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		s.create(id)
		m := &endsModel{
			s: s, id: id, clock: clock, there: map[live.SessionID]sitting{}, seen: map[room.Incarnation]bool{},
		}
		t.Repeat(map[string]func(*rapid.T){
			"join": m.join, "enter": m.join, "renew": m.renew, "leave": m.leave, "settle": m.settle, "later": m.later, "end": m.end,
		})
		m.end(t)
		m.pass(againWithin)
		m.s.settle(m.owed)
	})
}
