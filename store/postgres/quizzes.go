package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/record"
)

// CreateQuiz implements store.Quizzes.
func (s *Store) CreateQuiz(
	ctx context.Context, q quiz.Quiz, requestID string, moves store.QuizMoves,
) (quiz.Quiz, error) {
	q.Revision = 1
	err := s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := open(ctx, tx, q.Room); err != nil {
			return err
		}
		claimed, err := s.claimQuiz(ctx, tx, &q, requestID)
		if err != nil || !claimed {
			return err
		}
		content, err := record.MarshalQuiz(q)
		if err != nil {
			return refuse(err)
		}
		tag, err := tx.Exec(ctx, statement("create quiz"),
			pack(q.Room), pack(q.Quiz), int16(q.State), q.Revision, int64(q.CreatedAt), int64(q.EndedAt), content)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return refuse(store.ErrQuizExists)
		}
		return s.post(ctx, tx, moves.Of(q))
	})
	if err != nil {
		return quiz.Quiz{}, err
	}
	return q, nil
}

// claimQuiz takes a request for the caller, and says when the quiz is created by it. It is
// false if it was before, and then that is when.
func (s *Store) claimQuiz(ctx context.Context, tx pgx.Tx, q *quiz.Quiz, requestID string) (bool, error) {
	if requestID == "" {
		return true, tx.QueryRow(ctx, statement("instant"), s.instant()).Scan(&q.CreatedAt)
	}
	digest, err := digestOfQuiz(*q)
	if err != nil {
		return false, refuse(err)
	}
	request := []any{pack(q.Room), pack(q.Creator), pack(requestID)}
	err = tx.QueryRow(ctx, statement("claim quiz request"),
		append(request, digest, rememberRequests.Microseconds(), s.instant())...).Scan(&q.CreatedAt)
	if !errors.Is(err, pgx.ErrNoRows) {
		return err == nil, err
	}
	var first []byte
	if err := tx.QueryRow(ctx, statement("quiz request"), request...).Scan(&first, &q.CreatedAt); err != nil {
		return false, err
	}
	if !slices.Equal(first, digest) {
		return false, refuse(store.ErrRequestReused)
	}
	return false, nil
}

// digestOfQuiz returns what tells a quiz that is to be created from others.
func digestOfQuiz(q quiz.Quiz) ([]byte, error) {
	q.CreatedAt = 0
	b, err := record.MarshalQuiz(q)
	digest := sha256.Sum256(b)
	return digest[:], err
}

// Quiz implements store.Quizzes.
func (s *Store) Quiz(ctx context.Context, ref quiz.Ref) (q quiz.Quiz, err error) {
	name, args := "present quiz", []any{pack(ref.Room)}
	if ref.Quiz != "" {
		name, args = "quiz", append(args, pack(ref.Quiz))
	}
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		rows, err := db.Query(ctx, statement(name), args...)
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, quizRow)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return noQuiz(ctx, db, ref.Room)
		}
		q = all[0]
		return nil
	})
	return q, err
}

// quizRow reads a quiz.
func quizRow(row pgx.CollectableRow) (quiz.Quiz, error) {
	var content []byte
	if err := row.Scan(&content); err != nil {
		return quiz.Quiz{}, err
	}
	return quizContent(content)
}

// noQuiz says that there is no such quiz, or no such room.
func noQuiz(ctx context.Context, q querier, id live.RoomID) error {
	if err := exists(ctx, q, id); err != nil {
		return err
	}
	return refuse(store.ErrQuizNotFound)
}

// quizContent reads the contents of a quiz.
func quizContent(content []byte) (quiz.Quiz, error) {
	q, err := record.UnmarshalQuiz(content)
	if err != nil {
		return q, refuse(err)
	}
	return q, nil
}

// Quizzes implements store.Quizzes.
func (s *Store) Quizzes(
	ctx context.Context, id live.RoomID, after store.QuizPlace, limit int,
) (all []quiz.Quiz, err error) {
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		rows, err := db.Query(ctx, statement("quizzes"), pack(id), int64(after.CreatedAt), pack(after.ID), limit)
		if err != nil {
			return err
		}
		if all, err = pgx.CollectRows(rows, quizRow); err != nil || len(all) > 0 {
			return err
		}
		return exists(ctx, db, id)
	})
	return all, err
}

// RunningQuizzes implements store.Quizzes.
func (s *Store) RunningQuizzes(
	ctx context.Context, ids []live.RoomID,
) (marks map[live.RoomID]store.QuizMark, err error) {
	rooms := make([]string, len(ids))
	for i, id := range ids {
		rooms[i] = pack(id)
	}
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		marks = make(map[live.RoomID]store.QuizMark)
		rows, err := db.Query(ctx, statement("running quizzes"), rooms)
		if err != nil {
			return err
		}
		var id, of string
		var revision int64
		_, err = pgx.ForEachRow(rows, []any{&id, &of, &revision}, func() error {
			marks[unpack[live.RoomID](id)] = store.QuizMark{ID: unpack[quiz.ID](of), Revision: revision}
			return nil
		})
		return err
	})
	return marks, err
}

// ChangeQuiz implements store.Quizzes.
func (s *Store) ChangeQuiz(
	ctx context.Context, ref quiz.Ref, change func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error),
) (next quiz.Quiz, err error) {
	err = s.labour(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c, err := s.decideQuiz(ctx, tx, ref, change)
		if err != nil {
			return err
		}
		next = c.Quiz
		return s.writeChange(ctx, tx, c)
	})
	if err != nil {
		return quiz.Quiz{}, err
	}
	return next, nil
}

// decideQuiz locks a quiz, lets change decide, and writes the quiz. What goes with it is
// left to do.
func (s *Store) decideQuiz(
	ctx context.Context, tx pgx.Tx, ref quiz.Ref, change func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error),
) (c store.QuizChange, err error) {
	ctx, cancel := context.WithTimeout(ctx, patient*s.config.Timeout)
	defer cancel()
	var content []byte
	var now live.Timestamp
	err = tx.QueryRow(ctx, statement("quiz to change"), pack(ref.Room), pack(ref.Quiz), s.instant()).Scan(&content, &now)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, noQuiz(ctx, tx, ref.Room)
	}
	if err != nil {
		return c, err
	}
	before, err := quizContent(content)
	if err != nil {
		return c, err
	}
	if c, err = change(before, now); err != nil {
		return c, refuse(err)
	}
	c.Quiz.Ref, c.Quiz.CreatedAt, c.Quiz.Revision = before.Ref, before.CreatedAt, before.Revision
	return c, s.writeQuiz(ctx, tx, &c.Quiz, content)
}

// writeQuiz writes a quiz as another revision, if it is not as it was.
func (s *Store) writeQuiz(ctx context.Context, tx pgx.Tx, q *quiz.Quiz, before []byte) error {
	if q.State.Running() {
		var other string
		err := tx.QueryRow(ctx, statement("running quiz"), pack(q.Room), pack(q.Quiz)).Scan(&other)
		if err == nil {
			return refuse(&store.QuizRunningError{ID: unpack[quiz.ID](other)})
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
	}
	content, err := record.MarshalQuiz(*q)
	if err != nil {
		return refuse(err)
	}
	if bytes.Equal(content, before) {
		return nil
	}
	q.Revision++
	if content, err = record.MarshalQuiz(*q); err != nil {
		return refuse(err)
	}
	_, err = tx.Exec(ctx, statement("change quiz"),
		pack(q.Room), pack(q.Quiz), int16(q.State), q.Revision, int64(q.EndedAt), content)
	return err
}

// writeChange writes what goes with a change of a quiz.
func (s *Store) writeChange(ctx context.Context, tx pgx.Tx, c store.QuizChange) error {
	if err := s.putTasks(ctx, tx, c.Quiz, c.Tasks); err != nil {
		return err
	}
	if err := s.post(ctx, tx, c.Moves); err != nil {
		return err
	}
	if c.Event == nil {
		return nil
	}
	return s.appendEvents(ctx, tx, []store.Event{*c.Event})
}

// ClaimQuizRequest implements store.Quizzes.
func (s *Store) ClaimQuizRequest(ctx context.Context, ref quiz.Ref, id string, asks []byte) (first bool, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := holdQuiz(ctx, tx, ref); err != nil {
			return err
		}
		claim := []any{pack(ref.Room), pack(ref.Quiz), pack(id)}
		tag, err := tx.Exec(ctx, statement("claim for quiz"), append(claim, asks)...)
		if first = tag.RowsAffected() == 1; err != nil || first {
			return err
		}
		var known []byte
		if err := tx.QueryRow(ctx, statement("quiz claim"), claim...).Scan(&known); err != nil {
			return err
		}
		if !bytes.Equal(known, asks) {
			return refuse(store.ErrRequestReused)
		}
		return nil
	})
	return first && err == nil, err
}
