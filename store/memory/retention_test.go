package memory_test

import (
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/store/storetest"
)

func TestEndedRoomsAreForgotten(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		opts []memory.Option
		kept time.Duration
	}{
		{nil, time.Hour},
		{[]memory.Option{memory.WithRetention(time.Minute)}, time.Minute},
	} {
		clock := storetest.NewClock(1_000_000)
		s := memory.New(append(tt.opts, memory.WithClock(clock.Now))...)
		for _, id := range []live.RoomID{"a", "b", "c", "d"} {
			if _, err := s.CreateRoom(t.Context(), room.Room{ID: id, Settings: room.DefaultSettings()}, ""); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []live.RoomID{"c", "a"} {
			if _, err := s.EndRoom(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Second)
		}
		clock.Advance(tt.kept - 2*time.Second - time.Microsecond)
		checkRooms(t, s, "a", "b", "c", "d")
		clock.Advance(time.Second)
		checkRooms(t, s, "a", "b", "d")
		clock.Advance(time.Second)
		checkRooms(t, s, "b", "d")
		for _, id := range []live.RoomID{"a", "c"} {
			if _, err := s.Room(t.Context(), id); !errors.Is(err, store.ErrRoomNotFound) {
				t.Errorf("a room that ended %v ago: %v", tt.kept, err)
			}
		}
	}
}

// checkRooms checks which rooms a store has once it has looked for what is over.
func checkRooms(t *testing.T, s *memory.Store, want ...live.RoomID) {
	t.Helper()
	if _, _, err := s.Expire(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	rooms, err := s.Rooms(t.Context(), store.RoomQuery{Limit: 10})
	var got []live.RoomID
	for _, r := range rooms {
		got = append(got, r.ID)
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("rooms %q, %v; want %q", got, err, want)
	}
}

// What is remembered of a batch by its request id is small, however large the batch.
func TestRequestsPinNoBatches(t *testing.T) { //nolint:paralleltest // it measures the heap
	s := memory.New()
	r := room.Room{ID: "r", Settings: room.DefaultSettings()}
	if _, err := s.CreateRoom(t.Context(), r, ""); err != nil {
		t.Fatal(err)
	}
	before := heap()
	for i := range 200 {
		u := store.AttributeUpdate{
			Actor: attribute.Actor{Privileged: true}, Limits: attribute.DefaultLimits(), Revision: 1,
			RequestID: string(rune('a' + i)),
		}
		for j := range 100 { // that changes nothing
			value := make([]byte, 4096)
			u.Updates = append(u.Updates, attribute.Update{Key: string(rune('a' + j)), Value: value, Delete: true})
		}
		if _, err := s.UpdateAttributes(t.Context(), "r", u); err != nil {
			t.Fatal(err)
		}
	}
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("200 batches of 400 KiB pin %d KiB", grown>>10)
	}
	runtime.KeepAlive(s)
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The sanctions of a room go with it; those of every room stay.
func TestSanctionsOfForgottenRooms(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(1_000_000)
	s := memory.New(memory.WithClock(clock.Now), memory.WithRetention(time.Minute))
	create := func() {
		if _, err := s.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
			t.Fatal(err)
		}
	}
	create()
	for _, o := range []moderation.Order{
		{Kind: moderation.Ban, Room: "r", User: "ann"}, {Kind: moderation.Mute, User: "ann"},
	} {
		if _, err := s.ApplySanction(t.Context(), store.SanctionOrder{Order: o}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.EndRoom(t.Context(), "r"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	checkRooms(t, s)
	create()
	want := moderation.Standing{Muted: moderation.Term{Until: moderation.Forever}}
	if got, err := s.Standing(t.Context(), "r", "ann"); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}
