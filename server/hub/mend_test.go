package hub_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

// losing loses every publication while do runs.
func (s *stage) losing(do func()) {
	s.store.set(func(b *backing) { b.fate = func(store.Publication) int { return 0 } })
	do()
	s.store.set(func(b *backing) { b.fate = nil })
}

func TestLossIsMendedByWhatComesNext(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		v.take()
		s.losing(func() { s.say(feed.Low, "lost"); s.say(feed.High, "lost too") })
		s.say(feed.Low, "heard")
		passing(0)
		if got := texts(v.take()); !slices.Equal(got, []string{"lost too", "lost", "heard"}) {
			s.Fatalf("got %q", got)
		}
	})
}

func TestLossOfTheLastIsMendedByACheck(t *testing.T) {
	t.Parallel()
	title := "another"
	for _, tt := range []struct {
		name string
		lost func(s *stage)
		want []string
	}{
		{"a message", func(s *stage) { s.say(feed.Low, "lost") }, []string{"batch"}},
		{"an attribute", func(s *stage) { s.setAttribute("k", "v") }, []string{"batch"}},
		{"a change", func(s *stage) { s.change(room.Change{Title: &title}) }, []string{"room_updated"}},
		{"the end", func(s *stage) { s.say(feed.Low, "last words"); s.end() }, []string{"batch", "room_ended"}},
		{"the log", func(s *stage) { s.store.restart(roomWith(nil)) }, []string{"room_updated", "batch"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				v := s.seat("u", hub.Inline, feed.Cursor{})
				defer v.leave()
				v.take()
				s.losing(func() { tt.lost(s) })
				passing(7 * time.Second)
				if got := kinds(v.take()); !slices.Equal(got, tt.want) {
					s.Fatalf("got %q", got)
				}
			})
		})
	}
}

// Changes of attributes that are not whole are left out, so that no map can take them
// for all there is.
func TestAttributeChangesAfterALossAreLeftOut(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		s.setAttribute("a", "1")
		passing(0)
		v.take()
		s.setAttribute("b", "2") // waits for the round
		s.losing(func() { s.setAttribute("c", "3") })
		s.say(feed.Low, "shows the loss")
		passing(0) // mended, within the round
		s.setAttribute("d", "4")
		passing(time.Second)
		batch := v.take()[0].GetBatch()
		if batch.GetHeads().GetAttributesTimestamp() != int64(s.head().Attributes) {
			s.Fatalf("the heads are %v, the room's %+v", batch.GetHeads(), s.head())
		}
		if c := batch.GetAttributes(); len(c.GetChanges()) != 1 || c.GetChanges()[0].GetAttribute().GetKey() != "d" ||
			c.GetAfter() == v.welcome.GetHeads().GetAttributesTimestamp() {
			s.Fatalf("changes %v", c)
		}
	})
}

func TestRoomIsServedWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	for _, away := range []struct {
		name string
		set  func(b *backing)
	}{
		{"it fails", func(b *backing) { b.err = store.ErrUnavailable }},
		{"it does not answer", func(b *backing) { b.held = make(chan struct{}) }},
	} {
		t.Run(away.name, func(t *testing.T) {
			t.Parallel()
			play(t, nil, func(s *stage) {
				v := s.seat("u", hub.Inline, feed.Cursor{})
				defer v.leave()
				s.say(feed.Low, "before")
				passing(time.Second)
				v.take()
				s.store.set(away.set)
				passing(6 * time.Second) // a check is under way, or has failed
				s.say(feed.Low, "heard meanwhile")
				passing(time.Second)
				if got := texts(v.take()); !slices.Equal(got, []string{"heard meanwhile"}) {
					s.Fatalf("who is there got %q", got)
				}
				late := s.seat("late", hub.Inline, feed.Cursor{})
				defer late.leave()
				if got := texts(late.take()); len(got) != 2 {
					s.Fatalf("who comes got %q", got)
				}
				if got := s.pull("anyone", "", feed.Cursor{}); len(got.Batch.Messages) != 2 {
					s.Fatalf("who pulls got %+v", got)
				}
				s.losing(func() { s.say(feed.Low, "lost") })
				s.say(feed.Low, "after the loss")
				passing(time.Minute)
				s.store.set(func(b *backing) { b.err, b.held = nil, nil })
				passing(20 * time.Second)
				if got := texts(v.take()); !slices.Equal(got, []string{"lost", "after the loss"}) {
					s.Fatalf("once the store is back %q", got)
				}
			})
		})
	}
}

// A store that fails is not asked for every publication that shows the loss.
func TestStoreThatFailsIsLeftAlone(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		s.losing(func() { s.say(feed.Low, "lost") })
		s.store.set(func(b *backing) { b.err = store.ErrUnavailable; b.heads = 0 })
		s.talkFor(time.Minute)
		s.store.set(func(b *backing) {
			if b.heads > 40 {
				s.Fatalf("asked %d times in a minute", b.heads)
			}
		})
	})
}

func TestMoreIsHeardDuringAMendThanIsKept(t *testing.T) {
	t.Parallel()
	play(t, func(r *room.Settings) { r.Feed.Capacity = 10_000 }, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		v.take()
		held := make(chan struct{})
		s.store.set(func(b *backing) { b.held = held })
		s.losing(func() { s.say(feed.Low, "lost") })
		for i := range 5000 {
			s.say(feed.Low, fmt.Sprint(i))
			if i == 0 {
				passing(0) // the mend begins
			}
		}
		s.store.set(func(b *backing) { b.held = nil })
		close(held)
		passing(time.Second)
		if got := texts(v.take()); len(got) != 5001 || got[0] != "lost" || got[5000] != "4999" {
			s.Fatalf("got %d messages", len(got))
		}
	})
}

// A room may be read from a cache that does not have the latest state yet.
func TestRoomThatIsReadTooOld(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		v.take()
		s.store.set(func(b *backing) { b.old = &s.room })
		s.losing(s.end)
		passing(10 * time.Second)
		if got := v.take(); len(got) != 0 {
			s.Fatalf("got %v", got)
		}
		s.store.set(func(b *backing) { b.old = nil })
		passing(7 * time.Second)
		if got := kinds(v.take()); !slices.Equal(got, []string{"room_ended"}) {
			s.Fatalf("once the cache has it %q", got)
		}
	})
}

// A viewer who has read more at another node is not told to begin anew.
func TestCursorAheadOfTheReplica(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.seat("somebody", hub.Inline, feed.Cursor{})
		s.losing(func() { s.say(feed.Low, "read elsewhere") })
		ahead := s.head().Cursor
		if got := s.pull("u", "", ahead); got.Batch.Resync || len(got.Batch.Messages) != 0 {
			s.Fatalf("pulled %+v", got)
		}
		s.losing(func() { s.say(feed.Low, "read elsewhere too") })
		v := s.seat("u", hub.Inline, s.head().Cursor)
		s.say(feed.Low, "read here")
		passing(time.Second)
		if got := texts(v.take()); v.welcome.GetResync() || !slices.Equal(got, []string{"read here"}) {
			s.Fatalf("resync %v, then %q", v.welcome.GetResync(), got)
		}
	})
}

// A pull of a room that the node does not follow may be answered from a cache that is
// behind, but a reader who is ahead of that is not told to begin anew.
func TestPullFromACacheThatIsBehind(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.say(feed.Low, "1")
		first := s.head().Cursor
		behind := newStage(t, roomWith(nil))
		defer behind.hub.Close()
		s.store.set(func(b *backing) { b.cache = behind.store })
		if got := s.pull("u", "", feed.Cursor{}); len(got.Batch.Messages) != 0 {
			s.Fatalf("pulled %+v past the cache", got.Batch)
		}
		if got := s.pull("u", "", first); got.Batch.Resync || got.Batch.Cursor != first {
			s.Fatalf("pulled %+v", got.Batch)
		}
		s.store.restart(s.room)
		if got := s.pull("u", "", first); !got.Batch.Resync {
			s.Fatalf("pulled %+v of another log", got.Batch)
		}
	})
}

func TestWhatIsHeardDuringAMendNeedsNoOther(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		v.take()
		held := make(chan struct{})
		s.store.set(func(b *backing) { b.held, b.heads = held, 0 })
		s.losing(func() { s.say(feed.Low, "lost") })
		s.say(feed.Low, "shows it")
		passing(0)
		before := s.head()
		s.store.set(func(b *backing) { b.before = &before })
		s.sayMany(feed.Low, 100)
		s.setAttribute("k", "v")
		s.store.set(func(b *backing) { b.held = nil })
		close(held)
		passing(time.Second)
		if got := texts(v.take()); len(got) != 102 {
			s.Fatalf("got %d messages", len(got))
		}
		s.store.set(func(b *backing) {
			if b.heads != 1 {
				s.Fatalf("it took %d mends", b.heads)
			}
		})
	})
}
