package chat

import (
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// saturation remembers which buckets of which rooms are over their rate, so that
// what the store would shed is shed without asking it. The store says exactly until
// when nothing more of a bucket can be accepted. The zero value is ready to use.
type saturation struct {
	mu    sync.Mutex
	until map[saturated]time.Time
}

type saturated struct {
	room   live.RoomID
	bucket feed.Bucket
}

// note remembers that nothing of a bucket will be accepted for a while.
func (s *saturation) note(id live.RoomID, b feed.Bucket, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = make(map[saturated]time.Time)
	}
	s.until[saturated{id, b}] = time.Now().Add(wait)
}

// left returns how long nothing of a bucket will be accepted yet; 0: it may be.
func (s *saturation) left(id live.RoomID, b feed.Bucket) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := saturated{id, b}
	until, ok := s.until[key]
	if !ok {
		return 0
	}
	left := time.Until(until)
	if left <= 0 {
		delete(s.until, key)
		return 0
	}
	return left
}
