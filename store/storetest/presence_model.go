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

// presenceModel is who should be in a room: sessions, and which of them are over.
type presenceModel struct {
	s        *rig
	id       live.RoomID
	sessions map[live.SessionID]room.Session
	over     map[live.SessionID]bool
	last     room.Incarnation
}

// of returns a user's sessions.
func (m *presenceModel) of(user live.UserID) []live.SessionID {
	var all []live.SessionID
	for session, s := range m.sessions {
		if s.User == user {
			all = append(all, session)
		}
	}
	return all
}

// end ends sessions and returns the users who are gone with them, in order.
func (m *presenceModel) end(sessions ...live.SessionID) []live.UserID {
	var gone []live.UserID
	for _, session := range sessions {
		user := m.sessions[session].User
		delete(m.sessions, session)
		delete(m.over, session)
		if len(m.of(user)) == 0 {
			gone = append(gone, user)
		}
	}
	slices.Sort(gone)
	return gone
}

// join joins both, for a moment or for long.
func (m *presenceModel) join(user live.UserID, session live.SessionID, short bool) {
	joined, _, err := m.s.Presence.Join(m.s.t.Context(), m.id, stay(user, session), termOf(short))
	if s, there := m.sessions[session]; there && s.User != user {
		if !errors.Is(err, store.ErrSessionTaken) {
			m.s.t.Fatalf("Join of %s's session: %v, want ErrSessionTaken", s.User, err)
		}
		return
	}
	if err != nil || joined.Incarnation <= m.last {
		m.s.t.Fatalf("Join = %+v, %v; want an incarnation after %d", joined, err, m.last)
	}
	m.last = joined.Incarnation
	m.sessions[session], m.over[session] = joined, short
}

// incarnation draws that of a session, another, or none.
func (m *presenceModel) incarnation(t *rapid.T, session live.SessionID) room.Incarnation {
	if i := m.sessions[session].Incarnation; i > 0 && rapid.Bool().Draw(t, "the present one") {
		return i
	}
	return rapid.SampledFrom([]room.Incarnation{0, 1, m.last, m.last + 1}).Draw(t, "incarnation")
}

// lease draws a claim to a session: its user's, or another's.
func (m *presenceModel) lease(t *rapid.T, session live.SessionID, other live.UserID) store.Lease {
	user := m.sessions[session].User
	if user == "" || rapid.IntRange(0, 3).Draw(t, "another's") == 0 {
		user = other
	}
	return store.Lease{Session: session, User: user, Incarnation: m.incarnation(t, session)}
}

// holds says whether a lease is that of a session.
func (m *presenceModel) holds(l store.Lease) bool {
	s, there := m.sessions[l.Session]
	return there && s.User == l.User && (l.Incarnation == 0 || l.Incarnation == s.Incarnation)
}

// renew renews in both.
func (m *presenceModel) renew(l store.Lease, short bool) {
	var want []store.Lost
	if m.holds(l) {
		m.over[l.Session] = short
	} else {
		want = []store.Lost{{Lease: l, Resumed: m.sessions[l.Session].User == l.User}}
	}
	if lost := m.s.renewAll(m.id, termOf(short), l); !slices.Equal(lost, want) {
		m.s.t.Fatalf("Renew(%+v) = %+v, want %+v", l, lost, want)
	}
}

// termOf returns a lease that will be over at the next expiry, or never.
func termOf(short bool) time.Duration {
	if short {
		return time.Millisecond
	}
	return time.Hour
}

// leave leaves both, by a session or all.
func (m *presenceModel) leave(l store.Lease) {
	var ending []live.SessionID
	for _, s := range m.of(l.User) {
		if l.Session == "" || s == l.Session && m.holds(l) {
			ending = append(ending, s)
		}
	}
	n, want := len(ending), len(m.end(ending...)) > 0
	d := store.Departure{Room: m.id, User: l.User, Session: l.Session, Incarnation: l.Incarnation}
	if ended := m.s.depart(d); len(ended) != n || want != (len(gone(ended)) == 1) {
		m.s.t.Fatalf("Leave(%+v) = %+v, want %d and gone: %v", d, ended, n, want)
	}
}

// expire expires both.
func (m *presenceModel) expire() {
	m.s.pass(3 * time.Millisecond)
	var ending []live.SessionID
	for session, over := range m.over {
		if over {
			ending = append(ending, session)
		}
	}
	want := m.end(ending...)
	var got []live.UserID
	for _, d := range m.s.expire(1000) {
		if d.Room == m.id {
			got = append(got, d.User)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		m.s.t.Fatalf("Expire = %q, want %q", got, want)
	}
}

// agrees compares counts and members.
func (m *presenceModel) agrees() {
	want := make(map[live.UserID]int)
	for _, s := range m.sessions {
		want[s.User]++
	}
	if got := m.s.online(m.id); got != (room.Online{Users: len(want), Sessions: len(m.sessions)}) {
		m.s.t.Fatalf("Online = %+v, want %v", got, want)
	}
	members := m.s.members(m.id, "", 100)
	for _, member := range members {
		if want[member.User] != member.Sessions {
			m.s.t.Fatalf("member %+v, want %d sessions", member, want[member.User])
		}
	}
	if len(members) != len(want) {
		m.s.t.Fatalf("Members = %+v, want %v", members, want)
	}
}

func presenceIsAModel(t *testing.T, s *rig) {
	someUser := rapid.SampledFrom([]live.UserID{"ann", "bob", "cy"})
	someSession := rapid.SampledFrom([]live.SessionID{"1", "2", "3", "4", "5"})
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		s.create(id)
		m := &presenceModel{
			s: s, id: id,
			sessions: map[live.SessionID]room.Session{}, over: map[live.SessionID]bool{},
		}
		join := func(t *rapid.T) {
			m.join(someUser.Draw(t, "user"), someSession.Draw(t, "session"), rapid.Bool().Draw(t, "short"))
		}
		t.Repeat(map[string]func(*rapid.T){
			"join":  join,
			"enter": join, // more often than the others
			"renew": func(t *rapid.T) {
				m.renew(m.lease(t, someSession.Draw(t, "session"), someUser.Draw(t, "user")), rapid.Bool().Draw(t, "short"))
			},
			"leave": func(t *rapid.T) {
				session := rapid.OneOf(someSession, rapid.Just(live.SessionID(""))).Draw(t, "session")
				m.leave(m.lease(t, session, someUser.Draw(t, "user")))
			},
			"expire": func(*rapid.T) { m.expire() },
			"":       func(*rapid.T) { m.agrees() },
		})
	})
}
