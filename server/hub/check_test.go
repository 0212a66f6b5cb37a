package hub_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

// seatInRooms seats somebody in each of so many more rooms, all at once.
func (s *stage) seatInRooms(n int) {
	s.Helper()
	for i := range n {
		r := roomWith(nil)
		r.ID = live.RoomID(fmt.Sprint("room ", i))
		_, err := s.store.now().CreateRoom(s.ctx(), r, "")
		s.must(err)
		_, err = s.trySeat(hub.Subscription{Room: r.ID, Session: room.Session{ID: "1", User: "u"}})
		s.must(err)
	}
}

// checked returns the calls that checks have made since the last time.
func (s *stage) checked() (calls []asked) {
	s.store.set(func(b *backing) { calls, b.marks = b.marks, nil })
	return calls
}

// Rooms that were followed together are checked apart, each every five seconds or so.
func TestChecksAreSpread(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		const rooms = 400
		s.seatInRooms(rooms)
		for range 5 {
			passing(time.Minute)
			total, most := 0, 0
			for _, call := range s.checked() {
				total += call.rooms
				most = max(most, call.rooms)
			}
			if total < 10*rooms || total > 15*rooms { // 12, or a little less: what is due waits for a tick
				s.Fatalf("%d checks of %d rooms in a minute", total, rooms)
			}
			if most > rooms/5 {
				s.Fatalf("%d of %d rooms were checked at once", most, rooms)
			}
		}
		s.store.set(func(b *backing) {
			if b.heads > rooms {
				s.Fatalf("%d rooms were mended that lacked nothing", b.heads-rooms)
			}
		})
	})
}

// A store that is away is asked less and less, and all is mended once it is back.
func TestChecksSpareAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		s.seatInRooms(100)
		passing(time.Minute)
		s.store.set(func(b *backing) { b.err = store.ErrUnavailable; b.heads = 0 })
		s.checked()
		passing(10 * time.Minute)
		if n := len(s.checked()); n > 45 {
			s.Fatalf("asked %d times in ten minutes", n)
		}
		s.losing(func() { s.say(feed.Low, "lost") })
		s.store.set(func(b *backing) {
			if b.heads > 0 {
				s.Fatalf("%d rooms were mended that lacked nothing", b.heads)
			}
			b.err = nil
		})
		passing(32 * time.Second) // 20 and a fifth, then as ever
		if got := texts(v.take()); len(got) != 1 || got[0] != "lost" {
			s.Fatalf("once the store is back %q", got)
		}
		passing(time.Minute)
		s.checked()
		passing(time.Minute)
		if n := len(s.checked()); n < 100 {
			s.Fatalf("asked %d times in a minute, once the store is back", n)
		}
	})
}

// A log that went back without saying so has lost what the replica holds.
func TestCheckSeesALogThatWentBack(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		s.say(feed.Low, "1")
		s.say(feed.Low, "2")
		passing(7 * time.Second)
		v.take()
		s.store.set(func(b *backing) { b.heads, b.back = 0, 1 })
		passing(7 * time.Second)
		s.store.set(func(b *backing) {
			if b.heads == 0 {
				s.Fatalf("nobody asked")
			}
		})
	})
}
