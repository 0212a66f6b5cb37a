package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/record"
)

// putTasks adds tasks of a quiz, or drops all if it is over. One that is there takes the new
// due, and what was done is to be done again.
func (s *Store) putTasks(ctx context.Context, tx pgx.Tx, q quiz.Quiz, tasks []quiz.Task) error {
	if q.State.Over() {
		_, err := tx.Exec(ctx, statement("drop quiz tasks"), pack(q.Room), pack(q.Quiz))
		return err
	}
	if len(tasks) == 0 {
		return nil
	}
	n := len(tasks)
	questions, stages, shards, due := make([]int32, n), make([]int16, n), make([]int32, n), make([]int64, n)
	for i, t := range tasks {
		//nolint:gosec // there are few questions and shards
		questions[i], stages[i], shards[i], due[i] = int32(t.Question), int16(t.Stage), int32(t.Shard), int64(t.Due)
	}
	var all pgx.Batch
	all.Queue(statement("add quiz tasks"), pack(q.Room), pack(q.Quiz), questions, stages, shards, due)
	all.Queue(statement("forget what is to be done again"), pack(q.Room), pack(q.Quiz), questions, stages, shards)
	return tx.SendBatch(ctx, &all).Close()
}

// ClaimQuizTasks implements store.Quizzes.
func (s *Store) ClaimQuizTasks(
	ctx context.Context, node store.NodeID, limit int, lease time.Duration,
) ([]quiz.Task, error) {
	return s.claimTasks(ctx, nil, node, limit, lease)
}

// ClaimQuizTasksBy implements paired.Durable.
func (s *Store) ClaimQuizTasksBy(
	ctx context.Context, due live.Timestamp, node store.NodeID, limit int, lease time.Duration,
) ([]quiz.Task, error) {
	return s.claimTasks(ctx, (*int64)(&due), node, limit, lease)
}

// claimTasks claims tasks that are due by an instant, nil for the present. Leases are by the
// database's clock.
func (s *Store) claimTasks(
	ctx context.Context, due *int64, node store.NodeID, limit int, lease time.Duration,
) (tasks []quiz.Task, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, statement("claim quiz tasks"), s.instant(), due, limit, pack(node), lease.Microseconds())
		if err != nil {
			return err
		}
		tasks, err = pgx.CollectRows(rows, taskRow)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(tasks, func(a, b quiz.Task) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Room, b.Room), cmp.Compare(a.Quiz, b.Quiz),
			cmp.Compare(a.Question, b.Question), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Shard, b.Shard))
	})
	return tasks, nil
}

// taskRow reads a task.
func taskRow(row pgx.CollectableRow) (t quiz.Task, err error) {
	var stage int16
	err = row.Scan(&t.Room, &t.Quiz, &t.Question, &stage, &t.Shard, &t.Due)
	t.Room, t.Quiz = unpack[live.RoomID](string(t.Room)), unpack[quiz.ID](string(t.Quiz))
	t.Stage = quiz.Stage(stage) //nolint:gosec // as it was written
	return t, err
}

// DropQuizTask implements store.Quizzes. One that was put off meanwhile is to be done again.
func (s *Store) DropQuizTask(ctx context.Context, t quiz.Task) error {
	return s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := holdQuiz(ctx, tx, t.Ref); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, statement("drop quiz task"), append(taskArgs(t), int64(t.Due))...)
		return err
	})
}

// taskArgs is what names a task.
func taskArgs(t quiz.Task) []any {
	return []any{pack(t.Room), pack(t.Quiz), int(t.Question), int16(t.Stage), t.Shard}
}

// holdQuiz keeps a quiz from being forgotten, or says that there is none.
func holdQuiz(ctx context.Context, tx pgx.Tx, ref quiz.Ref) error {
	tag, err := tx.Exec(ctx, statement("hold quiz"), pack(ref.Room), pack(ref.Quiz))
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return noQuiz(ctx, tx, ref.Room)
	}
	return nil
}

// CompleteQuizTask implements store.Quizzes.
func (s *Store) CompleteQuizTask(ctx context.Context, t quiz.Task, part quiz.Part) (kept quiz.Part, err error) {
	w := partOf(part)
	err = s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := holdQuiz(ctx, tx, t.Ref); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, statement("add quiz tally"), append(taskArgs(t), w.counts)...)
		if err != nil {
			return err
		}
		kept = part
		if tag.RowsAffected() == 0 {
			kept, err = readPart(ctx, tx, t.Slot)
		} else {
			var is bool
			if is, err = w.put(ctx, tx, t); err == nil && !is {
				kept, err = readPart(ctx, tx, t.Slot)
			}
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, statement("quiz task is done"), taskArgs(t)...)
		return err
	})
	if err != nil {
		return quiz.Part{}, err
	}
	return kept, nil
}

// partRow is a part as it is kept.
type partRow struct {
	counts            []int64
	evidence, players []byte
}

// partOf returns how a part is kept.
func partOf(p quiz.Part) partRow {
	return partRow{
		countsOf(p.Tally), record.AppendEvidence(nil, p.Evidence), record.AppendPlayers(nil, p.Players),
	}
}

// put puts a part in place of those of the same stage or one before, and says whether it is
// the part now. Evidence that a later stage repeats is not written again.
func (w *partRow) put(ctx context.Context, tx pgx.Tx, t quiz.Task) (bool, error) {
	args := slotArgs(t.Slot)
	var before int16
	err := tx.QueryRow(ctx, statement("stage of quiz part"), args...).Scan(&before)
	name := "replace quiz part"
	args = append(args, int16(t.Stage), w.counts)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		name, args = "add quiz part", append(args, w.evidence, w.players)
	case err != nil:
		return false, err
	case before > int16(t.Stage):
		return false, nil
	case before < int16(t.Stage):
		name, args = "change quiz part", append(args, w.players)
	default:
		args = append(args, w.evidence, w.players)
	}
	_, err = tx.Exec(ctx, statement(name), args...)
	return true, err
}

// slotArgs is what names a slot.
func slotArgs(slot quiz.Slot) []any {
	return []any{pack(slot.Room), pack(slot.Quiz), int(slot.Question), slot.Shard}
}

// QuizPart implements store.Quizzes.
func (s *Store) QuizPart(ctx context.Context, slot quiz.Slot) (part quiz.Part, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		part, err = readPart(ctx, q, slot)
		return err
	})
	return part, err
}

// readPart reads a part.
func readPart(ctx context.Context, q querier, slot quiz.Slot) (part quiz.Part, err error) {
	var w partRow
	err = q.QueryRow(ctx, statement("quiz part"), slotArgs(slot)...).
		Scan(&w.counts, &w.evidence, &w.players)
	if errors.Is(err, pgx.ErrNoRows) {
		return part, noQuiz(ctx, q, slot.Room)
	}
	if err != nil {
		return part, err
	}
	part.Tally = tallyOf(w.counts)
	part.Evidence, err = record.Evidence(w.evidence)
	if err == nil {
		part.Players, err = record.Players(w.players)
	}
	if err != nil {
		return quiz.Part{}, refuse(err)
	}
	return part, nil
}

// QuizTally implements store.Quizzes.
func (s *Store) QuizTally(
	ctx context.Context, ref quiz.Ref, n quiz.Number, stage quiz.Stage,
) (sum quiz.Tally, shards int, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, statement("quiz tallies"), pack(ref.Room), pack(ref.Quiz), int(n), int16(stage))
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[[]int64])
		if err != nil {
			return err
		}
		sum, shards = quiz.Tally{}, len(all)
		for _, counts := range all {
			sum = sum.Add(tallyOf(counts))
		}
		if shards > 0 {
			return nil
		}
		var there string
		err = q.QueryRow(ctx, statement("quiz exists"), pack(ref.Room), pack(ref.Quiz)).Scan(&there)
		if errors.Is(err, pgx.ErrNoRows) {
			return noQuiz(ctx, q, ref.Room)
		}
		return err
	})
	return sum, shards, err
}

// countsOf returns a tally as it is kept.
func countsOf(t quiz.Tally) []int64 {
	return append(t.Answers[:], t.Missed, t.Excused, t.Revived, t.Eliminated, t.Remaining, t.Entered,
		oneIf(t.Final), oneIf(t.Evaluated))
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// tallyOf reads what countsOf wrote.
func tallyOf(counts []int64) (t quiz.Tally) {
	rest := make([]int64, 8)
	copy(rest, counts[copy(t.Answers[:], counts):])
	t.Missed, t.Excused, t.Revived, t.Eliminated, t.Remaining, t.Entered = rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]
	t.Final, t.Evaluated = rest[6] != 0, rest[7] != 0
	return t
}
