package redis_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
	"github.com/ovation-live/ovation/store/storetest"
)

func join(
	tb testing.TB, s *redis.Store, id live.RoomID, user live.UserID, session live.SessionID, lease time.Duration,
) room.Session {
	tb.Helper()
	joined, _, err := s.Join(tb.Context(), id, room.Session{ID: session, User: user, Role: live.RoleViewer}, lease)
	if err != nil {
		tb.Fatalf("Join: %v", err)
	}
	return joined
}

func leave(tb testing.TB, s *redis.Store, d store.Departure) []store.Ended {
	tb.Helper()
	ended, err := s.Leave(tb.Context(), d)
	if err != nil {
		tb.Fatalf("Leave: %v", err)
	}
	return ended
}

func expire(tb testing.TB, s *redis.Store) []store.Ended {
	tb.Helper()
	ended, _, err := s.Expire(tb.Context(), 1000)
	if err != nil {
		tb.Fatalf("Expire: %v", err)
	}
	return ended
}

// onAClock opens a store on a server of its own and on a clock of its own.
func onAClock(tb testing.TB) (*redis.Store, *services.Redis, *storetest.Clock) {
	tb.Helper()
	server := services.NewRedis(tb)
	clock := storetest.NewClock(live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)))
	return connect(tb, redis.Config{URL: server.URL(), Prefix: "p:", Clock: clock.Now}), server, clock
}

// forget empties the index of all rooms, as if whoever was to write it had died.
func forget(tb testing.TB, server *services.Redis) {
	tb.Helper()
	for shard := range 16 {
		server.Do(tb, "DEL", fmt.Sprintf("p:{due:%02d}", shard))
	}
}

// A session that the index has lost is found by a sweep.
func TestSweepMendsTheIndex(t *testing.T) {
	t.Parallel()
	s, server, clock := onAClock(t)
	ids := begin(t, s, 5)
	for _, id := range ids[1:] {
		join(t, s, id, "ann", "s", time.Second)
	}
	forget(t, server)
	clock.Advance(2 * time.Second)
	if got := expire(t, s); len(got) != 0 {
		t.Fatalf("%+v have ended, and nobody knew of them", got)
	}
	if err := s.Sweep(t.Context(), append(ids, "absent")); err != nil {
		t.Fatal(err)
	}
	if got := expire(t, s); len(got) != len(ids)-1 {
		t.Errorf("%d sessions have ended after a sweep, want %d", len(got), len(ids)-1)
	}
}

// So is one in a room where others join or renew a while later.
func TestJoinsMendTheIndex(t *testing.T) {
	t.Parallel()
	for name, mend := range map[string]func(s *redis.Store, id live.RoomID){
		"join": func(s *redis.Store, id live.RoomID) { join(t, s, id, "bob", "b", time.Hour) },
		"renew": func(s *redis.Store, id live.RoomID) {
			_, err := s.Renew(t.Context(), map[live.RoomID][]store.Lease{id: {{Session: "cy", User: "cy"}}}, time.Hour)
			if err != nil {
				t.Error(err)
			}
		},
	} {
		s, server, clock := onAClock(t)
		id := begin(t, s, 1)[0]
		join(t, s, id, "ann", "s", time.Second)
		join(t, s, id, "cy", "cy", time.Hour)
		forget(t, server)
		clock.Advance(5 * time.Second)
		mend(s, id)
		if got := expire(t, s); len(got) != 0 {
			t.Errorf("%s: %+v have ended by what may be on its way still", name, got)
		}
		clock.Advance(10 * time.Second)
		mend(s, id)
		if got := expire(t, s); len(got) != 1 || got[0].User != "ann" {
			t.Errorf("%s: %+v have ended, want ann's session", name, got)
		}
	}
}

// The index lets go of rooms where nobody is, and of those that are no more.
func TestIndexLetsGo(t *testing.T) {
	t.Parallel()
	s, server, clock := onAClock(t)
	ids := begin(t, s, 20)
	for _, id := range ids {
		join(t, s, id, "ann", "s", time.Second)
	}
	for _, id := range ids[:10] {
		leave(t, s, store.Departure{Room: id, User: "ann"})
	}
	server.Do(t, "DEL", "p:{"+string(ids[15])+"}:state")
	clock.Advance(time.Minute)
	ended := expire(t, s)
	if len(ended) != 19 {
		t.Errorf("%d sessions have ended, want 10 that were left, and 9 that lapsed", len(ended))
	}
	if err := s.Settle(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Hour)
	if got := expire(t, s); len(got) != 0 {
		t.Errorf("%+v have ended again", got)
	}
	for shard := range 16 {
		if n := server.Do(t, "ZCARD", fmt.Sprintf("p:{due:%02d}", shard)); n != int64(0) {
			t.Errorf("shard %d has %v rooms", shard, n)
		}
	}
	for _, key := range []string{"sessions", "users", "stays", "leases", "ended"} {
		if n := server.Do(t, "EXISTS", "p:{"+string(ids[3])+"}:"+key); n != int64(0) {
			t.Errorf("%s of a room where nobody is are kept", key)
		}
	}
}

// What Expire has returned is returned again though the room has ended since.
func TestUnsettledSessionsOutliveTheirRoom(t *testing.T) {
	t.Parallel()
	s, _, clock := onAClock(t)
	id := begin(t, s, 1)[0]
	join(t, s, id, "ann", "s", time.Second)
	clock.Advance(time.Minute)
	first := expire(t, s)
	if err := s.Take(t.Context(), over(id, clock.Now())); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * time.Minute)
	if got := expire(t, s); len(first) != 1 || !slices.Equal(got, first) {
		t.Errorf("%+v, want again %+v", got, first)
	}
}

// over returns a room as it is handed over when it has ended.
func over(id live.RoomID, at live.Timestamp) room.Room {
	return room.Room{ID: id, State: room.Ended, Ended: at, Revision: 2, Settings: room.DefaultSettings()}
}

// What there is to tell of those who were in a room goes with it, even what was not there
// yet when it ended.
func TestWhatEndedGoesWithItsRoom(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t)
	clock := storetest.NewClock(live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)))
	s := connect(t, redis.Config{URL: server.URL(), Prefix: "p:", Clock: clock.Now, Retention: 500 * time.Millisecond})
	id := begin(t, s, 1)[0]
	ann := join(t, s, id, "ann", "a", time.Minute)
	join(t, s, id, "bob", "b", time.Second)
	if err := s.Take(t.Context(), over(id, clock.Now())); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * time.Second)
	for range 2 { // the first that ends and one that comes to it, whichever way
		expire(t, s)
		if _, err := s.Renew(t.Context(), map[live.RoomID][]store.Lease{id: {store.LeaseOf(ann)}}, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "nothing is left", func() bool {
		keys, ok := server.Do(t, "KEYS", "p:{"+string(id)+"}:*").([]any)
		return ok && len(keys) == 0
	})
}

// The end of a room costs as much however many are in it.
func TestEndOfACrowdedRoom(t *testing.T) {
	t.Parallel()
	s, server, clock := onAClock(t)
	ids := begin(t, s, 2)
	for i := range 1000 {
		join(t, s, ids[1], "ann", live.SessionID(fmt.Sprint(i)), time.Hour)
	}
	var cost [2]int
	commands := []string{"hget", "hmget", "hset", "hdel", "zadd", "zrem", "zrange", "unlink", "del", "pexpire", "set"}
	for i, id := range ids {
		before := calls(t, server, commands...)
		if err := s.Take(t.Context(), over(id, clock.Now())); err != nil {
			t.Fatal(err)
		}
		cost[i] = calls(t, server, commands...) - before
	}
	if cost[1] != cost[0] {
		t.Errorf("the end of a room of 1,000 sessions takes %d commands, of an empty one %d", cost[1], cost[0])
	}
	claims := make([]store.Lease, 700)
	for i := range claims {
		claims[i] = store.Lease{Session: live.SessionID(fmt.Sprint(i)), User: "ann"}
	}
	lost, err := s.Renew(t.Context(), map[live.RoomID][]store.Lease{ids[1]: claims}, time.Hour)
	if err != nil || len(lost[ids[1]]) != len(claims) {
		t.Fatalf("%d are lost, %v", len(lost[ids[1]]), err)
	}
	ended := make([]store.Ended, len(claims))
	for i, l := range lost[ids[1]] {
		if l.Ended == nil || l.Ended.ID != claims[i].Session || l.Ended.LastSeen != clock.Now() {
			t.Fatalf("%d: %+v, ended %+v", i, l, l.Ended)
		}
		ended[i] = *l.Ended
	}
	if err := s.Settle(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	clock.Advance(2 * time.Hour)
	if got := expire(t, s); len(got) != 300 {
		t.Errorf("%d are told besides, want 300", len(got))
	}
}

// However joins, renewals and two nodes that look for what is over come together, every
// session ends once, and none is overlooked: nobody comes afterwards who would notice.
func TestLeasesEndOnceAndAll(t *testing.T) {
	t.Parallel()
	a, b := twice(t, services.SharedRedis(t))
	nodes := []*redis.Store{a, b}
	ids := begin(t, a, 12)
	const callers, each = 4, 150
	var joining, looking sync.WaitGroup
	done := make(chan struct{})
	var mu sync.Mutex
	over := make(map[string]int)
	look := func(s *redis.Store) {
		ended, _, err := s.Expire(t.Context(), 7)
		if err == nil {
			err = s.Settle(t.Context(), ended)
		}
		if err != nil {
			t.Errorf("Expire: %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, e := range ended {
			over[fmt.Sprint(e.Room, e.ID, e.Incarnation)]++
		}
	}
	for _, s := range nodes {
		looking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					look(s)
				}
			}
		})
	}
	for n := range callers {
		joining.Go(func() {
			for i := range each {
				s, id := nodes[(n+i)%2], ids[(n*7+i*5)%len(ids)]
				name := fmt.Sprint(n, " ", i)
				term := time.Duration(1+(i*13+n)%30) * time.Millisecond
				session := join(t, s, id, live.UserID(name), live.SessionID(name), term)
				if i%3 == 0 {
					leases := map[live.RoomID][]store.Lease{id: {store.LeaseOf(session)}}
					if _, err := s.Renew(t.Context(), leases, time.Duration(1+i%7)*time.Millisecond); err != nil {
						t.Errorf("Renew: %v", err)
					}
				}
			}
		})
	}
	joining.Wait()
	// Who is overlooked is found when the room is looked at again for those not settled: a
	// minute later.
	deadline := time.Now().Add(30 * time.Second)
	eventually(t, "all sessions have ended", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(over) == callers*each || time.Now().After(deadline)
	})
	close(done)
	looking.Wait()
	if len(over) != callers*each {
		t.Errorf("%d sessions have ended of %d", len(over), callers*each)
	}
	for name, n := range over {
		if n != 1 {
			t.Errorf("%s ended %d times", name, n)
		}
	}
}

// A server that was told to evict keys may lose one of a room's: nothing stands still by that.
func TestPresenceSurvivesTheLossOfAKey(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"sessions", "users", "stays", "leases"} {
		s, server, clock := onAClock(t)
		id := begin(t, s, 1)[0]
		join(t, s, id, "ann", "a", time.Second)
		join(t, s, id, "ann", "b", time.Second)
		server.Do(t, "DEL", "p:{"+string(id)+"}:"+key)
		if _, err := s.Members(t.Context(), id, "", 10); err != nil {
			t.Errorf("without %s: Members: %v", key, err)
		}
		clock.Advance(time.Minute)
		expire(t, s)
		leave(t, s, store.Departure{Room: id, User: "ann"})
		join(t, s, id, "bob", "c", time.Second)
		clock.Advance(2 * time.Second)
		if got := expire(t, s); len(got) != 1 || got[0].User != "bob" || !got[0].Gone {
			t.Errorf("without %s: %+v have ended in the end, want bob's session", key, got)
		}
	}
}

// However many there are, members come in order, each whole.
func TestMembersOfACrowd(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	id := begin(t, s, 1)[0]
	const users = 300
	for i := range users {
		for j := range 1 + i%3 {
			session := live.SessionID(fmt.Sprint(i, " ", j))
			join(t, s, id, live.UserID(fmt.Sprintf("user %03d", i)), session, time.Hour)
		}
	}
	for _, limit := range []int{1, 127, 128, 129, 256, users, users + 1} {
		got, err := s.Members(t.Context(), id, "user 000", limit)
		if want := min(limit, users-1); err != nil || len(got) != want {
			t.Fatalf("%d members of at most %d, %v; want %d", len(got), limit, err, want)
		}
		for i, m := range got {
			if m.User != live.UserID(fmt.Sprintf("user %03d", i+1)) || m.Sessions != 1+(i+1)%3 {
				t.Fatalf("member %d is %+v", i+1, m)
			}
		}
	}
	ended := leave(t, s, store.Departure{Room: id, User: "user 002"})
	if len(ended) != 3 || !ended[2].Gone {
		t.Errorf("user 002 left with %+v, want 3 sessions", ended)
	}
}

// Whatever bytes ids are of, users are apart and in order.
func TestIDsOfAnyBytes(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	rooms := 0
	someID := rapid.Custom(func(t *rapid.T) string {
		return string(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 'a', 'b', '(', '[', 0x7f, 0xc3, 0xfe}), 1, 5).Draw(t, "id"))
	})
	rapid.Check(t, func(t *rapid.T) {
		rooms++
		id := live.RoomID(fmt.Sprint("r", rooms))
		if err := s.Begin(t.Context(), room.Room{ID: id, State: room.Live, Revision: 1, Settings: room.DefaultSettings()}); err != nil {
			t.Fatal(err)
		}
		there := make(map[live.UserID]int)
		for i, user := range rapid.SliceOfN(someID, 1, 12).Draw(t, "users") {
			there[live.UserID(user)]++
			session := room.Session{ID: live.SessionID(fmt.Sprint(i, user)), User: live.UserID(user)}
			if _, _, err := s.Join(t.Context(), id, session, time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		for len(there) > 0 {
			all, err := s.Members(t.Context(), id, "", 100)
			got := make([]live.UserID, len(all))
			for i, m := range all {
				got[i] = m.User
			}
			if want := slices.Sorted(maps.Keys(there)); err != nil || !slices.Equal(got, want) {
				t.Fatalf("members %q, %v; want %q", got, err, want)
			}
			user := rapid.SampledFrom(got).Draw(t, "leaves")
			ended, err := s.Leave(t.Context(), store.Departure{Room: id, User: user})
			if err != nil || len(ended) != there[user] {
				t.Fatalf("%q left with %+v, %v; want %d sessions", user, ended, err, there[user])
			}
			delete(there, user)
		}
	})
}

// Many leases of one room are renewed in several scripts, and told of in their order.
func TestRenewOfACrowd(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	id := begin(t, s, 1)[0]
	var claims []store.Lease
	var want []store.Lost
	for i := range 700 {
		session := live.SessionID(fmt.Sprint(i))
		claim := store.Lease{Session: session, User: "ann"}
		switch i % 3 {
		case 0:
			join(t, s, id, "ann", session, time.Hour)
		case 1:
			claim.Incarnation = join(t, s, id, "ann", session, time.Hour).Incarnation - 1
			want = append(want, store.Lost{Lease: claim, Resumed: true})
		default:
			want = append(want, store.Lost{Lease: claim})
		}
		claims = append(claims, claim)
	}
	lost, err := s.Renew(t.Context(), map[live.RoomID][]store.Lease{id: claims}, time.Hour)
	if err != nil || !slices.Equal(lost[id], want) {
		t.Errorf("%d are lost, %v; want %d", len(lost[id]), err, len(want))
	}
}

// Where a part of a cluster is away, what is about many rooms is done in the others.
func TestPresenceOfAPartOfACluster(t *testing.T) {
	t.Parallel()
	cluster := services.NewCluster(t, "--cluster-require-full-coverage", "no")
	const prefix = "p:"
	s := connect(t, redis.Config{URL: cluster.URL(), Prefix: prefix, Timeout: 2 * time.Second})
	ids := begin(t, s, 30)
	leases := make(map[live.RoomID][]store.Lease)
	for _, id := range ids {
		leases[id] = []store.Lease{store.LeaseOf(join(t, s, id, "ann", "s", time.Microsecond)), {Session: "absent", User: "ann"}}
	}
	slot := cluster.Slot(t, prefix+"{"+string(ids[0])+"}:state")
	lost := cluster.Primary(t, slot)
	var there []live.RoomID
	for _, id := range ids {
		if cluster.Primary(t, cluster.Slot(t, prefix+"{"+string(id)+"}:state")) != lost {
			there = append(there, id)
		}
	}
	for i, member := range cluster.Members {
		if i%3 == lost%3 { // and what would take over for it
			member.Pause(t)
			defer member.Resume(t)
		}
	}
	online, err := s.Online(t.Context(), ids)
	if !errors.Is(err, store.ErrUnavailable) || len(online) == 0 || len(online) > len(there) {
		t.Errorf("Online: %d of %d rooms, %v", len(online), len(there), err)
	}
	gone, err := s.Renew(t.Context(), leases, time.Microsecond)
	if !errors.Is(err, store.ErrUnavailable) || len(gone) == 0 || len(gone) > len(there) {
		t.Errorf("Renew: %d of %d rooms, %v", len(gone), len(there), err)
	}
	ended := 0
	eventually(t, "what lapsed elsewhere has ended, as far as the index can be read", func() bool {
		some, _, err := s.Expire(t.Context(), 1000)
		ended += len(some)
		return errors.Is(err, store.ErrUnavailable) && len(some) == 0
	})
	if ended == 0 || ended > len(there) {
		t.Errorf("%d sessions have ended of %d that can be reached", ended, len(there))
	}
}
