package hub_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
)

// Viewers who are told and never pull count as little as readers who have stalled.
func TestWhoIgnoresNotificationsDelaysNobody(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		for i := range 100 {
			defer s.seat(userNumber(i), hub.Notified, feed.Cursor{}).leave()
		}
		v := s.seat("reader", hub.Inline, feed.Cursor{})
		defer v.leave()
		rounds := 0
		for i := range 100 { // 10 s, the first half for them to be seen through
			s.say(feed.Low, "word")
			passing(100 * time.Millisecond)
			if got := len(v.take()); i >= 50 {
				rounds += got
			}
		}
		if rounds < 45 {
			t.Errorf("%d rounds in 5 s", rounds)
		}
	})
}

// A round says of many attributes only that they have changed.
func TestARoundCarriesSoManyAttributes(t *testing.T) {
	t.Parallel()
	many := func(settings *room.Settings) { settings.Attributes.Keys, settings.Attributes.ValueBytes = 1000, 8<<10 }
	play(t, many, func(s *stage) {
		v := s.seat("reader", hub.Inline, feed.Cursor{})
		defer v.leave()
		passing(time.Second)
		v.take()
		before := s.head().Attributes
		for i := range 100 {
			s.setAttribute(fmt.Sprint("key ", i), strings.Repeat("x", 8<<10))
		}
		passing(time.Second)
		carried, heads := 0, live.Timestamp(0)
		for _, f := range v.take() {
			for _, c := range f.GetBatch().GetAttributes().GetChanges() {
				carried += len(c.GetAttribute().GetValue())
			}
			heads = live.Timestamp(f.GetBatch().GetHeads().GetAttributesTimestamp())
		}
		if carried > 512<<10 || heads <= before || heads != s.head().Attributes {
			t.Errorf("%d bytes carried, heads at %d of %d", carried, heads, s.head().Attributes)
		}
	})
}

// A stream that subscribes late, after its session was resumed, does not end the one
// that resumed it.
func TestALateStreamDoesNotReplaceALaterOne(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		sit := func(incarnation room.Incarnation) *seat {
			who := room.Session{ID: "s", User: "u", Incarnation: incarnation}
			v, err := s.trySeat(hub.Subscription{Room: theRoom, Session: who, Delivery: hub.Notified})
			s.must(err)
			return v
		}
		resumed := sit(2)
		defer resumed.leave()
		late := sit(1)
		defer late.leave()
		if resumed.sub.Ending() != hub.Open || late.sub.Ending() != hub.Replaced {
			t.Errorf("the one that resumed is %v, the late one %v", resumed.sub.Ending(), late.sub.Ending())
		}
		if next := sit(3); resumed.sub.Ending() != hub.Replaced || next.sub.Ending() != hub.Open {
			t.Errorf("afterwards they are %v and %v", resumed.sub.Ending(), next.sub.Ending())
		} else {
			next.leave()
		}
	})
}
