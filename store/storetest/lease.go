package storetest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

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
	slices.SortFunc(got, func(a, b store.Departure) int { return cmp.Compare(a.User, b.User) })
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

func expirePublishesNothing(_ *testing.T, s *rig) {
	s.create("r")
	s.joinFor("r", stay("ann", "s"), moment)
	s.lapse()
	head := s.head("r")
	s.expire(10)
	s.wantHead("r", head)
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
	s.wantHead("r", head)
}

func renewIsTheOwners(t *testing.T, s *rig) {
	s.create("r")
	ann := s.enter("r", "ann", "s")
	for _, i := range []room.Incarnation{0, ann.Incarnation} {
		claim := store.Lease{Session: "s", User: "bob", Incarnation: i}
		if lost := s.renewAll("r", moment, claim); !slices.Equal(lost, []store.Lost{{Lease: claim}}) {
			t.Errorf("Renew by another = %+v, want it lost, and not resumed", lost)
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
		all[id] = []store.Lease{store.LeaseOf(stay("ann", "a")), store.LeaseOf(stay("cy", "c"))}
		want[id] = []store.Lost{{Lease: all[id][1]}}
	}
	s.create("ended")
	ann := s.enter("ended", "ann", "a")
	over := outlived(s.end("ended"), ann, 0)
	over.LastSeen = over.At
	all["ended"], all["absent"] = []store.Lease{store.LeaseOf(ann)}, []store.Lease{{Session: "a", User: "ann"}}
	want["ended"], want["absent"] = []store.Lost{{Lease: all["ended"][0], Ended: &over}}, []store.Lost{{Lease: all["absent"][0]}}
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
