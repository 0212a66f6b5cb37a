package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

func changeQuizWritesEverything(t *testing.T, s *rig) {
	s.create("r")
	before := s.draftQuiz("r", "q")
	var want quiz.Quiz
	s.pass(2 * time.Millisecond)
	got := s.changeQuiz(before.Ref, func(c *store.QuizChange, now live.Timestamp) {
		if !sameQuiz(c.Quiz, before) || now <= before.CreatedAt {
			t.Errorf("at %d change was handed %+v\nwant %+v", now, c.Quiz, before)
		}
		q := &c.Quiz
		q.State, q.Current, q.Players, q.Remaining, q.TouchedAt, q.Finishing = quiz.Revealed, 1, 1_763_609, 7, now, true
		q.Reason, q.EndedAt, q.EndedMedia = "why \x00", now+1, 5
		q.Result = quiz.Result{Winners: 7, Pot: 1_000_000_000_000_000, Share: 3, WithExtra: 2, Returned: 1, PaidAt: now}
		q.Rounds[0] = quiz.Round{
			Question: q.Rounds[0].Question, State: quiz.Revealed, Last: true, AskedAt: now, Media: 3, DisplayBy: now + 1, ClosesAt: now + 2,
			ClosedAt: now + 3, RevealedAt: now + 4, RevealedMedia: 4,
			Tally: quiz.Tally{
				Answers: [quiz.MaxOptions]int64{1, 2, 3, 4, 5, 1_000_000_000}, Missed: 1, Excused: 2, Revived: 3, Eliminated: 4,
				Remaining: 5, Entered: 6, Final: true, Evaluated: true,
			},
		}
		q.Rounds = append(q.Rounds, quiz.Round{Question: quiz.Question{Text: "late", Options: []string{"a", "b"}}, State: quiz.Draft})
		want = *q
	})
	want.Revision = before.Revision + 1
	if !sameQuiz(got, want) {
		t.Errorf("ChangeQuiz = %+v\nwant %+v", got, want)
	}
	s.wantQuiz(want)
}

func changeQuizKeepsWhatIsItsOwn(t *testing.T, s *rig) {
	s.create("r")
	before := s.draftQuiz("r", "q")
	got := s.changeQuiz(before.Ref, func(c *store.QuizChange, _ live.Timestamp) { c.Quiz.Title, c.Quiz.Revision = "another", 99 })
	if got.Revision != before.Revision+1 || got.Title != "another" {
		t.Errorf("ChangeQuiz = %+v, want revision %d", got, before.Revision+1)
	}
	s.wantQuiz(got)
}

func changeQuizOfNothingIsNoRevision(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	before := s.draftQuiz("r", "q")
	for range 3 {
		got := s.changeQuiz(before.Ref, func(c *store.QuizChange, _ live.Timestamp) {
			c.Tasks = []quiz.Task{taskOf(before.Ref, quiz.StageAbandon, quiz.Whole, 1)}
			c.Moves = []ledger.Transaction{move("m", outside, purse("ann"), 5)}
			e := event("e", "r")
			c.Event = &e
		})
		if !sameQuiz(got, before) {
			t.Errorf("ChangeQuiz = %+v, want %+v", got, before)
		}
	}
	s.wantQuiz(before)
	s.wantClaim(taskOf(before.Ref, quiz.StageAbandon, quiz.Whole, 1))
	s.wantBalance(purse("ann"), 5)
	s.wantEvents(s.events(store.EventQuery{Limit: 10}), event("e", "r"))
	s.send("r", draft("ann", "next"))
	if heard := e.all(2); heard[1].Message == nil {
		t.Errorf("heard %+v, want that nothing was published", heard[1])
	}
}

// everythingOf puts all that a change may bring into it.
func everythingOf(c *store.QuizChange) {
	c.Quiz.Title, c.Quiz.State = "another", quiz.Asked
	c.Tasks = []quiz.Task{taskOf(c.Quiz.Ref, quiz.StageClose, 0, 1)}
	c.Moves = []ledger.Transaction{move("changed", outside, purse("ann"), 5)}
	e := event("changed", c.Quiz.Room)
	c.Event = &e
}

// wantUntouched checks that nothing of everythingOf was written.
func (s *rig) wantUntouched(before quiz.Quiz) {
	s.t.Helper()
	s.wantQuiz(before)
	s.wantClaim()
	s.wantBalance(purse("ann"), 0)
	s.wantEvents(s.events(store.EventQuery{Limit: 10}))
}

func changeQuizRefusedWritesNothing(t *testing.T, s *rig) {
	s.create("r")
	before := s.draftQuiz("r", "q")
	head := s.head("r")
	refusal := &quiz.WrongStateError{State: quiz.Draft}
	_, err := s.Quizzes.ChangeQuiz(t.Context(), before.Ref, func(q quiz.Quiz, _ live.Timestamp) (store.QuizChange, error) {
		c := store.QuizChange{Quiz: q}
		everythingOf(&c)
		return c, refusal
	})
	var got *quiz.WrongStateError
	if !errors.As(err, &got) || got != refusal {
		t.Errorf("%v, want the change's own error", err)
	}
	s.wantUntouched(before)
	s.wantHead("r", head)
}

func oneQuizRuns(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	first, second := s.draftQuiz("r", "q"), s.draftQuiz("r", "second")
	s.moveQuiz(s.draftQuiz("other", "q").Ref, quiz.Asked)
	s.moveQuiz(first.Ref, quiz.Closed)
	var running *store.QuizRunningError
	_, err := s.tryChange(second.Ref, func(c *store.QuizChange, _ live.Timestamp) { everythingOf(c) })
	if !errors.As(err, &running) || running.ID != "q" {
		t.Errorf("%v, want that %q is running", err, "q")
	}
	s.wantUntouched(second)
	s.moveQuiz(first.Ref, quiz.Revealed)
	s.changeQuiz(second.Ref, func(c *store.QuizChange, _ live.Timestamp) { c.Quiz.Title = "another" })
	s.moveQuiz(first.Ref, quiz.Cancelled)
	s.moveQuiz(second.Ref, quiz.Asked)
	if got, err := s.Quizzes.RunningQuizzes(t.Context(), []live.RoomID{"r"}); err != nil || got["r"].ID != "second" {
		t.Errorf("RunningQuizzes = %+v, %v", got, err)
	}
}

func changeQuizMovesCoinsOrNothing(t *testing.T, s *rig) {
	s.create("r")
	before := s.draftQuiz("r", "q")
	var short *ledger.InsufficientError
	_, err := s.tryChange(before.Ref, func(c *store.QuizChange, _ live.Timestamp) {
		everythingOf(c)
		c.Moves = append(c.Moves, move("too much", purse("bob"), purse("cy"), 1))
	})
	if !errors.As(err, &short) || short.Account != purse("bob") || short.Balance != 0 {
		t.Errorf("%v, want that bob has nothing", err)
	}
	s.wantUntouched(before)
	for range 2 {
		s.changeQuiz(before.Ref, func(c *store.QuizChange, _ live.Timestamp) { everythingOf(c) })
	}
	s.wantBalance(purse("ann"), 5)
	if got := s.quiz("r", "q"); got.Revision != before.Revision+1 {
		t.Errorf("%+v, want one change", got)
	}
}

func changeQuizRecordsItsEvent(_ *testing.T, s *rig) {
	s.create("r")
	q := s.draftQuiz("r", "q")
	for i := range 3 {
		s.changeQuiz(q.Ref, func(c *store.QuizChange, _ live.Timestamp) {
			e := event(fmt.Sprint(i/2), "r")
			c.Quiz.Title, c.Event = fmt.Sprint(i), &e
		})
	}
	s.wantEvents(s.events(store.EventQuery{Limit: 10}), event("0", "r"), event("1", "r"))
}

func changeQuizIsHeard(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	q := s.draftQuiz("r", "q")
	for i := range 5 {
		q = s.changeQuiz(q.Ref, func(c *store.QuizChange, _ live.Timestamp) { c.Quiz.Title = fmt.Sprint(i) })
	}
	for i, p := range e.all(6) {
		if want := (store.QuizMark{ID: "q", Revision: int64(i) + 1}); p.Quiz == nil || *p.Quiz != want || p.Sequence != uint64(i)+1 {
			t.Errorf("publication %d is %+v, want %+v", i+1, p, want)
		}
	}
}
