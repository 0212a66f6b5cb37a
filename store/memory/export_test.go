package memory

import (
	"math"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// Relive has the log of every room go on in another life, without its latest entries.
// None may have been dropped.
func (s *Store) Relive(lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rooms {
		r.mu.Lock()
		r.relive(lost)
		r.mu.Unlock()
	}
}

// relive is Relive for one room. The caller holds r.mu.
func (r *roomState) relive(lost int) {
	before, clock := r.log.Rings(), new(live.Clock)
	all := before.Between(0, 0, math.MaxInt)
	after := feed.NewLog(r.epoch, r.room.Settings.Feed.Capacity)
	after.Rings().Descend(before.Ancestry())
	limits := feed.Limits{Rate: math.MaxInt32, WhitelistRate: math.MaxInt32, Capacity: r.room.Settings.Feed.Capacity}
	for _, m := range all[:max(0, len(all)-lost)] {
		if m.Recalls == 0 {
			after.Append(clock, m.Timestamp, feed.Draft{Content: m.Content, Bucket: m.Bucket}, limits)
			continue
		}
		recall := feed.Recall{Timestamp: m.Recalls, By: m.Sender, Staff: true}
		if _, _, err := after.Recall(clock, m.Timestamp, recall, limits); err != nil {
			panic(err)
		}
	}
	r.epoch, r.sequence, r.log = newEpoch(), 0, after
	after.Relive(r.epoch)
}
