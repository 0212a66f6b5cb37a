package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

var quizzesRaces = []test{
	{"SameQuizIsCreatedOnce", sameQuizIsCreatedOnce},
	{"ChangesAreCounted", changesAreCounted},
	{"OneQuizRunsWhoeverAsks", oneQuizRunsWhoeverAsks},
	{"TaskIsOneNodesOnly", taskIsOneNodesOnly},
	{"FirstPartIsKeptByAll", firstPartIsKeptByAll},
	{"NoQuizFollowsTheEnd", noQuizFollowsTheEnd},
	{"ChangesInterruptedAreAllOrNone", changesInterruptedAreAllOrNone},
}

var answersRaces = []test{
	{"FirstAnswerCountsForAll", firstAnswerCountsForAll},
	{"WhatIsTakenIsSealed", whatIsTakenIsSealed},
	{"StandingsAtOnceAreTheLatest", standingsAtOnceAreTheLatest},
	{"AnswersInterruptedCanBeRepeated", answersInterruptedCanBeRepeated},
}

var ledgerRaces = []test{
	{"CoinsAreSpentOnce", coinsAreSpentOnce},
	{"BooksAlwaysBalance", booksAlwaysBalance},
	{"TransactionIsPostedOnceByWhoever", transactionIsPostedOnceByWhoever},
}

func sameQuizIsCreatedOnce(t *testing.T, s *rig) {
	s.create("r")
	var got [crowd]quiz.Quiz
	parallel(crowd, func(i int) {
		got[i] = s.addQuiz(newQuiz("r", "q"), "request", move("m", outside, purse("ann"), 1))
	})
	for _, q := range got {
		if !sameQuiz(q, got[0]) {
			t.Errorf("%+v\nand %+v", q, got[0])
		}
	}
	var created atomic.Int32
	parallel(crowd, func(i int) {
		other := newQuiz("r", "other")
		other.Title = fmt.Sprint(i)
		_, err := s.Quizzes.CreateQuiz(t.Context(), other, "", moved(move(fmt.Sprint(i), outside, purse("bob"), 1)))
		if err == nil {
			created.Add(1)
		} else if !errors.Is(err, store.ErrQuizExists) {
			t.Errorf("CreateQuiz: %v", err)
		}
	})
	if n := created.Load(); n != 1 {
		t.Errorf("created %d times", n)
	}
	s.wantBalance(purse("ann"), 1)
	s.wantBalance(purse("bob"), 1)
}

func changesAreCounted(t *testing.T, s *rig) {
	s.create("r")
	ref := s.draftQuiz("r", "q").Ref
	e := s.follow(t, "r")
	parallel(crowd, func(i int) {
		for range 5 {
			s.changeQuiz(ref, func(c *store.QuizChange, _ live.Timestamp) {
				c.Quiz.Players++
				c.Moves = []ledger.Transaction{move(fmt.Sprint(c.Quiz.Players), outside, purse("ann"), 1)}
				ev := event(fmt.Sprint(c.Quiz.Players), "r")
				c.Event = &ev
			})
		}
		if q := s.quiz("r", "q"); q.Revision != q.Players+1 {
			t.Errorf("%d: revision %d of %d changes", i, q.Revision, q.Players)
		}
	})
	if q := s.quiz("r", "q"); q.Players != 5*crowd || q.Revision != 5*crowd+1 {
		t.Errorf("%d changes, revision %d", q.Players, q.Revision)
	}
	s.wantBalance(purse("ann"), 5*crowd)
	if n := len(s.events(store.EventQuery{Limit: 100})); n != 5*crowd {
		t.Errorf("%d events", n)
	}
	e.until("the last change", func(heard []store.Publication) bool {
		return slices.ContainsFunc(heard, func(p store.Publication) bool { return p.Quiz.Revision == 5*crowd+1 })
	})
}

func oneQuizRunsWhoeverAsks(t *testing.T, s *rig) {
	s.create("r")
	var refs [crowd]quiz.Ref
	for i := range refs {
		refs[i] = s.draftQuiz("r", quiz.ID(fmt.Sprint(i))).Ref
	}
	for range 5 {
		var started atomic.Int32
		parallel(crowd, func(i int) {
			_, err := s.tryChange(refs[i], func(c *store.QuizChange, _ live.Timestamp) {
				c.Quiz.State = quiz.Asked
				c.Quiz.Title += "x" // so that it differs
			})
			if err == nil {
				started.Add(1)
			} else if _, runs := errors.AsType[*store.QuizRunningError](err); !runs {
				t.Errorf("ChangeQuiz: %v", err)
			}
		})
		if n := started.Load(); n != 1 {
			t.Fatalf("%d quizzes run", n)
		}
		s.moveQuiz(s.quiz("r", "").Ref, quiz.Draft)
	}
}

func taskIsOneNodesOnly(t *testing.T, s *rig) {
	ref := s.asked("r")
	var tasks []quiz.Task
	for shard := range quiz.Shards {
		tasks = append(tasks, taskOf(ref, quiz.StageClose, shard, live.Timestamp(shard+1)))
	}
	s.addTasks(ref, append(tasks, taskOf(ref, quiz.StageClose, quiz.Whole, 1))...)
	var mu sync.Mutex
	claimed := make(map[quiz.Task]int)
	parallel(crowd, func(i int) {
		for {
			some := s.claimFor(store.NodeID(fmt.Sprint(i)), 1+i%5, long)
			mu.Lock()
			for _, task := range some {
				claimed[task]++
			}
			over := len(claimed) == quiz.Shards+1
			mu.Unlock()
			for _, task := range some {
				if task.Shard == quiz.Whole {
					s.dropTask(task)
				} else {
					s.complete(task, quiz.Part{Tally: quiz.Tally{Missed: 1}})
				}
			}
			if over {
				return
			}
		}
	})
	for task, n := range claimed {
		if n != 1 {
			t.Errorf("%+v was claimed %d times", task, n)
		}
	}
	if sum, shards := s.tally(ref, quiz.StageClose); sum.Missed != quiz.Shards || shards != quiz.Shards {
		t.Errorf("%+v of %d", sum, shards)
	}
}

func firstPartIsKeptByAll(t *testing.T, s *rig) {
	ref := s.asked("r")
	task := taskOf(ref, quiz.StageClose, 3, 1)
	s.addTasks(ref, task)
	var kept [crowd]quiz.Part
	parallel(crowd, func(i int) { kept[i] = s.complete(task, partOf(i)) })
	for _, part := range kept {
		if !samePart(part, kept[0]) {
			t.Errorf("%+v\nand %+v", part, kept[0])
		}
	}
	if sum, _ := s.tally(ref, quiz.StageClose); sum.Missed != kept[0].Tally.Missed {
		t.Errorf("a tally of %+v, where %+v is kept", sum, kept[0].Tally)
	}
}

func noQuizFollowsTheEnd(t *testing.T, s *rig) {
	s.create("r")
	var created atomic.Int32
	done := meanwhile(func() {
		for i := range 50 {
			_, err := s.Quizzes.CreateQuiz(t.Context(), newQuiz("r", quiz.ID(fmt.Sprint(i))), "", nil)
			if err == nil {
				created.Add(1)
			} else if !errors.Is(err, store.ErrRoomEnded) {
				t.Errorf("CreateQuiz: %v", err)
			}
		}
	})
	s.end("r")
	count := func() int {
		all, err := s.Quizzes.Quizzes(t.Context(), "r", store.QuizPlace{}, 100)
		return len(must(s, "Quizzes", all, err))
	}
	n := count()
	<-done
	if now := count(); now != n || int(created.Load()) != n {
		t.Errorf("%d quizzes at the end, %d now, %d were answered", n, now, created.Load())
	}
}

func changesInterruptedAreAllOrNone(t *testing.T, s *rig) {
	s.create("r")
	ref := s.draftQuiz("r", "q").Ref
	parallel(4, func(int) {
		for i := range 50 {
			s.interrupted(i, func(ctx context.Context) error {
				_, err := s.Quizzes.ChangeQuiz(ctx, ref, func(q quiz.Quiz, _ live.Timestamp) (store.QuizChange, error) {
					q.Players++
					e := event(fmt.Sprint(q.Players), "r")
					return store.QuizChange{
						Quiz: q, Event: &e, Moves: []ledger.Transaction{move(fmt.Sprint(q.Players), outside, purse("ann"), 1)},
						Tasks: []quiz.Task{taskOf(ref, quiz.StageClose, int(q.Players), live.Timestamp(q.Players))},
					}, nil
				})
				return err
			})
		}
	})
	q := s.quiz("r", "q")
	s.wantBalance(purse("ann"), q.Players)
	if n := len(s.events(store.EventQuery{Limit: 100})); int64(n) != q.Players || q.Revision != q.Players+1 {
		t.Errorf("%d events, %d changes, revision %d", n, q.Players, q.Revision)
	}
	if n := len(s.claim(1000)); int64(n) != q.Players {
		t.Errorf("%d tasks of %d changes", n, q.Players)
	}
}

func firstAnswerCountsForAll(t *testing.T, s *rig) {
	users, slot := people(3, 10), slotOf("r", 1)
	var receipts [crowd][]quiz.Receipt
	parallel(crowd, func(i int) {
		var list []quiz.Answer
		for _, user := range users {
			list = append(list, answer(user, quiz.Option(i%quiz.MaxOptions+1), live.Timestamp(i+1))) //nolint:gosec // small
		}
		receipts[i] = s.answers(slot, true, list...)
	})
	var counts [quiz.MaxOptions]int64
	for u, user := range users {
		first := -1
		for i := range receipts {
			if receipts[i][u].Verdict == quiz.Taken {
				if first >= 0 {
					t.Errorf("of %q two answers were taken", user)
				}
				first = i
			}
		}
		if first < 0 {
			t.Fatalf("of %q no answer was taken", user)
		}
		counts[first%quiz.MaxOptions]++
		for i := range receipts {
			if got := receipts[i][u]; got.Received != live.Timestamp(first+1) || got.Option != receipts[first][u].Option {
				t.Errorf("%q answered %+v, and %+v", user, receipts[first][u], got)
			}
		}
	}
	if got := s.counted(slot.Ref, 1); got != counts {
		t.Errorf("counts %v, want %v", got, counts)
	}
}

func whatIsTakenIsSealed(t *testing.T, s *rig) {
	const each = 40
	users, slot := people(3, crowd*each), slotOf("r", 1)
	var kept [crowd]map[live.UserID]bool
	var sealed [crowd][]quiz.Evidence
	parallel(crowd, func(i int) {
		kept[i] = make(map[live.UserID]bool)
		for n := range each {
			if n == each/2 && i < 2 {
				sealed[i] = s.seal(slot)
			}
			user := users[i*each+n]
			switch r := s.answers(slot, true, answer(user, 1, 10))[0]; r.Verdict {
			case quiz.Taken:
				kept[i][user] = true
			case quiz.TooLate:
			default:
				t.Errorf("%q: %+v", user, r)
			}
		}
	})
	want := 0
	for _, users := range kept {
		want += len(users)
	}
	for _, evidence := range sealed[:2] {
		if len(evidence) != want {
			t.Errorf("%d answers were sealed, %d were taken", len(evidence), want)
		}
		for _, e := range evidence {
			if !slices.ContainsFunc(kept[:], func(users map[live.UserID]bool) bool { return users[e.User] }) {
				t.Errorf("%q was sealed, and not taken", e.User)
			}
		}
	}
	if got := s.counted(slot.Ref, 1); got != [quiz.MaxOptions]int64{int64(want)} {
		t.Errorf("counts %v, want %d", got, want)
	}
}

func standingsAtOnceAreTheLatest(t *testing.T, s *rig) {
	users := people(3, 50)
	parallel(crowd, func(i int) {
		var players []quiz.Player
		for _, user := range users[:len(users)-i] {
			p := in(user)
			p.After = quiz.Number(i + 1)
			players = append(players, p)
		}
		s.stand(slotOf("r", quiz.Number(i+1)), players...)
	})
	got, err := s.Answers.StandingsOf(t.Context(), slotOf("r", crowd), users)
	for i, p := range must(s, "StandingsOf", got, err) {
		if there := i <= len(users)-crowd; there != (p.Status == quiz.Playing) || there && p.After != crowd {
			t.Errorf("player %d stands at %+v", i, p)
		}
	}
}

func answersInterruptedCanBeRepeated(t *testing.T, s *rig) {
	users, slot := people(3, 200), slotOf("r", 1)
	parallel(4, func(n int) {
		for i := range 50 {
			a := answer(users[n*50+i], quiz.Option(n+1), live.Timestamp(i+1)) //nolint:gosec // small
			note := quiz.Note{Kind: quiz.Granted, User: a.User, At: 5, ID: "grant", Count: 1}
			s.interrupted(i, func(ctx context.Context) error {
				_, _, err := s.Answers.PutAnswers(ctx, slot, true, []quiz.Answer{a})
				return err
			})
			s.interrupted(i, func(ctx context.Context) error {
				_, _, err := s.Answers.PutNotes(ctx, slot, []quiz.Note{note})
				return err
			})
			r := s.answers(slot, true, a)[0]
			if r.Option != a.Option || r.Received != a.Received || r.Verdict != quiz.Taken && r.Verdict != quiz.Repeated {
				t.Errorf("%+v came to %+v", a, r)
			}
			s.notes(slot, note)
		}
	})
	if got := s.counted(slot.Ref, 1); got != [quiz.MaxOptions]int64{50, 50, 50, 50} {
		t.Errorf("counts %v", got)
	}
	for _, e := range s.seal(slot) {
		if e.Option == 0 || len(e.Grants) != 1 {
			t.Errorf("evidence %+v", e)
		}
	}
}

func coinsAreSpentOnce(t *testing.T, s *rig) {
	s.fund("ann", 30)
	var spent atomic.Int64
	parallel(crowd, func(i int) {
		for j := range 5 {
			err := s.Ledger.Post(t.Context(), []ledger.Transaction{move(fmt.Sprint(i, " ", j), purse("ann"), purse(fmt.Sprint(i)), 1)})
			var short *ledger.InsufficientError
			if err == nil {
				spent.Add(1)
			} else if !errors.As(err, &short) || short.Account != purse("ann") {
				t.Errorf("Post: %v", err)
			}
		}
	})
	s.wantBalance(purse("ann"), 0)
	if n := spent.Load(); n != 30 {
		t.Errorf("%d of 30 coins were spent", n)
	}
}

func booksAlwaysBalance(t *testing.T, s *rig) {
	accounts := []ledger.Account{outside}
	for i := range 5 {
		accounts = append(accounts, purse(fmt.Sprint(i)))
		s.fund(fmt.Sprint(i), 1000)
	}
	done := meanwhile(func() {
		parallel(crowd, func(i int) {
			for j := range 10 {
				from := 1 + (i+j)%5
				s.post(move(fmt.Sprint(i, " ", j), accounts[from], accounts[1+from%5], int64(i)), move(fmt.Sprint(j, "-", i), outside, accounts[from], 1))
			}
		})
	})
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		var sum int64
		for i, n := range s.balances(accounts...).Amounts {
			if sum += n; n < 0 && i > 0 {
				t.Errorf("%d on %+v", n, accounts[i])
			}
		}
		if sum != 0 {
			t.Errorf("the books add up to %d", sum)
		}
	}
	all := s.written(store.LedgerQuery{})
	if len(all) != 5+2*10*crowd {
		t.Errorf("%d transactions", len(all))
	}
}

func transactionIsPostedOnceByWhoever(_ *testing.T, s *rig) {
	a, b := move("a", outside, purse("ann"), 3), move("b", outside, purse("bob"), 4)
	parallel(crowd, func(i int) {
		if i%2 == 0 {
			s.post(a, b)
		} else {
			s.post(b, a)
		}
	})
	s.wantBalance(purse("ann"), 3)
	s.wantBalance(purse("bob"), 4)
	s.wantBalance(outside, -7)
}
