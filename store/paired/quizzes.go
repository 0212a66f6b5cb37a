package paired

import (
	"context"
	"errors"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// quizzes is the durable backend's, by the hot one's clock: that of the answers. Their
// changes are published by the hot one. What it cannot tell, because it is away or does not
// know the room, nodes see by RunningQuizzes.
type quizzes struct {
	Durable
	of *Store
}

// CreateQuiz implements store.Quizzes.
func (q quizzes) CreateQuiz(
	ctx context.Context, d quiz.Quiz, requestID string, moves store.QuizMoves,
) (quiz.Quiz, error) {
	created, err := q.Durable.CreateQuiz(ctx, d, requestID, moves)
	if err == nil {
		q.tell(ctx, created)
	}
	return created, err
}

// ChangeQuiz implements store.Quizzes.
func (q quizzes) ChangeQuiz(
	ctx context.Context, ref quiz.Ref, change func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error),
) (quiz.Quiz, error) {
	var before int64
	changed, err := q.Durable.ChangeQuiz(ctx, ref, func(d quiz.Quiz, _ live.Timestamp) (store.QuizChange, error) {
		before = d.Revision
		return change(d, q.of.hot.Now())
	})
	if err == nil && changed.Revision > before {
		q.tell(ctx, changed)
	}
	return changed, err
}

// ClaimQuizTasks implements store.Quizzes.
func (q quizzes) ClaimQuizTasks(
	ctx context.Context, node store.NodeID, limit int, lease time.Duration,
) ([]quiz.Task, error) {
	return q.Durable.ClaimQuizTasksBy(ctx, q.of.hot.Now(), node, limit, lease)
}

// tell publishes a quiz that was changed. The change is made, whatever becomes of that.
func (q quizzes) tell(ctx context.Context, changed quiz.Quiz) {
	mark := store.QuizMark{ID: changed.Quiz, Revision: changed.Revision}
	err := q.of.hot.TellQuiz(ctx, changed.Room, mark)
	if err != nil && !errors.Is(err, store.ErrRoomNotFound) {
		q.of.complain(ctx, "tell_quiz", err)
	}
}
