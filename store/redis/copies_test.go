package redis_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
	"github.com/ovation-live/ovation/store/redis"
)

var forGood = moderation.Term{Until: moderation.Forever, Why: "spam \x00 7"}

// bans is what acts in a place where users are banned.
func bans(place live.RoomID, revision int64, users ...live.UserID) paired.Acting {
	a := paired.Acting{Place: place, Revision: revision, Users: make(map[live.UserID]moderation.Terms)}
	for _, user := range users {
		a.Users[user] = moderation.Terms{Banned: forGood}
	}
	return a
}

// copied returns the copy of a place, and who of some users is banned by it.
func copied(t *testing.T, s *redis.Store, place live.RoomID) (m paired.Mark, banned []live.UserID) {
	t.Helper()
	users := []live.UserID{"ann", "bob", "cy"}
	all, err := s.Copied(t.Context(), []live.RoomID{place}, users)
	if err != nil {
		t.Fatal(err)
	}
	for i, terms := range all[0].Terms {
		if terms.Banned == forGood {
			banned = append(banned, users[i])
		}
	}
	fresh, err := s.FreshSanctionMarks(t.Context(), []live.RoomID{place, "another"})
	if err != nil || fresh[place] != all[0].Mark || fresh["another"].Known {
		t.Fatalf("FreshSanctionMarks = %+v, %v; want %+v", fresh, err, all[0].Mark)
	}
	return all[0].Mark, banned
}

// A copy takes what follows it, and whole what is later; never what is older.
func TestCopiesOfSanctions(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	if err := s.Begin(t.Context(), room.Room{ID: "r", Revision: 1, Settings: room.DefaultSettings()}); err != nil {
		t.Fatal(err)
	}
	for _, place := range []live.RoomID{"r", "", "unknown"} {
		check := func(what string, revision int64, users ...live.UserID) {
			t.Helper()
			m, banned := copied(t, s, place)
			if !m.Known || m.Revision != revision || m.Users != len(users) || !slices.Equal(banned, users) {
				t.Errorf("%q, %s: %+v, banned are %q; want revision %d and %q", place, what, m, banned, revision, users)
			}
		}
		whole := func(a paired.Acting) {
			t.Helper()
			if err := s.TakeActing(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		one := func(a paired.Acting, from int64, want bool) {
			t.Helper()
			if taken, err := s.TakeTerms(t.Context(), a, from); err != nil || taken != want {
				t.Errorf("%q: TakeTerms(%d from %d) = %v, %v", place, a.Revision, from, taken, err)
			}
		}
		one(bans(place, 3, "ann"), 2, false)
		if m, _ := copied(t, s, place); m.Known {
			t.Errorf("%q has a copy of a part: %+v", place, m)
		}
		whole(bans(place, 2, "ann"))
		check("whole", 2, "ann")
		one(bans(place, 5, "bob"), 2, true)
		check("what follows", 5, "ann", "bob")
		one(bans(place, 9, "cy"), 7, false)
		check("after a gap", 5, "ann", "bob")
		one(bans(place, 4, "cy"), 3, true)
		whole(bans(place, 5, "cy"))
		check("what is older", 5, "ann", "bob")
		lifted := bans(place, 6)
		lifted.Users["ann"] = moderation.Terms{}
		one(lifted, 5, true)
		check("lifted", 6, "bob")
		whole(bans(place, 9, "cy"))
		check("whole again", 9, "cy")
	}
}

// A copy of very many is no trouble.
func TestCopiesOfManySanctions(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	users := make([]live.UserID, 20_000)
	for i := range users {
		users[i] = live.UserID(fmt.Sprint("user ", i))
	}
	users = append(users, "bob")
	if err := s.TakeActing(t.Context(), bans("", 1, users...)); err != nil {
		t.Fatal(err)
	}
	if m, banned := copied(t, s, ""); m.Users != len(users) || !slices.Equal(banned, []live.UserID{"bob"}) {
		t.Errorf("%+v, %q", m, banned)
	}
}

// Copies of a room go when the room does.
func TestCopiesEndWithTheirRoom(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Prefix: "p:", Retention: 300 * time.Millisecond})
	over := room.Room{ID: "r", Revision: 1, State: room.Ended, Settings: room.DefaultSettings()}
	if err := s.Begin(t.Context(), over); err != nil {
		t.Fatal(err)
	}
	if err := s.TakeActing(t.Context(), bans("r", 1, "ann")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TakeWords(t.Context(), "r", paired.WordsCopy{}, 7); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing is left", func() bool {
		keys, ok := r.Do(t, "KEYS", "p:{r}:*").([]any)
		return ok && len(keys) == 0
	})
}

// The revision of words is replaced by who has seen it last.
func TestCopiesOfWords(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	take := func(seen paired.WordsCopy, revision store.WordsRevision, want bool) paired.WordsCopy {
		t.Helper()
		if taken, err := s.TakeWords(t.Context(), "", seen, revision); err != nil || taken != want {
			t.Errorf("TakeWords(%+v, %d) = %v, %v", seen, revision, taken, err)
		}
		now, err := s.FreshWordsCopy(t.Context(), "")
		if err != nil || want && now.Revision != revision {
			t.Errorf("the copy is %+v, %v", now, err)
		}
		return now
	}
	none := paired.WordsCopy{}
	first := take(none, 5, true)
	take(none, 6, false)
	second := take(first, 0, true)
	third := take(second, 5, true)
	take(first, 9, false) // though it is of the same revision
	take(third, 9, true)
	eventually(t, "the cache has it", func() bool {
		all, err := s.WordsCopies(t.Context(), []live.RoomID{"", "unknown"})
		return err == nil && all[0].Revision == 9 && all[1] == none
	})
}

func TestLeases(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	lease := func(node store.NodeID, term time.Duration, want bool) {
		t.Helper()
		if held, err := s.Lease(t.Context(), "r", node, term); err != nil || held != want {
			t.Errorf("Lease(%q, %v) = %v, %v", node, term, held, err)
		}
	}
	lease("a", time.Hour, true)
	lease("a", time.Hour, true)
	lease("b", time.Hour, false)
	lease("b", 0, false)
	lease("a", 0, true)
	lease("b", time.Millisecond, true)
	eventually(t, "the lease is over", func() bool {
		held, err := s.Lease(t.Context(), "r", "a", time.Hour)
		return err == nil && held
	})
}

func TestDirtyRooms(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	marks := []paired.DirtyMark{{Node: "a", Room: "r"}, {Node: "a", Room: "with a space"}, {Node: "b", Room: "r"}}
	left := func(age time.Duration) (n int) {
		t.Helper()
		found, err := s.LeftDirty(t.Context(), age, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range found {
			if !slices.Contains(marks, m) {
				t.Errorf("%+v is left, which was not marked", m)
			}
		}
		return len(found)
	}
	if err := s.MarkDirty(t.Context(), marks); err != nil {
		t.Fatal(err)
	}
	if n := left(time.Hour); n != 0 {
		t.Errorf("%d are an hour old", n)
	}
	if n := left(-time.Hour); n != len(marks) {
		t.Errorf("%d are there, want %d", n, len(marks))
	}
	if err := s.UnmarkDirty(t.Context(), marks[1:]); err != nil {
		t.Fatal(err)
	}
	if n := left(-time.Hour); n != 1 {
		t.Errorf("%d are left, want one", n)
	}
}

// The store's clock is the server's, as far as can be told.
func TestNowIsTheServers(t *testing.T) {
	t.Parallel()
	s := connect(t, redis.Config{URL: services.SharedRedis(t)})
	if err := s.Synchronise(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := s.Now().Sub(live.At(time.Now())).Abs(); d > time.Minute {
		t.Errorf("it is off by %v, on one machine", d)
	}
}
