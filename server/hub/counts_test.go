package hub_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
)

// given returns counters of so many coins.
func given(coins int64) gift.Counters {
	return gift.Counters{Sum: gift.Sum{Coins: coins}, Revision: coins}
}

// Gifts and viewers are counted in one frame, at most once a second; one who sleeps
// through what is counted later gets the gifts still, and who comes has them at once.
func TestGiftsAreCountedWithTheViewers(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		awake, asleep := s.seat("a", hub.Notified, feed.Cursor{}), s.seat("b", hub.Notified, feed.Cursor{})
		defer awake.leave()
		defer asleep.leave()
		passing(2 * time.Second)
		s.hub.SetGifts(theRoom, given(5))
		s.hub.SetOnline(theRoom, room.Online{Users: 2, Sessions: 2})
		s.hub.SetGifts(theRoom, given(7))
		s.hub.SetGifts(theRoom, given(6)) // it is old
		passing(0)
		if got := awake.take(); len(got) != 1 || got[0].GetCounters().GetGifts().GetCoins() != 5 || got[0].GetCounters().Online != nil {
			s.Fatalf("at first it got %v", got)
		}
		if known := s.hub.GiftRevisions(); known[theRoom] != 5 {
			s.Fatalf("told are %v", known)
		}
		passing(time.Second)
		s.hub.SetGifts(theRoom, given(7)) // as whoever counts says again
		passing(0)
		if got := awake.take(); len(got) != 1 || got[0].GetCounters().GetGifts().GetCoins() != 7 || got[0].GetCounters().GetOnline().GetUsers() != 2 {
			s.Fatalf("a second later it got %v", got)
		}
		passing(time.Second)
		s.hub.SetOnline(theRoom, room.Online{Users: 3, Sessions: 3})
		passing(0)
		if got := awake.take(); len(got) != 1 || got[0].GetCounters().Gifts != nil || got[0].GetCounters().GetOnline().GetUsers() != 3 {
			s.Fatalf("of viewers alone it got %v", got)
		}
		got := asleep.take()
		if !slices.Equal(kinds(got), []string{"counters", "counters"}) || got[0].GetCounters().GetGifts().GetCoins() != 7 || got[1].GetCounters().GetOnline().GetUsers() != 3 {
			s.Fatalf("on waking it got %v", got)
		}
		if s.hub.GiftCounters(s.ctx(), theRoom).Coins != 7 {
			s.Fatalf("the hub knows %+v", s.hub.GiftCounters(s.ctx(), theRoom))
		}
		late := s.seat("c", hub.Notified, feed.Cursor{})
		defer late.leave()
		if got := late.welcome.GetGiftCounters().GetCoins(); got != 7 {
			s.Fatalf("who comes is told of %d coins", got)
		}
	})
}
