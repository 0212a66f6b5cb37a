package ovation

import (
	"slices"
	"sync"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// maxSeenFrames is how many frame ids are remembered: far more than one quiz has.
const maxSeenFrames = 4096

// stage holds frames of a quiz until it is time to show them: when the video has come to
// them, and at the latest at the instant that each names. Every frame is shown once, however
// often it comes. It is safe for concurrent use.
type stage struct {
	// toServer is what to add to our clock to get the server's, and how far off that may be.
	toServer func() (offset, bound time.Duration)
	came     chan struct{} // holds a value when next should be asked

	mu      sync.Mutex
	seen    map[string]struct{}
	order   []string // of seen, the oldest first
	owed    []string // ids to acknowledge
	waiting []*ovationv1.QuizFrame
	video   int64 // where the video is, by its own clock
	timer   *time.Timer
}

func newStage(toServer func() (offset, bound time.Duration)) *stage {
	s := &stage{toServer: toServer, came: make(chan struct{}, 1), seen: make(map[string]struct{})}
	s.timer = time.AfterFunc(time.Hour, s.wake)
	s.timer.Stop()
	return s
}

// wake has a reader look.
func (s *stage) wake() {
	select {
	case s.came <- struct{}{}:
	default:
	}
}

// take takes a frame that came. One that has come before is acknowledged again: the server
// has not heard.
func (s *stage) take(frame *ovationv1.QuizFrame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if frame.GetTally() == nil { // each replaces the one before, and none is repeated
		if id := frame.GetFrameId(); !slices.Contains(s.owed, id) {
			s.owed = append(s.owed, id)
		}
		if !s.first(frame.GetFrameId()) || s.isOver(frame) {
			return
		}
	}
	s.waiting = append(s.waiting, frame)
	s.wake()
}

// first notes a frame id, and says whether it is new. s.mu is held.
func (s *stage) first(id string) bool {
	if _, known := s.seen[id]; known {
		return false
	}
	s.seen[id] = struct{}{}
	if s.order = append(s.order, id); len(s.order) > maxSeenFrames {
		delete(s.seen, s.order[0])
		s.order = s.order[1:]
	}
	return true
}

// now returns the server's clock, the earliest and the latest that it can be. s.mu is held.
func (s *stage) now() (earliest, latest int64) {
	offset, bound := s.toServer()
	now := time.Now().Add(offset)
	return now.Add(-bound).UnixMicro(), now.Add(bound).UnixMicro()
}

// isOver says whether there is certainly no use in showing a frame. s.mu is held.
func (s *stage) isOver(frame *ovationv1.QuizFrame) bool {
	earliest, _ := s.now()
	return frame.GetExpiresAt() > 0 && earliest > frame.GetExpiresAt()
}

// reached says that the video is at an instant of its own clock.
func (s *stage) reached(media int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.video = media
	if len(s.waiting) > 0 {
		s.wake()
	}
}

// next returns the first frame that is to be shown now, or nil; then came tells when to ask
// again.
func (s *stage) next() Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, latest := s.now()
	soonest := time.Duration(-1)
	for i, frame := range s.waiting {
		onTime := s.video >= frame.GetMediaTimestamp()
		left := time.Duration(frame.GetLatestDisplayAt()-latest) * time.Microsecond
		if onTime || left <= 0 {
			s.waiting = slices.Delete(s.waiting, i, i+1)
			s.wake() // more may be due
			return &QuizFrame{Frame: frame, Overdue: !onTime}
		}
		if soonest < 0 || left < soonest {
			soonest = left
		}
	}
	if soonest >= 0 {
		s.timer.Reset(soonest)
	}
	return nil
}

// debt takes the ids that are to be acknowledged, as many as one call may name.
func (s *stage) debt() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.owed), maxAcknowledged)
	ids := s.owed[:n:n]
	s.owed = slices.Clone(s.owed[n:])
	return ids
}

// isOwing says whether there are ids to acknowledge.
func (s *stage) isOwing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.owed) > 0
}

// clear forgets what waits, for a stay that is over.
func (s *stage) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = nil
	s.timer.Stop()
}
