package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
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
	{"ExpireSaysWhatEndedAndWhen", expireSaysWhatEndedAndWhen},
	{"ExpireReturnsAgainWhatIsNotSettled", expireReturnsAgainWhatIsNotSettled},
	{"LeaveSaysWhatEnded", leaveSaysWhatEnded},
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
	first, _ := s.joinFor("r", stay("ann", "s"), time.Hour)
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
	if gone := s.renew("r", time.Hour, stay("ann", "a")); len(gone) != 0 {
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
	s.renew("r", time.Hour, stay("ann", "a"))
	s.lapse()
	if got := s.expire(10); !slices.Equal(got, []store.Departure{{Room: "r", User: "bob"}}) {
		t.Errorf("Expire = %+v, want bob, who was not renewed", got)
	}
	s.renew("r", moment, stay("ann", "a"))
	s.lapse()
	if got := s.expire(10); !slices.Equal(got, []store.Departure{{Room: "r", User: "ann"}}) {
		t.Errorf("Expire = %+v, want ann", got)
	}
}

func renewShortensALease(t *testing.T, s *rig) {
	s.create("r")
	s.join("r", "ann", "a")
	s.join("r", "bob", "b")
	s.renew("r", moment, stay("ann", "a"), stay("bob", "b"))
	s.renew("r", time.Hour, stay("bob", "b"))
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
	if gone := s.renew("r", time.Hour, stay("ann", "x"), stay("ann", "a"), stay("ann", "y")); !slices.Equal(gone, []live.SessionID{"x", "y"}) {
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
		joined, _ := s.joinFor("r", stay(live.UserID(id), live.SessionID(id)), moment)
		s.renew("r", 2*moment, joined)
		s.renew("r", moment, joined)
	}
	for i := range 3 {
		s.joinFor("r", stay("ann", live.SessionID(fmt.Sprint("gone", i))), moment)
	}
	s.leave("r", "ann", "")
	s.lapse()
	var counts []int
	for range 4 {
		ended, more := s.lapsed(3)
		counts = append(counts, len(ended))
		if len(ended) == 3 && len(counts) < 2 && !more {
			t.Error("3 of 7, and no more")
		}
		if len(ended) < 3 && more {
			t.Errorf("%d of 3, and more", len(ended))
		}
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
	if gone := s.renew("r", time.Hour, stay("ann", "s")); !slices.Equal(gone, []live.SessionID{"s"}) {
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

func expireSaysWhatEndedAndWhen(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	one, _ := s.joinFor("r", stay("ann", "one"), time.Second)
	clock.Advance(100 * time.Millisecond)
	another, _ := s.joinFor("r", stay("ann", "another"), time.Second)
	clock.Advance(500 * time.Millisecond)
	s.renew("r", time.Second, one)
	seen := clock.Now()
	clock.Advance(time.Minute)
	got, more := s.lapsed(10)
	slices.SortFunc(got, func(a, b store.Ended) int { return cmp.Compare(a.Joined, b.Joined) })
	want := []store.Ended{
		{Room: "r", Session: one, LastSeen: seen, At: clock.Now()},
		{Room: "r", Session: another, LastSeen: another.Joined, At: clock.Now()},
	}
	for i := range got {
		want[i].Gone = len(gone(got[i:i+1])) == 1 // either may be the last
	}
	if !slices.Equal(got, want) || more || len(gone(got)) != 1 {
		t.Errorf("Expire = %+v, %v\nwant %+v", got, more, want)
	}
}

func expireReturnsAgainWhatIsNotSettled(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	for i := range 5 {
		id := fmt.Sprint(i)
		s.joinFor("r", stay(live.UserID(id), live.SessionID(id)), moment)
	}
	s.lapse()
	first, _ := s.lapsed(5)
	again := func() (ended []store.Ended) {
		clock.Advance(time.Hour) // as long as a backend may take
		for more := true; more; {
			var some []store.Ended
			some, more = s.lapsed(2)
			ended = append(ended, some...)
		}
		slices.SortFunc(ended, func(a, b store.Ended) int { return cmp.Compare(a.ID, b.ID) })
		return ended
	}
	slices.SortFunc(first, func(a, b store.Ended) int { return cmp.Compare(a.ID, b.ID) })
	if now, _ := s.lapsed(5); len(first) != 5 || len(now) != 0 {
		t.Errorf("Expire = %+v, then %+v at once", first, now)
	}
	head := s.head("r")
	for range 2 {
		if got := again(); !slices.Equal(got, first) {
			t.Errorf("again: %+v\nwant %+v", got, first)
		}
	}
	s.settle(first[1:])
	s.join("r", "0", "0") // another incarnation, which is not to be settled
	if got := again(); len(got) != 2 || got[0].Incarnation == got[1].Incarnation {
		t.Errorf("of one not settled, and one that lapsed since: %+v", got)
	}
	s.settle(first)
	s.settle(first)
	if got := again(); len(got) != 1 || got[0].Incarnation == first[0].Incarnation {
		t.Errorf("after all but the second stay of 0 are settled: %+v", got)
	}
	if now := s.head("r"); now != head {
		t.Errorf("the head moved from %+v to %+v", head, now)
	}
}

func leaveSaysWhatEnded(t *testing.T, s *rig) {
	s.create("r")
	one, another := s.enter("r", "ann", "one"), s.enter("r", "ann", "another")
	s.join("r", "bob", "b")
	first := s.depart(store.Departure{Room: "r", User: "ann", Session: "one"})
	if len(first) != 1 || first[0].Session != one || first[0].Room != "r" || first[0].Gone ||
		first[0].LastSeen < one.Joined || first[0].At < first[0].LastSeen {
		t.Errorf("Leave = %+v, want %+v", first, one)
	}
	second := s.depart(store.Departure{Room: "r", User: "ann", Reason: store.ReasonModerated})
	if len(second) != 1 || second[0].Session != another || !second[0].Gone {
		t.Errorf("Leave = %+v, want %+v, and ann gone", second, another)
	}
	if again := s.depart(store.Departure{Room: "r", User: "ann"}); len(again) != 0 {
		t.Errorf("again: %+v", again)
	}
}

func joinsAreIncarnations(t *testing.T, s *rig) {
	s.create("r")
	last := room.Incarnation(0)
	for i := range 6 {
		joined := s.enter("r", "ann", "s")
		if joined.Incarnation <= last {
			t.Errorf("joined as %d after %d", joined.Incarnation, last)
		}
		last = joined.Incarnation
		if i%2 == 1 {
			s.leave("r", "ann", "s")
		}
	}
	if other := s.enter("r", "ann", "other"); other.Incarnation <= last {
		t.Errorf("another session joined as %d after %d", other.Incarnation, last)
	}
}

func staleIncarnationEndsNothing(t *testing.T, s *rig) {
	s.create("r")
	stale := s.enter("r", "ann", "s")
	s.apply("r", by("ann", batch("", seat("seat", "1"))))
	for range 2 {
		present := s.enter("r", "ann", "s")
		head := s.head("r")
		for _, i := range []room.Incarnation{stale.Incarnation, present.Incarnation + 1} {
			d := store.Departure{Room: "r", User: "ann", Session: "s", Incarnation: i}
			if ended := s.depart(d); len(ended) != 0 {
				t.Errorf("incarnation %d ended %+v", i, ended)
			}
		}
		if now := s.head("r"); now != head {
			t.Errorf("the head moved from %+v to %+v", head, now)
		}
		s.wantOnline("r", 1, 1)
		ended := s.depart(store.Departure{Room: "r", User: "ann", Session: "s", Incarnation: present.Incarnation})
		if len(gone(ended)) != 1 {
			t.Errorf("the present incarnation ended %+v, want ann gone", ended)
		}
	}
}

func staleIncarnationShortensNothing(t *testing.T, s *rig) {
	s.create("r")
	stale := s.enter("r", "ann", "s")
	present := s.enter("r", "ann", "s")
	if lost := s.renewAll("r", moment, stale); !slices.Equal(lost, []store.Lost{{Lease: leaseOf(stale), Resumed: true}}) {
		t.Errorf("Renew of a stale incarnation = %+v, want it lost, and resumed", lost)
	}
	s.lapse()
	if ended, _ := s.lapsed(10); len(ended) != 0 {
		t.Errorf("Expire = %+v, want that the lease was not shortened", ended)
	}
	if lost := s.renewAll("r", moment, present); len(lost) != 0 {
		t.Errorf("Renew of the present incarnation = %+v", lost)
	}
	s.lapse()
	if ended, _ := s.lapsed(10); len(ended) != 1 || ended[0].Session != present {
		t.Errorf("Expire = %+v, want %+v", ended, present)
	}
}

func renewIsTheOwners(t *testing.T, s *rig) {
	s.create("r")
	ann := s.enter("r", "ann", "s")
	for _, i := range []room.Incarnation{0, ann.Incarnation} {
		claim := store.Lease{Session: "s", User: "bob", Incarnation: i}
		lost, err := s.Presence.Renew(t.Context(), map[live.RoomID][]store.Lease{"r": {claim}}, moment)
		if err != nil || !slices.Equal(lost["r"], []store.Lost{{Lease: claim}}) {
			t.Errorf("Renew by another = %+v, %v; want it lost, and not resumed", lost, err)
		}
	}
	s.lapse()
	if ended, _ := s.lapsed(10); len(ended) != 0 {
		t.Errorf("Expire = %+v, want that nothing was shortened", ended)
	}
}

func renewIsOfManyRooms(t *testing.T, s *rig) {
	all := make(map[live.RoomID][]store.Lease)
	want := make(map[live.RoomID][]store.Lost)
	for i := range 20 {
		id := live.RoomID(fmt.Sprint("r", i))
		s.create(id)
		s.joinFor(id, stay("ann", "a"), moment)
		s.joinFor(id, stay("bob", "b"), moment)
		all[id] = []store.Lease{leaseOf(stay("ann", "a")), leaseOf(stay("cy", "c"))}
		want[id] = []store.Lost{{Lease: all[id][1]}}
	}
	s.create("ended")
	all["ended"], all["absent"] = []store.Lease{leaseOf(s.enter("ended", "ann", "a"))}, []store.Lease{{Session: "a", User: "ann"}}
	want["ended"], want["absent"] = []store.Lost{{Lease: all["ended"][0]}}, []store.Lost{{Lease: all["absent"][0]}}
	s.end("ended")
	lost, err := s.Presence.Renew(t.Context(), all, time.Hour)
	if err != nil || !reflect.DeepEqual(lost, want) {
		t.Errorf("Renew = %+v, %v\nwant %+v", lost, err, want)
	}
	s.lapse()
	if ended, _ := s.lapsed(100); len(ended) != 20 || slices.ContainsFunc(ended, func(e store.Ended) bool { return e.User != "bob" }) {
		t.Errorf("Expire = %+v, want bob of 20 rooms", ended)
	}
	for _, none := range []map[live.RoomID][]store.Lease{nil, {"r0": nil}} {
		if lost, err := s.Presence.Renew(t.Context(), none, time.Hour); err != nil || len(lost) != 0 {
			t.Errorf("Renew(%v) = %+v, %v", none, lost, err)
		}
	}
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
	all := map[live.RoomID][]store.Lease{m.id: {l}}
	lost, err := m.s.Presence.Renew(m.s.t.Context(), all, termOf(short))
	must(m.s, "Renew", lost, err)
	holds := m.holds(l)
	resumed := !holds && m.sessions[l.Session].User == l.User
	if want := []store.Lost{{Lease: l, Resumed: resumed}}; !holds && !slices.Equal(lost[m.id], want) || holds && len(lost) > 0 {
		m.s.t.Fatalf("Renew(%+v) = %+v, want it lost: %v, resumed: %v", l, lost, !holds, resumed)
	}
	if holds {
		m.over[l.Session] = short
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
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := &presenceModel{
			s: s.within(t), id: live.RoomID(fmt.Sprint("r", n)),
			sessions: map[live.SessionID]room.Session{}, over: map[live.SessionID]bool{},
		}
		m.s.create(m.id)
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
