package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
)

// addQuiz creates a quiz in a room, by a request.
func addQuiz(t *testing.T, s *postgres.Store, id live.RoomID, name quiz.ID) quiz.Ref {
	t.Helper()
	ref := quiz.Ref{Room: id, Quiz: name}
	if _, err := s.CreateQuiz(t.Context(), quiz.Quiz{Ref: ref, State: quiz.Draft}, "request "+string(name), nil); err != nil {
		t.Fatal(err)
	}
	return ref
}

// addTasks lets a quiz run, with tasks.
func addTasks(t *testing.T, s *postgres.Store, ref quiz.Ref, tasks ...quiz.Task) {
	t.Helper()
	_, err := s.ChangeQuiz(t.Context(), ref, func(q quiz.Quiz, _ live.Timestamp) (store.QuizChange, error) {
		q.State = quiz.Asked
		return store.QuizChange{Quiz: q, Tasks: tasks}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func closing(ref quiz.Ref, shard int, due live.Timestamp) quiz.Task {
	return quiz.Task{Slot: quiz.Slot{Ref: ref, Question: 1, Shard: shard}, Stage: quiz.StageClose, Due: due}
}

// What is due may be said by another clock; leases go by the database's.
func TestTasksAreDueByTheClockOfTheirAnswers(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock = clock.now
	s := openWith(t, c)
	create(t, s, "r")
	ref, other := addQuiz(t, s, "r", "q"), clock.at.Add(-time.Hour)
	task := closing(ref, 3, other)
	addTasks(t, s, ref, task)
	for _, tt := range []struct {
		by   live.Timestamp
		want int
	}{{other - 1, 0}, {other, 1}, {other.Add(24 * time.Hour), 0}} {
		got, err := s.ClaimQuizTasksBy(t.Context(), tt.by, "node", 10, time.Second)
		if err != nil || len(got) != tt.want {
			t.Errorf("by %d: %+v, %v; want %d", tt.by, got, err, tt.want)
		}
	}
	clock.at = clock.at.Add(time.Second)
	if got, err := s.ClaimQuizTasksBy(t.Context(), other, "other", 10, time.Second); err != nil || !slices.Equal(got, []quiz.Task{task}) {
		t.Errorf("after the lease: %+v, %v", got, err)
	}
}

func TestQuizzesAreForgottenWithTheirRoom(t *testing.T) {
	t.Parallel()
	clock, c := newClock(), config(t)
	c.Clock, c.RoomRetention = clock.now, time.Hour
	s := openWith(t, c)
	refs := make(map[live.RoomID]quiz.Ref)
	for _, id := range []live.RoomID{"live", "ended"} {
		create(t, s, id)
		ref := addQuiz(t, s, id, "q")
		var tasks []quiz.Task
		for shard := range quiz.Shards {
			tasks = append(tasks, closing(ref, shard, clock.at))
		}
		addTasks(t, s, ref, append(tasks, closing(ref, quiz.Whole, clock.at))...)
		for _, task := range tasks[1:] {
			part := quiz.Part{Evidence: []quiz.Evidence{{User: "ann"}}, Tally: quiz.Tally{Missed: 1}}
			if _, err := s.CompleteQuizTask(t.Context(), task, part); err != nil {
				t.Fatal(err)
			}
		}
		move := ledger.Transaction{ID: string(id), Kind: ledger.Deposit, Postings: []ledger.Posting{
			{Account: ledger.Account{Kind: ledger.User, Owner: "ann"}, Amount: 5},
			{Account: ledger.Account{Kind: ledger.External}, Amount: -5},
		}, Room: id}
		if err := s.Post(t.Context(), []ledger.Transaction{move}); err != nil {
			t.Fatal(err)
		}
		refs[id] = ref
	}
	if _, err := s.EndRoom(t.Context(), "ended"); err != nil {
		t.Fatal(err)
	}
	clock.at = clock.at.Add(time.Hour)
	prune(t, s, postgres.Pruned{Requests: 2})
	clock.at = clock.at.Add(time.Second)
	prune(t, s, postgres.Pruned{Rooms: 1})
	for id, want := range map[live.RoomID]string{"live": "1 2 63 63", "ended": "0 0 0 0"} {
		const ask = "SELECT concat_ws(' ', (SELECT count(*) FROM %[1]s.quizzes WHERE room = '%[2]s'), " +
			"(SELECT count(*) FROM %[1]s.quiz_tasks WHERE room = '%[2]s'), " +
			"(SELECT count(*) FROM %[1]s.quiz_tallies WHERE room = '%[2]s'), " +
			"(SELECT count(*) FROM %[1]s.quiz_parts WHERE room = '%[2]s'))"
		if got := services.Query(t, c.URL, fmt.Sprintf(ask, c.Schema, id)); got != want {
			t.Errorf("%q has %s quizzes, tasks, tallies and parts, want %s", id, got, want)
		}
	}
	task := closing(refs["ended"], 0, clock.at)
	if _, err := s.CompleteQuizTask(t.Context(), task, quiz.Part{}); !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("a task of what is forgotten: %v, want ErrRoomNotFound", err)
	}
	all, err := s.Transactions(t.Context(), store.LedgerQuery{Limit: 10})
	if err != nil || len(all) != 2 {
		t.Errorf("%+v, %v; the books are kept", all, err)
	}
}

// Sequences have no holes, and none is taken by what is refused or was posted before.
func TestTheBooksHaveNoHoles(t *testing.T) {
	t.Parallel()
	s := open(t)
	ann, outside := ledger.Account{Kind: ledger.User, Owner: "ann \x00"}, ledger.Account{Kind: ledger.External}
	move := func(id string, amount int64) ledger.Transaction {
		return ledger.Transaction{ID: id, Kind: ledger.Deposit, Postings: []ledger.Posting{
			{Account: ann, Amount: amount}, {Account: outside, Amount: -amount},
		}}
	}
	var insufficient *ledger.InsufficientError
	for _, tt := range []struct {
		amount  int64
		refused bool
	}{{10, false}, {-12, true}, {5, false}, {5, false}, {-16, false}, {-1, true}} {
		err := s.Post(t.Context(), []ledger.Transaction{move(fmt.Sprint(tt.amount), tt.amount), move("first", 1)})
		if errors.As(err, &insufficient) != tt.refused || err != nil && !tt.refused {
			t.Errorf("%d coins: %v, want to be refused: %v", tt.amount, err, tt.refused)
		}
	}
	all, err := s.Transactions(t.Context(), store.LedgerQuery{Accounts: []ledger.Account{ann}, Limit: 10})
	if err != nil || len(all) == 0 {
		t.Fatalf("%+v, %v", all, err)
	}
	var sum int64
	for i, tx := range all {
		if want := uint64(len(all) - i); tx.Sequence != want {
			t.Errorf("transaction %q is at %d, want %d", tx.ID, tx.Sequence, want)
		}
		sum += tx.Postings[0].Amount
	}
	got, err := s.Balances(t.Context(), []ledger.Account{outside, ann, {Kind: ledger.House}})
	if err != nil || got.AsOf != uint64(len(all)) || !slices.Equal(got.Amounts, []int64{-sum, sum, 0}) {
		t.Errorf("%+v, %v; want %d coins up to %d", got, err, sum, len(all))
	}
	if none, err := s.Balances(t.Context(), nil); err != nil || none.AsOf != got.AsOf {
		t.Errorf("of no account: %+v, %v", none, err)
	}
}

// What the winners of a large quiz get is moved all at once, in more statements than one.
func TestManyAreMovedAtOnce(t *testing.T) {
	t.Parallel()
	const transactions, each = 60, 1000
	s := open(t)
	var all []ledger.Transaction
	for i := range transactions {
		tx := ledger.Transaction{ID: fmt.Sprint(i), Kind: ledger.Prize}
		for k := range each - 1 {
			account := ledger.Account{Kind: ledger.User, Owner: fmt.Sprintf("%02d-%03d", i, k)}
			tx.Postings = append(tx.Postings, ledger.Posting{Account: account, Amount: int64(1 + i)})
		}
		house := ledger.Posting{Account: ledger.Account{Kind: ledger.House}, Amount: -int64(each-1) * int64(1+i)}
		tx.Postings = append(tx.Postings, house)
		all = append(all, tx)
	}
	for range 2 { // the second time nothing is posted
		if err := s.Post(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	last, paid := ledger.Account{Kind: ledger.User, Owner: "59-998"}, int64(each-1)*transactions*(transactions+1)/2
	got, err := s.Balances(t.Context(), []ledger.Account{last, {Kind: ledger.House}})
	if err != nil || got.AsOf != transactions || !slices.Equal(got.Amounts, []int64{transactions, -paid}) {
		t.Errorf("%+v, %v; want -%d coins of the house", got, err, paid)
	}
	newest, err := s.Transactions(t.Context(), store.LedgerQuery{Limit: 1})
	if err != nil || len(newest) != 1 || !slices.Equal(newest[0].Postings, all[transactions-1].Postings) {
		t.Errorf("the newest is %+v, %v", newest, err)
	}
}
