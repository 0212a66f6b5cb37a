package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var roomsRaces = []test{
	{"SameRoomIsCreatedOnce", sameRoomIsCreatedOnce},
	{"SameRequestCreatesOnce", sameRequestCreatesOnce},
	{"UpdatesAreCounted", updatesAreCounted},
	{"RoomEndsOnce", roomEndsOnce},
	{"NothingFollowsTheEnd", nothingFollowsTheEnd},
}

func sameRoomIsCreatedOnce(t *testing.T, s *rig) {
	var created atomic.Int32
	parallel(crowd, func(i int) {
		r := newRoom("r")
		r.Title = fmt.Sprint(i)
		got, err := s.Rooms.CreateRoom(t.Context(), r, fmt.Sprint(i))
		switch {
		case err == nil && got.Title == r.Title:
			created.Add(1)
		case !errors.Is(err, store.ErrRoomExists):
			t.Errorf("CreateRoom = %+v, %v; want ErrRoomExists", got, err)
		}
	})
	if n := created.Load(); n != 1 {
		t.Errorf("created %d times", n)
	}
}

func sameRequestCreatesOnce(t *testing.T, s *rig) {
	var got [crowd]room.Room
	parallel(crowd, func(i int) { got[i] = s.createAs(newRoom("r"), "request") })
	for _, r := range got {
		if !sameRoom(r, got[0]) {
			t.Errorf("%+v\nand %+v", r, got[0])
		}
	}
}

func updatesAreCounted(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	parallel(crowd, func(i int) { s.update("r", room.Change{Labels: map[string]string{fmt.Sprint(i): "x"}}) })
	heard := e.until("the last update", func(heard []store.Publication) bool {
		return len(heard) > 0 && heard[len(heard)-1].Room.Revision == crowd+1
	})
	last := int64(1)
	for i, p := range heard { // one that was overtaken need not come
		if p.Room.Revision <= last || len(p.Room.Labels) != int(p.Room.Revision)+1 {
			t.Errorf("publication %d, after revision %d: %+v", i, last, p.Room)
		}
		last = p.Room.Revision
	}
	if revision := s.head("r").Revision; revision != crowd+1 {
		t.Errorf("revision %d after %d updates", revision, crowd)
	}
}

func roomEndsOnce(t *testing.T, s *rig) {
	s.create("r")
	var got [crowd]room.Room
	parallel(crowd, func(i int) { got[i] = s.end("r") })
	for _, r := range got {
		if !sameRoom(r, got[0]) || r.State != room.Ended {
			t.Errorf("%+v\nand %+v", r, got[0])
		}
	}
	if n := s.head("r").Sequence; n != 1 {
		t.Errorf("published %d times", n)
	}
}

func nothingFollowsTheEnd(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	var accepted atomic.Int64
	parallel(crowd, func(n int) {
		for i := range 20 {
			if n == 0 && i == 10 {
				s.end("r")
			}
			_, err := s.Log.Append(t.Context(), "r", draft("ann", "text"), under(roomy))
			if err == nil {
				accepted.Add(1)
			} else if !errors.Is(err, store.ErrRoomEnded) {
				t.Errorf("Append: %v", err)
			}
		}
	})
	heard := e.all(int(accepted.Load()) + 1)
	if last := heard[len(heard)-1]; last.Room == nil || last.Room.State != room.Ended {
		t.Errorf("the last thing heard is %v, not the end", content(last))
	}
	if n := int64(len(s.all("r"))); n != accepted.Load() || int64(len(heard)) != n+1 {
		t.Errorf("%d messages, heard %d, accepted %d", n, len(heard), accepted.Load())
	}
}
