package memory

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// partKey names a shard's part of a question.
type partKey struct {
	question quiz.Number
	shard    int
}

// keptPart is what a shard came to with a question.
type keptPart struct {
	part    *packedPart
	stage   quiz.Stage                // that it is of
	tallies map[quiz.Stage]quiz.Tally // of the stages that are done
}

// CompleteQuizTask implements store.Quizzes. It packs outside of the room's lock.
func (s *Store) CompleteQuizTask(ctx context.Context, t quiz.Task, part quiz.Part) (quiz.Part, error) {
	r, q, err := s.lockedQuiz(ctx, t.Ref)
	if err != nil {
		return quiz.Part{}, err
	}
	var users []live.UserID
	if before := q.parts[partKey{t.Question - 1, t.Shard}]; before != nil {
		users = before.part.users
	}
	r.mu.Unlock()
	packed := pack(part, users)
	if kept := s.keep(r, q, t, packed); kept != packed {
		return kept.unpack(), nil
	}
	return part, nil
}

// keep keeps a part, unless the task was done before, and returns the one that is kept.
func (s *Store) keep(r *roomState, q *quizState, t quiz.Task, part *packedPart) *packedPart {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := partKey{t.Question, t.Shard}
	kept := q.parts[key]
	if kept == nil {
		kept = &keptPart{tallies: make(map[quiz.Stage]quiz.Tally)}
		q.parts[key] = kept
	}
	if _, done := kept.tallies[t.Stage]; !done {
		kept.tallies[t.Stage] = part.Tally
		if t.Stage >= kept.stage {
			kept.part, kept.stage = part, t.Stage
		}
	}
	s.tasks.done(q, t)
	return kept.part
}

// again notes that shards are to be done with stages again.
func (q *quizState) again(tasks []quiz.Task) {
	for _, t := range tasks {
		if kept := q.parts[partKey{t.Question, t.Shard}]; kept != nil {
			delete(kept.tallies, t.Stage)
		}
	}
}

// QuizPart implements store.Quizzes.
func (s *Store) QuizPart(ctx context.Context, slot quiz.Slot) (quiz.Part, error) {
	r, q, err := s.lockedQuiz(ctx, slot.Ref)
	if err != nil {
		return quiz.Part{}, err
	}
	kept := q.parts[partKey{slot.Question, slot.Shard}]
	if kept == nil {
		r.mu.Unlock()
		return quiz.Part{}, store.ErrQuizNotFound
	}
	part := kept.part
	r.mu.Unlock()
	return part.unpack(), nil
}

// QuizTally implements store.Quizzes.
func (s *Store) QuizTally(
	ctx context.Context, ref quiz.Ref, n quiz.Number, stage quiz.Stage,
) (sum quiz.Tally, shards int, err error) {
	r, q, err := s.lockedQuiz(ctx, ref)
	if err != nil {
		return quiz.Tally{}, 0, err
	}
	defer r.mu.Unlock()
	for shard := range quiz.Shards {
		if kept := q.parts[partKey{n, shard}]; kept != nil {
			if tally, done := kept.tallies[stage]; done {
				sum = sum.Add(tally)
				shards++
			}
		}
	}
	return sum, shards, nil
}
