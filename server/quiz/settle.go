package quiz

import (
	"context"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// lives is in which lives this node has seen the slots of open questions.
type lives struct {
	mu   sync.Mutex
	seen map[questionKey]*seenLives
}

// seenLives is those of one question.
type seenLives struct {
	lives   [quiz.Shards]store.SlotLife
	changed time.Time // when one was last seen that was another before; zero: never
	at      time.Time
}

// see notes lives, and returns when a slot was last seen to have begun another one.
func (l *lives) see(key questionKey, now [quiz.Shards]store.SlotLife) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = make(map[questionKey]*seenLives)
	}
	before := l.seen[key]
	if before == nil {
		before = &seenLives{lives: now}
		l.seen[key] = before
	}
	before.at = time.Now()
	for shard, life := range now {
		if was := before.lives[shard]; was != "" && was != life {
			before.changed = before.at
		}
	}
	before.lives = now
	return before.changed
}

// lookedLately is how long a look at the slots of a question is good for: they are sealed
// one soon after the other.
const lookedLately = 100 * time.Millisecond

// lately returns what see returned, if that was a moment ago.
func (l *lives) lately(key questionKey) (changed time.Time, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.seen[key]
	if seen == nil || time.Since(seen.at) > lookedLately {
		return time.Time{}, false
	}
	return seen.changed, true
}

// forget drops what was not looked at for long.
func (l *lives) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, seen := range l.seen {
		if time.Since(seen.at) > time.Minute {
			delete(l.seen, key)
		}
	}
}

// watch looks at the lives of the slots of all questions that are known to be open.
func (s *Service) watch(ctx context.Context) error {
	var failed error
	for _, q := range s.views.running() {
		if q.State != quiz.Asked {
			continue
		}
		now, err := s.answers.SlotLives(ctx, q.Ref, q.Current)
		if err != nil {
			failed = err
			continue
		}
		s.lives.see(questionKey{q.Ref, q.Current}, now)
	}
	s.lives.forget()
	return failed
}

// settle waits until every node has had the time to put again what the slots of a question
// may have lost a moment ago.
func (s *Service) settle(ctx context.Context, ref quiz.Ref, n quiz.Number) error {
	if !s.config.Volatile {
		return nil
	}
	key := questionKey{ref, n}
	changed, known := s.lives.lately(key)
	if !known {
		now, err := s.answers.SlotLives(ctx, ref, n)
		if err != nil {
			return err
		}
		changed = s.lives.see(key, now)
	}
	if !changed.IsZero() {
		wait(ctx, settleFor-time.Since(changed))
	}
	return ctx.Err()
}
