package feed_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// A ring holds the latest entries within its capacity, however it was resized on the
// way, and has never taken memory for more than twice the most that it held.
func TestRingGrowsOnDemand(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		capacities := rapid.SampledFrom([]int{0, 1, 3, 8, 9, 17, 100, 1000})
		capacity := capacities.Draw(t, "capacity")
		ring := feed.NewRing(capacity, feed.Place{Timestamp: 50, Sequence: 5})
		capacity = max(capacity, 1)
		last, held, most := uint64(5), 0, 0
		for range rapid.IntRange(0, 20).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "step") == 0 {
				capacity = max(capacities.Draw(t, "resize"), 1)
				ring.Resize(capacity)
				held = min(held, capacity)
			}
			for range rapid.IntRange(0, 60).Draw(t, "entries") {
				last++
				ring.Push(&feed.Message{Timestamp: live.Timestamp(10 * last), Sequence: last})
				held = min(held+1, capacity)
				most = max(most, held)
			}
			if gone := last - uint64(held); ring.Len() != held || ring.Head().Sequence != last || ring.Evicted().Sequence != gone {
				t.Fatalf("holds %d up to %+v after %+v; want %d", ring.Len(), ring.Head(), ring.Evicted(), held)
			}
			for s := last; s > last-uint64(held); s-- {
				if m := ring.Find(live.Timestamp(10 * s)); m == nil || m.Sequence != s {
					t.Fatalf("entry %d of %d is %+v", s, last, m)
				}
			}
			if room := ring.Room(); room > capacity || room > max(2*most, 8) {
				t.Fatalf("room for %d, of %d held at most and a capacity of %d", room, most, capacity)
			}
		}
	})
}
