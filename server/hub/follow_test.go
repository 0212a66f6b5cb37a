package hub_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

// following says whether the hub follows a room.
func (s *stage) following() (following bool) {
	s.store.set(func(b *backing) {
		following = slices.ContainsFunc(b.ears, func(e *ear) bool { return !e.stopped })
	})
	return following
}

func TestRoomIsFollowedOnceAndLingers(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		a, b := s.seat("a", hub.Inline, feed.Cursor{}), s.seat("b", hub.Notified, feed.Cursor{})
		a.leave()
		if passing(time.Minute); !s.following() {
			s.Fatalf("the room was let go while somebody is there")
		}
		b.leave()
		passing(9 * time.Second) // the room lingers for 10
		c := s.seat("c", hub.Inline, feed.Cursor{})
		c.leave()
		passing(9 * time.Second)
		if !s.following() {
			s.Fatalf("the room does not linger after its latest subscriber")
		}
		if passing(2 * time.Second); s.following() {
			s.Fatalf("the room lingers for ever")
		}
		d := s.seat("d", hub.Inline, feed.Cursor{})
		defer d.leave()
		s.say(feed.Low, "again")
		passing(time.Second)
		if got := texts(d.take()); !slices.Equal(got, []string{"again"}) {
			s.Fatalf("got %q after the room was followed again", got)
		}
	})
}

func TestRoomThatCannotBeFollowed(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		_, err := s.trySeat(hub.Subscription{Room: "no such room", Session: room.Session{ID: "1", User: "u"}})
		if !errors.Is(err, store.ErrRoomNotFound) {
			s.Fatalf("a room that is not there: %v", err)
		}
		if _, err := s.hub.Pull(s.ctx(), hub.Pull{Room: "no such room"}); !errors.Is(err, store.ErrRoomNotFound) {
			s.Fatalf("pulling from it: %v", err)
		}
		if _, err := s.hub.Pull(s.ctx(), hub.Pull{Room: "no such room", Wait: 1}); !errors.Is(err, store.ErrRoomNotFound) {
			s.Fatalf("waiting at it: %v", err)
		}
		s.end()
		_, err = s.trySeat(hub.Subscription{Room: theRoom, Session: room.Session{ID: "1", User: "u"}})
		if !errors.Is(err, store.ErrRoomEnded) {
			s.Fatalf("a room that has ended: %v", err)
		}
		if got := s.hub.Rooms(); len(got) != 0 {
			s.Fatalf("somebody is in %q", got)
		}
	})
}

func TestStoreThatFailsAtFirst(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		held := make(chan struct{})
		s.store.set(func(b *backing) { b.held, b.err = held, store.ErrUnavailable })
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				_, err := s.trySeat(hub.Subscription{Room: theRoom, Session: room.Session{ID: "1", User: "u"}})
				if !errors.Is(err, store.ErrUnavailable) {
					t.Errorf("while the store is away: %v", err)
				}
			})
		}
		synctest.Wait()
		close(held)
		group.Wait()
		s.store.set(func(b *backing) { b.held, b.err = nil, nil })
		s.seat("u", hub.Inline, feed.Cursor{}).leave()
	})
}

func TestSubscriberWhoDoesNotWaitForAStore(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.store.set(func(b *backing) { b.held = make(chan struct{}) })
		ctx, cancel := context.WithTimeout(s.ctx(), time.Second)
		defer cancel()
		sub := hub.Subscription{Room: theRoom, Session: room.Session{ID: "1", User: "u"}}
		if _, _, err := s.hub.Subscribe(ctx, sub, hub.NewBell()); !errors.Is(err, context.DeadlineExceeded) {
			s.Fatalf("Subscribe: %v", err)
		}
	})
}

func TestNothingIsTakenUpAfterClose(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		s.hub.Close()
		s.hub.Close()
		v.leave()
		for _, id := range []live.RoomID{theRoom, "another"} {
			sub := hub.Subscription{Room: id, Session: room.Session{ID: "1", User: "u"}}
			if _, err := s.trySeat(sub); !errors.Is(err, hub.ErrDraining) {
				s.Fatalf("Subscribe to %q: %v", id, err)
			}
		}
	})
}

// A store that hangs is away, to those who come first too, and they may try again.
func TestStoreThatHangsWhenARoomIsOpened(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		held := make(chan struct{})
		s.store.set(func(b *backing) { b.held = held })
		begun := time.Now()
		_, err := s.trySeat(hub.Subscription{Room: theRoom, Session: room.Session{ID: "s", User: "u"}})
		if took := time.Since(begun); !errors.Is(err, store.ErrUnavailable) || took > 10*time.Second {
			s.Fatalf("after %v: %v", took, err)
		}
		close(held)
		s.store.set(func(b *backing) { b.held = nil })
		s.seat("u", hub.Inline, feed.Cursor{}).leave()
	})
}
