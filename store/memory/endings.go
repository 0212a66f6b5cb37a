package memory

import (
	"slices"
	"sync"

	"github.com/ovation-live/ovation/live"
)

// endings is the rooms that have ended, in the order in which they did, until they
// are forgotten.
type endings struct {
	mu    sync.Mutex
	queue []*roomState
	at    []live.Timestamp
}

// add adds a room that ends at an instant.
func (e *endings) add(r *roomState, at live.Timestamp) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue, e.at = append(e.queue, r), append(e.at, at)
}

// until takes out the rooms that ended at an instant or before.
func (e *endings) until(at live.Timestamp) []*roomState {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for n < len(e.at) && e.at[n] <= at {
		n++
	}
	over := slices.Clone(e.queue[:n])
	e.queue, e.at = slices.Delete(e.queue, 0, n), slices.Delete(e.at, 0, n)
	return over
}

// forget drops the rooms whose retention is over, and answers that nobody wants.
func (s *Store) forget(now live.Timestamp) {
	s.answers.forget(now.Add(-keepAnswers))
	over := s.endings.until(now.Add(-s.retain))
	if len(over) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	unsettled := s.gifts.unsettled()
	for _, r := range over {
		if unsettled[r.id] {
			s.endings.add(r, now.Add(-s.retain)) // the next time, then
			continue
		}
		s.gifts.forget(r.id)
		delete(s.rooms, r.id)
		s.forgetQuizzes(r)
		if at, found := slices.BinarySearch(s.ids, r.id); found {
			s.ids = slices.Delete(s.ids, at, at+1)
		}
	}
}
