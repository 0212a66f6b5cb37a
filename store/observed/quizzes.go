package observed

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// measuredQuizzes measures store.Quizzes.
type measuredQuizzes struct {
	next  store.Quizzes
	calls *Metrics
}

func (m measuredQuizzes) CreateQuiz(ctx context.Context, q quiz.Quiz, requestID string, moves []ledger.Transaction) (_ quiz.Quiz, err error) {
	defer m.calls.begin(createQuiz).end(&err)
	return m.next.CreateQuiz(ctx, q, requestID, moves)
}

func (m measuredQuizzes) Quiz(ctx context.Context, ref quiz.Ref) (_ quiz.Quiz, err error) {
	defer m.calls.begin(getQuiz).end(&err)
	return m.next.Quiz(ctx, ref)
}

func (m measuredQuizzes) Quizzes(ctx context.Context, id live.RoomID, after store.QuizPlace, limit int) (_ []quiz.Quiz, err error) {
	defer m.calls.begin(listQuizzes).end(&err)
	return m.next.Quizzes(ctx, id, after, limit)
}

func (m measuredQuizzes) RunningQuizzes(ctx context.Context, ids []live.RoomID) (_ map[live.RoomID]store.QuizMark, err error) {
	defer m.calls.begin(runningQuizzes).end(&err)
	return m.next.RunningQuizzes(ctx, ids)
}

func (m measuredQuizzes) ChangeQuiz(
	ctx context.Context, ref quiz.Ref, change func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error),
) (_ quiz.Quiz, err error) {
	defer m.calls.begin(changeQuiz).end(&err)
	return m.next.ChangeQuiz(ctx, ref, change)
}

func (m measuredQuizzes) ClaimQuizTasks(ctx context.Context, node store.NodeID, limit int, lease time.Duration) (_ []quiz.Task, err error) {
	defer m.calls.begin(claimQuizTasks).end(&err)
	return m.next.ClaimQuizTasks(ctx, node, limit, lease)
}

func (m measuredQuizzes) CompleteQuizTask(ctx context.Context, t quiz.Task, part quiz.Part) (_ quiz.Part, err error) {
	defer m.calls.begin(completeQuizTask).end(&err)
	return m.next.CompleteQuizTask(ctx, t, part)
}

func (m measuredQuizzes) DropQuizTask(ctx context.Context, t quiz.Task) (err error) {
	defer m.calls.begin(dropQuizTask).end(&err)
	return m.next.DropQuizTask(ctx, t)
}

func (m measuredQuizzes) QuizPart(ctx context.Context, slot quiz.Slot) (_ quiz.Part, err error) {
	defer m.calls.begin(quizPart).end(&err)
	return m.next.QuizPart(ctx, slot)
}

func (m measuredQuizzes) QuizTally(ctx context.Context, ref quiz.Ref, n quiz.Number, stage quiz.Stage) (_ quiz.Tally, _ int, err error) {
	defer m.calls.begin(quizTally).end(&err)
	return m.next.QuizTally(ctx, ref, n, stage)
}

// measuredLedger measures store.Ledger.
type measuredLedger struct {
	next  store.Ledger
	calls *Metrics
}

func (m measuredLedger) Post(ctx context.Context, all []ledger.Transaction) (err error) {
	defer m.calls.begin(post).end(&err)
	return m.next.Post(ctx, all)
}

func (m measuredLedger) Balances(ctx context.Context, accounts []ledger.Account) (_ store.LedgerBalances, err error) {
	defer m.calls.begin(balances).end(&err)
	return m.next.Balances(ctx, accounts)
}

func (m measuredLedger) Transaction(ctx context.Context, id string) (_ ledger.Transaction, _ bool, err error) {
	defer m.calls.begin(transaction).end(&err)
	return m.next.Transaction(ctx, id)
}

func (m measuredLedger) Transactions(ctx context.Context, q store.LedgerQuery) (_ []ledger.Transaction, err error) {
	defer m.calls.begin(transactions).end(&err)
	return m.next.Transactions(ctx, q)
}

func (m measuredLedger) Accounts(ctx context.Context, q store.AccountQuery) (_ []store.AccountBalance, _ uint64, err error) {
	defer m.calls.begin(accounts).end(&err)
	return m.next.Accounts(ctx, q)
}
