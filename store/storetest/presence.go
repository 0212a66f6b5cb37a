package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

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
	{"ExpireSaysWhatEndedAndWhen", expireSaysWhatEndedAndWhen},
	{"ExpireReturnsAgainWhatIsNotSettled", expireReturnsAgainWhatIsNotSettled},
	{"LeaveSaysWhatEnded", leaveSaysWhatEnded},
	{"ExpireReturnsWhatWasLeftAndNotSettled", expireReturnsWhatWasLeftAndNotSettled},
	{"EndedIsReturnedUntilSettled", endedIsReturnedUntilSettled},
	{"EndLeavesWhenTheyWereSeen", endLeavesWhenTheyWereSeen},
	{"EndIsOutlivedByWhoRenews", endIsOutlivedByWhoRenews},
	{"EndLeavesNobody", endLeavesNobody},
	{"EndIsToldInPortions", endIsToldInPortions},
	{"EndIsAModel", endIsAModel},
	{"JoinsAreIncarnations", joinsAreIncarnations},
	{"StaleIncarnationEndsNothing", staleIncarnationEndsNothing},
	{"StaleIncarnationShortensNothing", staleIncarnationShortensNothing},
	{"RenewIsTheOwners", renewIsTheOwners},
	{"RenewIsOfManyRooms", renewIsOfManyRooms},
	{"OnlineIsOfManyRooms", onlineIsOfManyRooms},
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
	want.Joined, want.Incarnation = got.Joined, got.Incarnation
	if got != want || got.Incarnation <= 0 {
		t.Errorf("Join = %+v, want %+v", got, want)
	}
	member := []room.Member{{User: want.User, Name: want.Name, Role: want.Role, Joined: want.Joined, Sessions: 1}}
	if got := s.members("r", "", 10); !slices.Equal(got, member) {
		t.Errorf("Members = %+v, want %+v", got, member)
	}
}

func joinAgainKeepsWhenItJoined(t *testing.T, s *rig) {
	s.create("r")
	first := s.enter("r", "ann", "s")
	s.pass(2 * time.Millisecond)
	want := room.Session{ID: "s", User: "ann", Name: "Another name", Role: live.RoleModerator, Joined: first.Joined}
	again := want
	again.Joined = 0
	got, _ := s.joinFor("r", again, time.Hour)
	if want.Incarnation = got.Incarnation; got != want || got.Incarnation <= first.Incarnation {
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
	if gone := s.renew("r", time.Hour, stay("ann", "a1"), stay("ann", "a2"), stay("bob", "b1")); !slices.Equal(gone, []live.SessionID{"a1", "a2"}) {
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
	s.wantHead("r", head)
}

func leaveAndReturn(t *testing.T, s *rig) {
	s.create("r")
	first, _ := s.joinFor("r", stay("ann", "s"), moment)
	s.leave("r", "ann", "s")
	s.lapse()
	second := s.enter("r", "ann", "s")
	if second.Joined <= first.Joined {
		t.Errorf("joined at %d after leaving, first at %d: want it later", second.Joined, first.Joined)
	}
	if got := s.expire(10); len(got) != 0 {
		t.Errorf("Expire = %+v, want that the former lease is gone", got)
	}
	s.wantOnline("r", 1, 1)
}

func onlineIsOfManyRooms(t *testing.T, s *rig) {
	want := make(map[live.RoomID]room.Online)
	ids := []live.RoomID{"absent"}
	for i := range 20 {
		id := live.RoomID(fmt.Sprint("r", i))
		s.create(id)
		for j := range i {
			s.join(id, live.UserID(fmt.Sprint(j)), live.SessionID(fmt.Sprint(j)))
		}
		ids = append(ids, id)
		want[id] = room.Online{Users: i, Sessions: i}
	}
	s.end("r7")
	want["r7"] = room.Online{}
	got, err := s.Presence.Online(t.Context(), ids)
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("Online = %+v, %v\nwant %+v", got, err, want)
	}
	if got, err := s.Presence.Online(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("Online of none = %+v, %v", got, err)
	}
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
