package hub

import (
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/wire"
)

// watching returns what the subscriber has of the frames that are shown. The caller holds
// s.mu.
func (s *Subscriber) watching(latest *shows) *watch {
	if s.watch == nil {
		s.watch = new(watch)
	}
	s.watch.advance(latest)
	return s.watch
}

// takeShows appends the frames of quizzes that are due. The caller holds s.mu.
func (s *Subscriber) takeShows(latest *shows, frames []*wire.Frame) []*wire.Frame {
	if latest == nil {
		s.watch = nil
		return frames
	}
	w := s.watching(latest)
	if w.due == 0 {
		return frames
	}
	var buffer [4]*wire.QuizFrame
	repeated := w.due &^ latest.once()
	for _, f := range w.take(latest, s.viewer(), buffer[:0]) {
		frames = append(frames, f.Frame())
	}
	if repeated&^w.due != 0 { // what is shown once puts nothing off
		w.at = clock()
	}
	return frames
}

// isStaff says whether what hosts and moderators see is for the subscriber.
func (s *Subscriber) isStaff() bool { return isStaff(s.role()) }

// viewer returns whose watch the subscriber's is.
func (s *Subscriber) viewer() viewer { return viewer{s.session.User, s.session.ID, s.role()} }

// greet returns the frames that a new subscriber begins with: all that is still to be
// shown. What its session has acknowledged before is not sent to it again after that. The
// caller holds s.mu.
func (s *Subscriber) greet(latest *shows) []*wire.QuizFrame {
	if latest == nil {
		return nil
	}
	v := s.viewer()
	w := s.watching(latest)
	w.heard, w.at = s.room.readers.heard(latest, v), clock()
	later := w.due & latest.once()
	w.due &^= later
	frames := w.take(latest, v, nil)
	w.due |= later
	return frames
}

// acknowledge notes that frames have arrived.
func (s *Subscriber) acknowledge(latest *shows, bits uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watching(latest).acknowledge(latest, bits)
}

// overdue returns the bits of the frames that are to be sent again.
func (s *Subscriber) overdue(latest *shows, now live.Timestamp) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	bits, _ := s.watching(latest).overdue(latest, s.viewer(), now)
	return bits
}

// repeat has the frames sent again that are overdue. One who does not take what is due is
// left alone.
func (s *Subscriber) repeat(latest *shows, now live.Timestamp) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.watching(latest)
	bits, _ := w.overdue(latest, s.viewer(), now)
	if bits == 0 || s.end != nil {
		return
	}
	w.due |= bits
	w.at = now
	s.wake()
}

// leaveWatch leaves what the session has acknowledged to those who come after.
func (s *Subscriber) leaveWatch() {
	latest := s.room.shared.Load().shows
	if latest == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.watching(latest); w.heard != 0 {
		s.room.readers.acknowledge(latest, s.viewer(), w.heard)
	}
}
