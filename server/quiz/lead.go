package quiz

import (
	"context"
	"errors"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

// Ask asks a question. Errors of auth and of quiz.Ask, *store.QuizRunningError,
// store.ErrRoomNotFound, store.ErrRoomEnded, store.ErrQuizNotFound.
func (s *Service) Ask(ctx context.Context, p auth.Principal, ref quiz.Ref, a quiz.Ask) (quiz.Quiz, error) {
	if err := s.leading(ctx, p, ref.Room); err != nil {
		return quiz.Quiz{}, err
	}
	q, err := s.step(ctx, ref, func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) { return q.Ask(a, now) })
	if err == nil {
		s.reads.Go(func() { s.begin(s.ctx, ref, false) })
		s.admit(q)
	}
	return q, err
}

// leading returns nil if the caller may lead quizzes in a room, and it has not ended.
func (s *Service) leading(ctx context.Context, p auth.Principal, id live.RoomID) error {
	if err := host(p, id); err != nil {
		return err
	}
	return s.open(ctx, id)
}

// step takes a quiz one step on.
func (s *Service) step(
	ctx context.Context, ref quiz.Ref, step func(quiz.Quiz, live.Timestamp) (quiz.Quiz, []quiz.Task, error),
) (quiz.Quiz, error) {
	return s.change(ctx, ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		next, tasks, err := step(q, now)
		return store.QuizChange{Quiz: next, Tasks: tasks}, err
	})
}

const (
	// evaluatedWithin is how long a host waits for players to be evaluated before they are
	// told to come again.
	evaluatedWithin = time.Second
	// lookAgain is how often it is looked whether they are.
	lookAgain = 50 * time.Millisecond
)

// Reveal reveals the answer to a question. Errors of auth and of quiz.Reveal,
// store.ErrRoomNotFound, store.ErrRoomEnded, store.ErrQuizNotFound. With ErrEvaluating it
// may have been taken on: it is revealed as soon as it can be.
func (s *Service) Reveal(ctx context.Context, p auth.Principal, ref quiz.Ref, r quiz.Reveal) (quiz.Quiz, error) {
	if err := s.leading(ctx, p, ref.Room); err != nil {
		return quiz.Quiz{}, err
	}
	return s.patiently(ctx, func() (quiz.Quiz, error) {
		q, err := s.step(ctx, ref, func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) { return q.Reveal(r, now) })
		if err == nil && q.Round(r.Number).State != quiz.Revealed {
			err = quiz.ErrEvaluating
		}
		return q, err
	})
}

// Finish ends a quiz. Errors of auth and of quiz.Finish, store.ErrRoomNotFound,
// store.ErrQuizNotFound. With ErrEvaluating it may have been taken on: it is finished as
// soon as it can be.
func (s *Service) Finish(
	ctx context.Context, p auth.Principal, ref quiz.Ref, media live.Timestamp,
) (quiz.Quiz, error) {
	if err := host(p, ref.Room); err != nil {
		return quiz.Quiz{}, err
	}
	return s.patiently(ctx, func() (quiz.Quiz, error) {
		q, err := s.step(ctx, ref, func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) { return q.Finish(media, now) })
		if err == nil && q.State != quiz.Finished {
			err = quiz.ErrEvaluating
		}
		return q, err
	})
}

// OpenError says that a question takes answers still, and for how long.
type OpenError struct {
	quiz.OpenError
	After time.Duration
}

// Retry returns when it takes no more.
func (e *OpenError) Retry() time.Duration { return e.After }

// until says for how long a question is open, if that is the error.
func (s *Service) until(err error) error {
	if still := new(quiz.OpenError); errors.As(err, &still) {
		return &OpenError{*still, max(still.Until.Sub(s.now()), time.Millisecond)}
	}
	return err
}

// patiently tries something for a while, as long as players are being evaluated.
func (s *Service) patiently(ctx context.Context, try func() (quiz.Quiz, error)) (quiz.Quiz, error) {
	for begun := time.Now(); ; {
		q, err := try()
		if !errors.Is(err, quiz.ErrEvaluating) || time.Since(begun) >= evaluatedWithin || ctx.Err() != nil {
			return q, s.until(err)
		}
		loop.Pause(ctx, lookAgain)
	}
}

// Cancel ends a quiz without winners, and returns its pot. Errors of auth and of
// quiz.Cancel, store.ErrRoomNotFound, store.ErrQuizNotFound.
func (s *Service) Cancel(ctx context.Context, p auth.Principal, ref quiz.Ref, reason string) (quiz.Quiz, error) {
	if err := host(p, ref.Room); err != nil {
		return quiz.Quiz{}, err
	}
	return s.cancelIf(ctx, ref, live.CleanLine(reason), always)
}

// roomEnded is why quizzes end with their room.
const roomEnded = "the room has ended"

// always is a condition that holds.
func always(quiz.Quiz, live.Timestamp) bool { return true }

// cancelIf cancels a quiz if a condition holds of it.
func (s *Service) cancelIf(
	ctx context.Context, ref quiz.Ref, reason string, holds func(quiz.Quiz, live.Timestamp) bool,
) (quiz.Quiz, error) {
	return s.change(ctx, ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		if !holds(q, now) {
			return store.QuizChange{Quiz: q}, nil
		}
		next, err := q.Cancel(reason, now)
		if err != nil || q.State.Over() {
			return store.QuizChange{Quiz: next}, err
		}
		return store.QuizChange{Quiz: next, Moves: quiz.Returned(next), Event: ended(next)}, nil
	})
}

// cancelAtOnce is of how many quizzes one call asks.
const cancelAtOnce = 100

// RoomEnded cancels what quizzes there are in a room that has ended.
func (s *Service) RoomEnded(ctx context.Context, id live.RoomID) error {
	var after store.QuizPlace
	for {
		found, err := s.quizzes.Quizzes(ctx, id, after, cancelAtOnce)
		if err != nil {
			return err
		}
		for _, q := range found {
			after = store.QuizPlace{CreatedAt: q.CreatedAt, ID: q.Quiz}
			if q.State.Over() {
				continue
			}
			if _, err := s.cancelIf(ctx, q.Ref, roomEnded, notOver); err != nil {
				return err
			}
		}
		if len(found) < cancelAtOnce {
			return nil
		}
	}
}

// notOver says whether a quiz is neither finished nor cancelled.
func notOver(q quiz.Quiz, _ live.Timestamp) bool { return !q.State.Over() }
