package quiz

import (
	"context"
	"errors"
	"fmt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// errNotYet says that a task is not to be done yet, by the clock that answers count by.
var errNotYet = errors.New("quiz: the task is not due yet")

// work does one task. Everything in it can be done again, and by another node at once: what
// is kept of a shard is what was first completed, and a quiz goes on once.
func (s *Service) work(ctx context.Context, t quiz.Task) error {
	if now := s.now(); now < t.Due {
		loop.Pause(ctx, min(t.Due.Sub(now), taskLease/2)) // the store's tasks may go by another clock
		if s.now() < t.Due {
			return errNotYet
		}
	}
	q, err := s.find(ctx, t.Ref)
	switch {
	case errors.Is(err, store.ErrQuizNotFound), errors.Is(err, store.ErrRoomNotFound):
		return nil // it has gone with its room
	case err != nil:
		return err
	case q.State.Over():
		return nil // its tasks go by themselves
	case t.Shard == quiz.Whole:
		return s.workWhole(ctx, q, t)
	default:
		return s.workShard(ctx, q, t)
	}
}

// workShard seals or evaluates one shard, keeps what it came to, and puts its players to
// where they are at hand.
func (s *Service) workShard(ctx context.Context, q quiz.Quiz, t quiz.Task) error {
	part, err := s.partOf(ctx, q, t)
	if err != nil {
		return err
	}
	kept, err := s.quizzes.CompleteQuizTask(ctx, t, part)
	if err != nil || kept.Players == nil && !kept.Tally.Evaluated {
		return err
	}
	if err := s.answers.PutStandings(ctx, t.Slot, kept.Players); err != nil {
		s.logger.DebugContext(ctx, "players are not at hand after a question; whoever needs them puts them there",
			"room_id", string(t.Room), "error", err)
	}
	return nil
}

// partOf returns what a task of a shard comes to.
func (s *Service) partOf(ctx context.Context, q quiz.Quiz, t quiz.Task) (part quiz.Part, err error) {
	if part.Evidence, err = s.evidenceFor(ctx, t); err != nil {
		return part, err
	}
	before, err := s.playersBefore(ctx, t.Slot)
	if err != nil {
		return part, err
	}
	if t.Stage == quiz.StageFinish {
		part.Players, part.Tally = quiz.Finalise(q, before, part.Evidence)
	} else {
		part.Players, part.Tally = quiz.Evaluate(q, t.Question, before, part.Evidence)
	}
	return part, nil
}

// evidenceFor returns what there is of a task's slot: it is sealed if it was not yet.
func (s *Service) evidenceFor(ctx context.Context, t quiz.Task) ([]quiz.Evidence, error) {
	if t.Stage == quiz.StageEvaluate {
		part, err := s.quizzes.QuizPart(ctx, t.Slot)
		return part.Evidence, err
	}
	_, evidence, err := s.answers.Seal(ctx, t.Slot)
	return evidence, err
}

// playersBefore returns the players of a shard after the question before a slot's.
func (s *Service) playersBefore(ctx context.Context, slot quiz.Slot) ([]quiz.Player, error) {
	if slot.Question--; slot.Question == 0 {
		return nil, nil
	}
	part, err := s.quizzes.QuizPart(ctx, slot)
	return part.Players, err
}

// workWhole takes a quiz on when all shards are done with a stage.
func (s *Service) workWhole(ctx context.Context, q quiz.Quiz, t quiz.Task) error {
	if err := s.endWithRoom(ctx, q); err != nil {
		return err
	}
	var err error
	switch t.Stage {
	case quiz.StageClose, quiz.StageEvaluate:
		err = s.count(ctx, t)
	case quiz.StageFinish:
		err = s.payOut(ctx, q)
	case quiz.StageAbandon:
		if !q.Abandoned(s.now()) {
			return errNotYet
		}
		_, err = s.cancelIf(ctx, t.Ref, "the host has left", quiz.Quiz.Abandoned)
	}
	if err != nil {
		return err
	}
	return s.quizzes.DropQuizTask(ctx, t)
}

// endWithRoom cancels a quiz whose room has ended.
func (s *Service) endWithRoom(ctx context.Context, q quiz.Quiz) error {
	r, err := s.rooms.Room(ctx, q.Room)
	if err != nil || r.State != room.Ended {
		return err
	}
	_, err = s.cancelIf(ctx, q.Ref, roomEnded, always)
	return err
}

// count closes a question, or takes what it did to the players over.
func (s *Service) count(ctx context.Context, t quiz.Task) error {
	sum, shards, err := s.quizzes.QuizTally(ctx, t.Ref, t.Question, t.Stage)
	if err != nil {
		return err
	}
	if shards != quiz.Shards {
		return fmt.Errorf("quiz: %d shards of %d are done, and the whole was due", shards, quiz.Shards)
	}
	step := quiz.Quiz.Close
	if t.Stage == quiz.StageEvaluate {
		step = quiz.Quiz.Evaluated
	}
	_, err = s.change(ctx, t.Ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		next, tasks, err := step(q, t.Question, sum, now)
		return store.QuizChange{Quiz: next, Tasks: tasks}, err
	})
	return err
}

// payOut splits the pot and ends the quiz, all at once.
func (s *Service) payOut(ctx context.Context, q quiz.Quiz) error {
	var winners []quiz.Player
	for shard := range quiz.Shards {
		part, err := s.quizzes.QuizPart(ctx, quiz.Slot{Ref: q.Ref, Question: q.Current + 1, Shard: shard})
		if err != nil {
			return err
		}
		for i := range part.Players {
			if part.Players[i].Status == quiz.Won {
				winners = append(winners, part.Players[i])
			}
		}
	}
	result, winners := quiz.Split(q, winners)
	_, err := s.change(ctx, q.Ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		next, err := q.Finished(result, now)
		if err != nil || q.State.Over() {
			return store.QuizChange{Quiz: next}, err
		}
		return store.QuizChange{
			Quiz: next, Moves: append(quiz.Prizes(next, winners), quiz.Returned(next)...), Event: ended(next),
		}, nil
	})
	return err
}

// ended is what other systems are told of a quiz that is over.
func ended(q quiz.Quiz) *store.Event {
	return &store.Event{
		ID:   fmt.Sprintf("quiz_finished/%s/%s/%d", q.Room, q.Quiz, q.CreatedAt), // of this quiz, though others had its name before
		Room: q.Room, At: q.EndedAt, Kind: store.QuizFinished, Payload: wire.QuizEvent(q),
	}
}
