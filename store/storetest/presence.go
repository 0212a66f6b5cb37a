package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var presenceTests = []test{
	{"JoinCounts", joinCounts},
	{"JoinReturnsTheSession", joinReturnsTheSession},
	{"JoinAgainKeepsWhenItJoined", joinAgainKeepsWhenItJoined},
	{"JoinOfAnothersSessionIsRefused", joinOfAnothersSessionIsRefused},
	{"JoinAgainRenewsTheLease", joinAgainRenewsTheLease},
	{"LeaveEndsOneSession", leaveEndsOneSession},
	{"LeaveEndsAllSessions", leaveEndsAllSessions},
	{"LeaveOfNobodyIsNothing", leaveOfNobodyIsNothing},
	{"LeaveAndReturn", leaveAndReturn},
	{"LeaseIsOverAtItsInstant", leaseIsOverAtItsInstant},
	{"LeaseOverCountsUntilExpired", leaseOverCountsUntilExpired},
	{"RenewLengthensALease", renewLengthensALease},
	{"RenewShortensALease", renewShortensALease},
	{"RenewReturnsWhatIsGone", renewReturnsWhatIsGone},
	{"ExpireReturnsUsersWithTheirLastSession", expireReturnsUsersWithTheirLastSession},
	{"ExpireEndsAsManyAsAsked", expireEndsAsManyAsAsked},
	{"ExpireSparesWhoReturned", expireSparesWhoReturned},
	{"ExpirePublishesNothing", expirePublishesNothing},
	{"ExpireEndsEachOnce", expireEndsEachOnce},
	{"MembersAreInOrderOfIDBytes", membersAreInOrderOfIDBytes},
	{"MembersArePaged", membersArePaged},
	{"MemberIsTheirFirstSession", memberIsTheirFirstSession},
	{"PresenceIsAModel", presenceIsAModel},
}

// moment is a lease that is soon over.
const moment = 5 * time.Millisecond

// lapse waits until leases of a moment are over for certain.
func (s *rig) lapse() { s.pass(4 * moment) }

// wantOnline checks who is counted.
func (s *rig) wantOnline(id live.RoomID, users, sessions int) {
	s.t.Helper()
	if got, want := s.online(id), (room.Online{Users: users, Sessions: sessions}); got != want {
		s.t.Errorf("Online = %+v, want %+v", got, want)
	}
}

func joinCounts(t *testing.T, s *rig) {
	s.create("r")
	s.wantOnline("r", 0, 0)
	tests := []struct {
		user    live.UserID
		session live.SessionID
		want    room.Online
	}{
		{"ann", "a1", room.Online{Users: 1, Sessions: 1}},
		{"ann", "a2", room.Online{Users: 1, Sessions: 2}},
		{"bob", "b1", room.Online{Users: 2, Sessions: 3}},
		{"bob", "b1", room.Online{Users: 2, Sessions: 3}},
	}
	for _, test := range tests {
		if got := s.join("r", test.user, test.session); got != test.want {
			t.Errorf("%s joins by %s: %+v, want %+v", test.user, test.session, got, test.want)
		}
	}
	s.wantOnline("r", 2, 3)
}

func joinReturnsTheSession(t *testing.T, s *rig) {
	created := s.create("r").Created
	want := room.Session{ID: "s \x00\u00c4", User: "ann \x00\u00c4", Name: "Ann \"\u00c4\"", Role: live.RoleHost, Joined: 7}
	got, _ := s.joinFor("r", want, time.Hour)
	if got.Joined < created || got.Joined == 7 {
		t.Errorf("joined at %d, want an instant of the store's after %d", got.Joined, created)
	}
	want.Joined = got.Joined
	if got != want {
		t.Errorf("Join = %+v, want %+v", got, want)
	}
	member := []room.Member{{User: want.User, Name: want.Name, Role: want.Role, Joined: want.Joined, Sessions: 1}}
	if got := s.members("r", "", 10); !slices.Equal(got, member) {
		t.Errorf("Members = %+v, want %+v", got, member)
	}
}

func joinAgainKeepsWhenItJoined(t *testing.T, s *rig) {
	s.create("r")
	first, _ := s.joinFor("r", stay("ann", "s"), time.Hour)
	s.pass(2 * time.Millisecond)
	want := room.Session{ID: "s", User: "ann", Name: "Another name", Role: live.RoleModerator, Joined: first.Joined}
	again := want
	again.Joined = 0
	if got, _ := s.joinFor("r", again, time.Hour); got != want {
		t.Errorf("again: %+v, want %+v", got, want)
	}
	if got := s.members("r", "", 1)[0]; got.Name != want.Name || got.Role != want.Role || got.Joined != first.Joined {
		t.Errorf("Members = %+v, want the new name and role", got)
	}
}

func joinOfAnothersSessionIsRefused(t *testing.T, s *rig) {
	s.create("r")
	s.join("r", "ann", "s")
	_, _, err := s.Presence.Join(t.Context(), "r", stay("bob", "s"), time.Hour)
	if !errors.Is(err, store.ErrSessionTaken) {
		t.Errorf("%v, want ErrSessionTaken", err)
	}
	if members := s.members("r", "", 10); len(members) != 1 || members[0].User != "ann" || members[0].Name != "Name of ann" {
		t.Errorf("Members = %+v, want ann alone", members)
	}
	s.create("other")
	s.join("other", "bob", "s")
	s.leave("r", "ann", "s")
	if got := s.join("r", "bob", "s"); got != (room.Online{Users: 1, Sessions: 1}) {
		t.Errorf("after ann left: %+v", got)
	}
}

func joinAgainRenewsTheLease(t *testing.T, s *rig) {
	s.create("r")
	s.joinFor("r", stay("ann", "longer"), moment)
	s.join("r", "ann", "longer")
	s.join("r", "bob", "shorter")
	s.joinFor("r", stay("bob", "shorter"), moment)
	s.lapse()
	if got := s.expire(10); !slices.Equal(got, []store.Departure{{Room: "r", User: "bob"}}) {
		t.Errorf("Expire = %+v, want bob, whose lease was shortened", got)
	}
	s.wantOnline("r", 1, 1)
}

func leaveEndsOneSession(t *testing.T, s *rig) {
	s.create("r")
	s.join("r", "ann", "a1")
	s.join("r", "ann", "a2")
	if s.leave("r", "ann", "a1") {
		t.Error("gone with the first of two sessions")
	}
	s.wantOnline("r", 1, 1)
	if s.leave("r", "ann", "a1") {
		t.Error("gone with a session that had ended")
	}
	if !s.leave("r", "ann", "a2") {
		t.Error("not gone with the last session")
	}
	s.wantOnline("r", 0, 0)
	if s.leave("r", "ann", "a2") {
		t.Error("gone twice")
	}
}

func leaveEndsAllSessions(t *testing.T, s *rig) {
	s.create("r")
	s.join("r", "ann", "a1")
	s.join("r", "ann", "a2")
	s.join("r", "bob", "b1")
	if !s.leave("r", "ann", "") {
		t.Error("not gone with all sessions")
	}
	s.wantOnline("r", 1, 1)
	if gone := s.renew("r", time.Hour, "a1", "a2", "b1"); !slices.Equal(gone, []live.SessionID{"a1", "a2"}) {
		t.Errorf("Renew says %q are gone, want ann's", gone)
	}
}

func leaveOfNobodyIsNothing(t *testing.T, s *rig) {
	s.create("r")
	s.join("r", "ann", "a1")
	head := s.head("r")
	for _, nobody := range []room.Session{stay("ann", "b1"), stay("bob", "a1"), stay("bob", ""), stay("", "")} {
		if s.leave("r", nobody.User, nobody.ID) {
			t.Errorf("%q is gone by leaving %q", nobody.User, nobody.ID)
		}
	}
	s.wantOnline("r", 1, 1)
	if now := s.head("r"); now != head {
		t.Errorf("the head moved from %+v to %+v", head, now)
	}
}

func leaveAndReturn(t *testing.T, s *rig) {
	s.create("r")
	first, _ := s.joinFor("r", stay("ann", "s"), moment)
	s.leave("r", "ann", "s")
	s.lapse()
	second, _ := s.joinFor("r", stay("ann", "s"), time.Hour)
	if second.Joined <= first.Joined {
		t.Errorf("joined at %d after leaving, first at %d: want it later", second.Joined, first.Joined)
	}
	if got := s.expire(10); len(got) != 0 {
		t.Errorf("Expire = %+v, want that the former lease is gone", got)
	}
	s.wantOnline("r", 1, 1)
}

func leaseIsOverAtItsInstant(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	s.joinFor("r", stay("ann", "s"), time.Second)
	clock.Advance(time.Second - time.Millisecond)
	if got := s.expire(10); len(got) != 0 {
		t.Errorf("a millisecond before: %+v", got)
	}
	clock.Advance(time.Millisecond)
	if got := s.expire(10); len(got) != 1 {
		t.Errorf("at the instant: %+v", got)
	}
}

func leaseOverCountsUntilExpired(t *testing.T, s *rig) {
	s.create("r")
	s.joinFor("r", stay("ann", "a"), moment)
	s.joinFor("r", stay("bob", "b"), moment)
	s.lapse()
	s.wantOnline("r", 2, 2)
	if members := s.members("r", "", 10); len(members) != 2 {
		t.Errorf("Members = %+v, want both", members)
	}
	if gone := s.renew("r", time.Hour, "a"); len(gone) != 0 {
		t.Errorf("Renew = %q, want that it can be renewed still", gone)
	}
	if got := s.expire(10); !slices.Equal(got, []store.Departure{{Room: "r", User: "bob"}}) {
		t.Errorf("Expire = %+v, want bob", got)
	}
	s.wantOnline("r", 1, 1)
}

func renewLengthensALease(t *testing.T, s *rig) {
	s.create("r")
	s.joinFor("r", stay("ann", "a"), moment)
	s.joinFor("r", stay("bob", "b"), moment)
	s.renew("r", time.Hour, "a")
	s.lapse()
	if got := s.expire(10); !slices.Equal(got, []store.Departure{{Room: "r", User: "bob"}}) {
		t.Errorf("Expire = %+v, want bob, who was not renewed", got)
	}
	s.renew("r", moment, "a")
	s.lapse()
	if got := s.expire(10); !slices.Equal(got, []store.Departure{{Room: "r", User: "ann"}}) {
		t.Errorf("Expire = %+v, want ann", got)
	}
}

func renewShortensALease(t *testing.T, s *rig) {
	s.create("r")
	s.join("r", "ann", "a")
	s.join("r", "bob", "b")
	s.renew("r", moment, "a", "b")
	s.renew("r", time.Hour, "b")
	s.lapse()
	if got := s.expire(10); !slices.Equal(got, []store.Departure{{Room: "r", User: "ann"}}) {
		t.Errorf("Expire = %+v, want ann, whose lease stayed short", got)
	}
}

func renewReturnsWhatIsGone(t *testing.T, s *rig) {
	s.create("r")
	s.join("r", "ann", "a")
	if gone := s.renew("r", time.Hour); len(gone) != 0 {
		t.Errorf("of none: %q", gone)
	}
	if gone := s.renew("r", time.Hour, "x", "a", "y"); !slices.Equal(gone, []live.SessionID{"x", "y"}) {
		t.Errorf("Renew = %q, want x and y", gone)
	}
	s.wantOnline("r", 1, 1)
}

func expireReturnsUsersWithTheirLastSession(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	s.joinFor("r", stay("ann", "a1"), moment)
	s.join("r", "ann", "a2")
	s.joinFor("r", stay("bob", "b1"), moment)
	s.joinFor("r", stay("bob", "b2"), moment)
	s.joinFor("other", stay("ann", "a1"), moment)
	s.lapse()
	got := s.expire(10)
	slices.SortFunc(got, func(a, b store.Departure) int { return slices.Compare([]byte(a.User), []byte(b.User)) })
	if want := []store.Departure{{Room: "other", User: "ann"}, {Room: "r", User: "bob"}}; !slices.Equal(got, want) {
		t.Errorf("Expire = %+v, want %+v", got, want)
	}
	s.wantOnline("r", 1, 1)
	s.wantOnline("other", 0, 0)
	if again := s.expire(10); len(again) != 0 {
		t.Errorf("again: %+v", again)
	}
}

func expireEndsAsManyAsAsked(t *testing.T, s *rig) {
	s.create("r")
	for i := range 7 {
		id := fmt.Sprint(i)
		s.joinFor("r", stay(live.UserID(id), live.SessionID(id)), moment)
		s.renew("r", 2*moment, live.SessionID(id))
		s.renew("r", moment, live.SessionID(id))
	}
	for i := range 3 {
		s.joinFor("r", stay("ann", live.SessionID(fmt.Sprint("gone", i))), moment)
	}
	s.leave("r", "ann", "")
	s.lapse()
	var counts []int
	for range 4 {
		counts = append(counts, len(s.expire(3)))
	}
	if !slices.Equal(counts, []int{3, 3, 1, 0}) {
		t.Errorf("3 at a time of 7: %v", counts)
	}
}

func expireSparesWhoReturned(t *testing.T, s *rig) {
	s.create("r")
	s.joinFor("r", stay("ann", "s"), moment)
	s.lapse()
	if got := s.expire(10); len(got) != 1 {
		t.Fatalf("Expire = %+v, want ann", got)
	}
	if gone := s.renew("r", time.Hour, "s"); !slices.Equal(gone, []live.SessionID{"s"}) {
		t.Errorf("Renew = %q, want that it is gone", gone)
	}
	s.join("r", "ann", "s")
	s.lapse()
	if got := s.expire(10); len(got) != 0 {
		t.Errorf("Expire = %+v after ann returned", got)
	}
	s.wantOnline("r", 1, 1)
}

func expirePublishesNothing(t *testing.T, s *rig) {
	s.create("r")
	s.joinFor("r", stay("ann", "s"), moment)
	s.lapse()
	head := s.head("r")
	s.expire(10)
	if now := s.head("r"); now != head {
		t.Errorf("the head moved from %+v to %+v", head, now)
	}
}

func expireEndsEachOnce(t *testing.T, s *rig) {
	s.create("r")
	for i := range 200 {
		s.joinFor("r", stay(live.UserID(fmt.Sprint(i)), live.SessionID(fmt.Sprint(i))), moment)
	}
	s.lapse()
	var seen [200]atomic.Int32
	parallel(8, func(int) {
		for range 30 {
			for _, d := range s.expire(10) {
				var i int
				if _, err := fmt.Sscan(string(d.User), &i); err != nil {
					t.Errorf("a departure of %q", d.User)
				}
				seen[i].Add(1)
			}
		}
	})
	for i := range seen {
		if n := seen[i].Load(); n != 1 {
			t.Errorf("user %d was gone %d times", i, n)
		}
	}
	s.wantOnline("r", 0, 0)
}

// users returns the ids of members.
func users(members []room.Member) []live.UserID {
	all := make([]live.UserID, len(members))
	for i, m := range members {
		all[i] = m.User
	}
	return all
}

func membersAreInOrderOfIDBytes(t *testing.T, s *rig) {
	s.create("r")
	want := []live.UserID{" ", "10", "9", "B", "_", "a", "a b", "a:b", "ab", "a{b}", "\u00c4", "\u00e4", "\u65e5", "\U0001F3A4"}
	slices.Sort(want)
	for i := range want {
		user := want[(i*5)%len(want)]
		s.join("r", user, live.SessionID("of "+user))
	}
	if got := users(s.members("r", "", 100)); !slices.Equal(got, want) {
		t.Errorf("Members = %q\nwant %q", got, want)
	}
}

func membersArePaged(t *testing.T, s *rig) {
	s.create("r")
	for _, user := range []live.UserID{"d", "a", "c", "e", "b"} {
		s.join("r", user, live.SessionID("of "+user))
	}
	tests := []struct {
		after live.UserID
		limit int
		want  []live.UserID
	}{
		{"", 2, []live.UserID{"a", "b"}},
		{"b", 2, []live.UserID{"c", "d"}},
		{"d", 2, []live.UserID{"e"}},
		{"e", 2, []live.UserID{}},
		{"bb", 1, []live.UserID{"c"}},
	}
	for _, test := range tests {
		if got := users(s.members("r", test.after, test.limit)); !slices.Equal(got, test.want) {
			t.Errorf("after %q, %d: %q, want %q", test.after, test.limit, got, test.want)
		}
	}
}

func memberIsTheirFirstSession(t *testing.T, s *rig) {
	s.create("r")
	for _, id := range []live.SessionID{"z", "m", "a"} {
		session := stay("ann", id)
		session.Name = "Ann by " + string(id)
		s.joinFor("r", session, time.Hour)
		s.pass(2 * time.Millisecond)
	}
	first := s.members("r", "", 1)[0]
	if first.Name != "Ann by z" || first.Sessions != 3 {
		t.Errorf("Members = %+v, want the first session's name and 3 sessions", first)
	}
	s.leave("r", "ann", "z")
	second := s.members("r", "", 1)[0]
	if second.Name != "Ann by m" || second.Sessions != 2 || second.Joined <= first.Joined {
		t.Errorf("Members = %+v after the first left, want the second's", second)
	}
}

// presenceModel is who should be in a room: sessions, and which of them are over.
type presenceModel struct {
	s        *rig
	id       live.RoomID
	sessions map[live.SessionID]live.UserID
	over     map[live.SessionID]bool
}

// of returns a user's sessions.
func (m *presenceModel) of(user live.UserID) []live.SessionID {
	var all []live.SessionID
	for session, owner := range m.sessions {
		if owner == user {
			all = append(all, session)
		}
	}
	return all
}

// end ends sessions and returns the users who are gone with them, in order.
func (m *presenceModel) end(sessions ...live.SessionID) []live.UserID {
	var gone []live.UserID
	for _, session := range sessions {
		user := m.sessions[session]
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
	_, _, err := m.s.Presence.Join(m.s.t.Context(), m.id, stay(user, session), leaseOf(short))
	if owner, there := m.sessions[session]; there && owner != user {
		if !errors.Is(err, store.ErrSessionTaken) {
			m.s.t.Fatalf("Join of %s's session: %v, want ErrSessionTaken", owner, err)
		}
		return
	}
	if err != nil {
		m.s.t.Fatalf("Join: %v", err)
	}
	m.sessions[session], m.over[session] = user, short
}

// renew renews in both.
func (m *presenceModel) renew(session live.SessionID, short bool) {
	gone := m.s.renew(m.id, leaseOf(short), session)
	_, there := m.sessions[session]
	if there != (len(gone) == 0) {
		m.s.t.Fatalf("Renew says %q are gone, want %s there: %v", gone, session, there)
	}
	if there {
		m.over[session] = short
	}
}

// leaseOf returns a lease that will be over at the next expiry, or never.
func leaseOf(short bool) time.Duration {
	if short {
		return time.Millisecond
	}
	return time.Hour
}

// leave leaves both.
func (m *presenceModel) leave(user live.UserID, session live.SessionID) {
	var ending []live.SessionID
	for _, s := range m.of(user) {
		if session == "" || s == session {
			ending = append(ending, s)
		}
	}
	want := len(m.end(ending...)) > 0
	if got := m.s.leave(m.id, user, session); got != want {
		m.s.t.Fatalf("Leave(%s, %s) = %v, want %v", user, session, got, want)
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
	for _, user := range m.sessions {
		want[user]++
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
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := &presenceModel{s.within(t), live.RoomID(fmt.Sprint("r", n)), map[live.SessionID]live.UserID{}, map[live.SessionID]bool{}}
		m.s.create(m.id)
		join := func(t *rapid.T) {
			m.join(someUser.Draw(t, "user"), someSession.Draw(t, "session"), rapid.Bool().Draw(t, "short"))
		}
		t.Repeat(map[string]func(*rapid.T){
			"join":  join,
			"enter": join, // more often than the others
			"renew": func(t *rapid.T) {
				m.renew(someSession.Draw(t, "session"), rapid.Bool().Draw(t, "short"))
			},
			"leave": func(t *rapid.T) {
				m.leave(someUser.Draw(t, "user"), rapid.OneOf(someSession, rapid.Just(live.SessionID(""))).Draw(t, "session"))
			},
			"expire": func(*rapid.T) { m.expire() },
			"":       func(*rapid.T) { m.agrees() },
		})
	})
}
