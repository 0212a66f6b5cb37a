package memory

import (
	"context"

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
	part    quiz.Part
	stage   quiz.Stage                // that it is of
	tallies map[quiz.Stage]quiz.Tally // of the stages that are done
}

// CompleteQuizTask implements store.Quizzes.
func (s *Store) CompleteQuizTask(ctx context.Context, t quiz.Task, part quiz.Part) (quiz.Part, error) {
	r, q, err := s.lockedQuiz(ctx, t.Ref)
	if err != nil {
		return quiz.Part{}, err
	}
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
	return kept.part, nil
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
	defer r.mu.Unlock()
	if kept := q.parts[partKey{slot.Question, slot.Shard}]; kept != nil {
		return kept.part, nil
	}
	return quiz.Part{}, store.ErrQuizNotFound
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
