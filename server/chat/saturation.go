package chat

import (
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/recent"
)

// saturation remembers which buckets of which rooms are over their rate, so that
// what the store would shed is shed without asking it. The store says exactly until
// when nothing more of a bucket can be accepted, under the limits of that moment. A
// message that was accepted lately and comes again is the store's to answer. The zero
// value is ready to use.
type saturation struct {
	mu    sync.Mutex
	until map[saturated]over
	sent  recent.Memory[sent, struct{}]
}

// saturated is a bucket of a room.
type saturated struct {
	room   live.RoomID
	bucket feed.Bucket
}

// over is until when a bucket is over its rate, and which.
type over struct {
	until  time.Time
	limits feed.Limits
}

// sent is a message that may come again.
type sent struct {
	room   live.RoomID
	sender live.UserID
	id     string
}

const (
	// repeatWithin is how long an accepted message is remembered here, so that the store
	// answers who repeats it in a saturated room.
	repeatWithin = feed.DedupeFor
	// sweepAt is how many buckets are remembered before those that are over are
	// looked for.
	sweepAt = 1024
)

// note takes in what the store answered to a draft that was handed to it at asked.
func (s *saturation) note(id live.RoomID, d feed.Draft, limits feed.Limits, r feed.Receipt, asked time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Outcome == feed.RateLimited:
		s.sweep(asked)
		s.until[saturated{id, d.Bucket}] = over{asked.Add(r.RetryAfter), limits}
	case r.Outcome == feed.Accepted && d.ClientMessageID != "":
		now := live.At(asked)
		s.sent.Put(sent{id, d.Sender, d.ClientMessageID}, struct{}{}, now, now.Add(repeatWithin))
	}
}

// sweep makes room in the map. The caller holds s.mu.
func (s *saturation) sweep(now time.Time) {
	if s.until == nil {
		s.until = make(map[saturated]over)
	}
	if len(s.until) < sweepAt {
		return
	}
	for key, o := range s.until {
		if !o.until.After(now) {
			delete(s.until, key)
		}
	}
}

// left returns for how long a draft would be shed yet; 0: it may be accepted.
func (s *saturation) left(id live.RoomID, d feed.Draft, limits feed.Limits) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := saturated{id, d.Bucket}
	o, ok := s.until[key]
	if !ok {
		return 0
	}
	now := time.Now()
	left := o.until.Sub(now)
	if left <= 0 || o.limits != limits {
		delete(s.until, key)
		return 0
	}
	if _, again := s.sent.Get(sent{id, d.Sender, d.ClientMessageID}, live.At(now)); again {
		return 0
	}
	return left
}
