package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
	"github.com/ovation-live/ovation/store/postgres"
)

// modes is every way to send statements.
var modes = []postgres.ExecMode{postgres.CacheStatement, postgres.Exec, postgres.SimpleProtocol}

// inEveryMode runs a test with a fresh store in each mode.
func inEveryMode(t *testing.T, test func(t *testing.T, s *postgres.Store)) {
	t.Helper()
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			c := config(t)
			c.ExecMode = mode
			test(t, openWith(t, c))
		})
	}
}

func TestRoomIsStoredWhole(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *postgres.Store) {
		want := newRoom("r")
		want.State, want.Revision, want.Ended = room.Ended, 9, 8 // the store's own
		got, err := s.CreateRoom(t.Context(), want, "request")
		if err != nil || got.Created < live.At(time.Now().Add(-time.Hour)) {
			t.Fatalf("%+v, %v", got, err)
		}
		want.State, want.Revision, want.Created, want.Ended = room.Live, 1, got.Created, 0
		if !reflect.DeepEqual(got, want) {
			t.Errorf("created %+v\nwant %+v", got, want)
		}
		if stored, err := s.Room(t.Context(), "r"); err != nil || !reflect.DeepEqual(stored, want) {
			t.Errorf("stored %+v, %v\nwant %+v", stored, err, want)
		}
	})
}

func TestRoomRequests(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *postgres.Store) {
		first, err := s.CreateRoom(t.Context(), newRoom("r"), "request \x00")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.EndRoom(t.Context(), "r"); err != nil {
			t.Fatal(err)
		}
		again, err := s.CreateRoom(t.Context(), newRoom("r"), "request \x00")
		if err != nil || !reflect.DeepEqual(again, first) {
			t.Errorf("again: %+v, %v\nwant %+v", again, err, first)
		}
		other := newRoom("r")
		other.Settings.Feed.Rate++
		if _, err := s.CreateRoom(t.Context(), other, "request \x00"); !errors.Is(err, store.ErrRequestReused) {
			t.Errorf("another room: %v, want ErrRequestReused", err)
		}
		for _, request := range []string{"", "other", "other"} {
			var about *store.RoomError
			_, err := s.CreateRoom(t.Context(), newRoom("r"), request)
			if !errors.Is(err, store.ErrRoomExists) || !errors.As(err, &about) || about.Room != "r" {
				t.Errorf("request %q: %v, want ErrRoomExists", request, err)
			}
		}
		if _, err := s.CreateRoom(t.Context(), newRoom("q"), "other"); err != nil { // what was refused is not remembered
			t.Error(err)
		}
	})
}

func TestRoomRequestIsRememberedForFiveMinutes(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock = clock.now
	s := openWith(t, c)
	first, err := s.CreateRoom(t.Context(), newRoom("r"), "request")
	if err != nil || first.Created != clock.at {
		t.Fatalf("%+v, %v", first, err)
	}
	clock.at = clock.at.Add(5*time.Minute - time.Microsecond)
	if again, err := s.CreateRoom(t.Context(), newRoom("r"), "request"); err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("again: %+v, %v\nwant %+v", again, err, first)
	}
	clock.at = clock.at.Add(time.Microsecond)
	if _, err := s.CreateRoom(t.Context(), newRoom("other"), "request"); err != nil {
		t.Errorf("after five minutes: %v", err)
	}
	if _, err := s.CreateRoom(t.Context(), newRoom("r"), "request"); !errors.Is(err, store.ErrRequestReused) {
		t.Errorf("the request is the other room's now: %v, want ErrRequestReused", err)
	}
}

// crowd is how many do the same at once.
const crowd = 12

func TestOneRequestCreatesOneRoom(t *testing.T) {
	t.Parallel()
	c := config(t)
	stores := []*postgres.Store{openWith(t, c), connect(t, c)}
	var rooms [crowd]room.Room
	var errs [crowd]error
	parallel(crowd, func(i int) {
		rooms[i], errs[i] = stores[i%2].CreateRoom(t.Context(), newRoom("r"), "request")
	})
	for i := range rooms {
		if errs[i] != nil || !reflect.DeepEqual(rooms[i], rooms[0]) {
			t.Errorf("%+v, %v\nand %+v", rooms[i], errs[i], rooms[0])
		}
	}
	var created, taken int
	var mu sync.Mutex
	parallel(crowd, func(i int) {
		_, err := stores[i%2].CreateRoom(t.Context(), newRoom("q"), fmt.Sprint("request ", i))
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			created++
		case errors.Is(err, store.ErrRoomExists):
			taken++
		default:
			t.Error(err)
		}
	})
	if created != 1 || taken != crowd-1 {
		t.Errorf("%d created, %d refused", created, taken)
	}
}

// parallel calls f n times at once and waits for all.
func parallel(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func TestRoomsArePagedByTheBytesOfTheirIDs(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *postgres.Store) {
		want := []live.RoomID{
			"\x00", "\x00a", "\x01", "\x01\x00", "\x02", " ", "10", "9", "B", "_", "a", "a\x00", "a b", "a-b", "ab", "Ä", "日本", "🎤",
		}
		slices.Sort(want)
		for i := range want {
			create(t, s, want[(i*7)%len(want)])
		}
		for _, limit := range []int{1, 4, 100} {
			var got []live.RoomID
			q := store.RoomQuery{Limit: limit}
			for more := true; more; {
				page, err := s.Rooms(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range page {
					got = append(got, r.ID)
				}
				if more = len(page) == limit; more {
					q.After = got[len(got)-1]
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("by %d: %q\nwant %q", limit, got, want)
			}
		}
		if _, err := s.EndRoom(t.Context(), "9"); err != nil {
			t.Fatal(err)
		}
		for state, n := range map[room.State]int{room.Live: len(want) - 1, room.Ended: 1} {
			if page, err := s.Rooms(t.Context(), store.RoomQuery{State: state, Limit: 100}); err != nil || len(page) != n {
				t.Errorf("state %d: %d rooms, %v; want %d", state, len(page), err, n)
			}
		}
	})
}

func TestUpdateAndEndOfARoom(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *postgres.Store) {
		created := create(t, s, "r")
		title, rate, tooMuch := "another", 7, -1
		change := room.Change{
			Title: &title, Settings: room.SettingsChange{Rate: &rate}, Labels: map[string]string{"topic": "", "mood": "calm"},
		}
		want, err := created.Apply(change)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.UpdateRoom(t.Context(), "r", change); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("updated %+v, %v\nwant %+v", got, err, want)
		}
		_, err = s.UpdateRoom(t.Context(), "r", room.Change{Settings: room.SettingsChange{Rate: &tooMuch}})
		if _, outOfRange := errors.AsType[*room.RangeError](err); !outOfRange {
			t.Errorf("out of range: %v", err)
		}
		if got, err := s.Room(t.Context(), "r"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("stored %+v, %v\nwant %+v", got, err, want)
		}
		late := live.At(time.Now().Add(time.Hour))
		over, err := s.EndRoomAfter(t.Context(), "r", late)
		if want = want.End(late + 1); err != nil || !reflect.DeepEqual(over, want) {
			t.Errorf("ended %+v, %v\nwant %+v", over, err, want)
		}
		if again, err := s.EndRoom(t.Context(), "r"); err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("ended again: %+v, %v\nwant %+v", again, err, want)
		}
		if _, err := s.UpdateRoom(t.Context(), "r", change); !errors.Is(err, store.ErrRoomEnded) {
			t.Errorf("updated when ended: %v", err)
		}
	})
}

func TestRoomsThatAreNotThere(t *testing.T) {
	t.Parallel()
	s := open(t)
	create(t, s, "r")
	for name, call := range map[string]func(ctx context.Context, id live.RoomID) error{
		"Room": func(ctx context.Context, id live.RoomID) error { _, err := s.Room(ctx, id); return err },
		"UpdateRoom": func(ctx context.Context, id live.RoomID) error {
			_, err := s.UpdateRoom(ctx, id, room.Change{})
			return err
		},
		"EndRoom": func(ctx context.Context, id live.RoomID) error { _, err := s.EndRoom(ctx, id); return err },
	} {
		for _, id := range []live.RoomID{"absent", "R", "r ", "", "r\x00"} {
			var about *store.RoomError
			if err := call(t.Context(), id); !errors.Is(err, store.ErrRoomNotFound) || !errors.As(err, &about) || about.Room != id {
				t.Errorf("%s of %q: %v, want ErrRoomNotFound", name, id, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := call(ctx, "r"); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s, though its context is over: %v", name, err)
		}
	}
	if r, err := s.Room(t.Context(), "r"); err != nil || r.Revision != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestChangesOfARoomAreOneAfterTheOther(t *testing.T) {
	t.Parallel()
	c := config(t)
	stores := []*postgres.Store{openWith(t, c), connect(t, c)}
	create(t, stores[0], "r")
	var revisions [crowd]int64
	parallel(crowd, func(i int) {
		r, err := stores[i%2].UpdateRoom(t.Context(), "r", room.Change{Labels: map[string]string{fmt.Sprint(i): "x"}})
		if err != nil {
			t.Error(err)
		}
		revisions[i] = r.Revision
	})
	slices.Sort(revisions[:])
	for i, revision := range revisions {
		if revision != int64(i)+2 {
			t.Fatalf("revisions %v", revisions)
		}
	}
	if r, err := stores[0].Room(t.Context(), "r"); err != nil || len(r.Labels) != crowd+2 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestDebts(t *testing.T) {
	t.Parallel()
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			clock, c := newClock(), config(t)
			c.Clock, c.ExecMode = clock.now, mode
			testDebts(t, openWith(t, c), clock)
		})
	}
}

func testDebts(t *testing.T, s *postgres.Store, clock *clock) {
	t.Helper()
	owed := func(limit int) []paired.Debt {
		t.Helper()
		debts, err := s.Owed(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		return debts
	}
	create(t, s, "a")
	clock.at = clock.at.Add(time.Second)
	create(t, s, "b")
	if debts := owed(10); len(debts) != 0 {
		t.Errorf("at once: %+v", debts)
	}
	clock.at = clock.at.Add(time.Second)
	first := owed(10)
	if len(first) != 1 || first[0].Of != paired.OfRoom || first[0].Room != "a" {
		t.Fatalf("after two seconds: %+v, want that of a", first)
	}
	clock.at = clock.at.Add(time.Hour)
	if one, all := owed(1), owed(10); !slices.Equal(one, first) || len(all) != 2 || all[1].Room != "b" {
		t.Errorf("after an hour: %+v and %+v", one, all)
	}
	if _, err := s.UpdateRoom(t.Context(), "a", room.Change{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Paid(t.Context(), first[0]); err != nil { // what was handed over is not the latest
		t.Fatal(err)
	}
	again := owed(10)
	if len(again) != 2 || again[0].Room != "a" || again[0].Since <= first[0].Since {
		t.Errorf("after it was noted again: %+v, want a and b", again)
	}
	for _, debt := range slices.Concat(again, again) { // twice is fine
		if err := s.Paid(t.Context(), debt); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.EndRoom(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.EndRoom(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	clock.at = clock.at.Add(time.Hour)
	if debts := owed(10); len(debts) != 1 || debts[0].Room != "b" {
		t.Errorf("after the end of b: %+v", debts)
	}
}
