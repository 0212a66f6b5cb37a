package memory

import (
	"slices"
	"sync"

	"github.com/ovation-live/ovation/live"
)

// endings is what has ended, in the order in which it did, until it is forgotten.
type endings[T any] struct {
	mu    sync.Mutex
	queue []T
	at    []live.Timestamp
}

// add adds what ends at an instant.
func (e *endings[T]) add(one T, at live.Timestamp) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.queue, e.at = append(e.queue, one), append(e.at, at)
}

// until takes out what ended at an instant or before.
func (e *endings[T]) until(at live.Timestamp) []T {
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

// forget drops the rooms and quizzes whose retention is over, and answers that nobody wants.
func (s *Store) forget(now live.Timestamp) {
	s.answers.forget(now.Add(-keepAnswers))
	for _, over := range s.overs.until(now.Add(-s.retainQuizzes)) {
		s.forgetQuiz(over)
	}
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
		s.visits.forget(r.id)
		if at, found := slices.BinarySearch(s.ids, r.id); found {
			s.ids = slices.Delete(s.ids, at, at+1)
		}
	}
}
