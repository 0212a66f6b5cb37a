package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

func createQuizReturnsItAsStored(t *testing.T, s *rig) {
	s.create("r")
	e := s.follow(t, "r")
	want := newQuiz("r", "q")
	got := s.addQuiz(want, "request")
	if got.Revision != 1 || got.CreatedAt <= 0 {
		t.Errorf("CreateQuiz = %+v, want revision 1 and an instant", got)
	}
	want.Revision, want.CreatedAt = 1, got.CreatedAt
	if !sameQuiz(got, want) {
		t.Errorf("CreateQuiz = %+v\nwant %+v", got, want)
	}
	s.wantQuiz(want)
	if p := e.all(1)[0]; p.Quiz == nil || *p.Quiz != (store.QuizMark{ID: "q", Revision: 1}) {
		t.Errorf("heard %+v, want the quiz", p)
	}
	bare := s.addQuiz(quiz.Quiz{Ref: quiz.Ref{Room: "r", Quiz: "bare"}, State: quiz.Draft}, "")
	s.wantQuiz(bare)
}

func createQuizDecidesWhatIsItsOwn(t *testing.T, s *rig) {
	s.create("r")
	q := newQuiz("r", "q")
	q.Revision, q.CreatedAt = 77, 1
	if got := s.addQuiz(q, ""); got.Revision != 1 || got.CreatedAt == 1 {
		t.Errorf("CreateQuiz = %+v, want revision 1 and created now", got)
	}
}

func createQuizOfATakenIDIsRefused(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	first := s.draftQuiz("r", "q")
	s.draftQuiz("other", "q")
	s.draftQuiz("r", "Q")
	another := newQuiz("r", "q")
	another.Title = "another"
	for _, request := range []string{"", "request", "request"} {
		if _, err := s.Quizzes.CreateQuiz(t.Context(), another, request, nil); !errors.Is(err, store.ErrQuizExists) {
			t.Errorf("request %q: %v, want ErrQuizExists", request, err)
		}
	}
	s.wantQuiz(first)
}

func createQuizAgainReturnsWhatWasCreated(t *testing.T, s *rig) {
	s.create("r")
	moves := []ledger.Transaction{move("m", outside, purse("ann"), 5)}
	first := s.addQuiz(newQuiz("r", "q"), "request", moves...)
	q := newQuiz("r", "q")
	q.Rounds[1].Labels = map[string]string{}
	if again := s.addQuiz(q, "request", moves...); !sameQuiz(again, first) {
		t.Errorf("again: %+v\nwant %+v", again, first)
	}
	other := newQuiz("r", "other")
	other.Creator = "another"
	s.addQuiz(other, "request")
	s.wantBalance(purse("ann"), 5)
	if all, err := s.Quizzes.Quizzes(t.Context(), "r", store.QuizPlace{}, 10); err != nil || len(all) != 2 {
		t.Errorf("%d quizzes, %v; want one of each creator", len(all), err)
	}
}

func createQuizAgainWithAnotherIsRefused(t *testing.T, s *rig) {
	s.create("r")
	s.addQuiz(newQuiz("r", "q"), "request")
	title, rules, rounds := newQuiz("r", "q"), newQuiz("r", "q"), newQuiz("r", "q")
	title.Title = "another"
	rules.Rules.MaxExcuses++
	rounds.Rounds = rounds.Rounds[:1]
	for _, other := range []quiz.Quiz{newQuiz("r", "other"), title, rules, rounds} {
		if _, err := s.Quizzes.CreateQuiz(t.Context(), other, "request", nil); !errors.Is(err, store.ErrRequestReused) {
			t.Errorf("with %+v: %v, want ErrRequestReused", other, err)
		}
	}
	if all, err := s.Quizzes.Quizzes(t.Context(), "r", store.QuizPlace{}, 10); err != nil || len(all) != 1 {
		t.Errorf("%d quizzes, %v; want 1", len(all), err)
	}
}

func createQuizIsRememberedForFiveMinutes(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.create("r")
	first := s.addQuiz(newQuiz("r", "q"), "request")
	clock.Advance(5*time.Minute - time.Millisecond)
	s.addQuiz(newQuiz("r", "another"), "another")
	if again := s.addQuiz(newQuiz("r", "q"), "request"); !sameQuiz(again, first) {
		t.Errorf("just before 5 minutes: %+v\nwant %+v", again, first)
	}
}

func createQuizThatWasRefusedIsNotRemembered(t *testing.T, s *rig) {
	s.create("r")
	s.draftQuiz("r", "q")
	if _, err := s.Quizzes.CreateQuiz(t.Context(), newQuiz("r", "q"), "request", nil); !errors.Is(err, store.ErrQuizExists) {
		t.Fatalf("%v, want ErrQuizExists", err)
	}
	s.addQuiz(newQuiz("r", "other"), "request")
}

func createQuizMovesItsCoins(t *testing.T, s *rig) {
	s.create("r")
	pot := ledger.Account{Kind: ledger.Pot, Owner: "r/q"}
	aside := move("aside", purse("ann"), pot, 100)
	s.fund("ann", 99)
	var short *ledger.InsufficientError
	_, err := s.Quizzes.CreateQuiz(t.Context(), newQuiz("r", "q"), "request", moved(aside))
	if !errors.As(err, &short) || short.Account != purse("ann") || short.Balance != 99 {
		t.Errorf("%v, want that ann has 99", err)
	}
	if _, err := s.Quizzes.Quiz(t.Context(), quiz.Ref{Room: "r", Quiz: "q"}); !errors.Is(err, store.ErrQuizNotFound) {
		t.Errorf("%v, want ErrQuizNotFound", err)
	}
	s.post(move("one more", outside, purse("ann"), 1))
	s.addQuiz(newQuiz("r", "q"), "request", aside)
	s.wantBalance(pot, 100)
	s.wantBalance(purse("ann"), 0)
	if _, err := s.Quizzes.CreateQuiz(t.Context(), newQuiz("r", "q"), "", moved(move("b", outside, pot, 1))); !errors.Is(err, store.ErrQuizExists) {
		t.Errorf("%v, want ErrQuizExists", err)
	}
	s.wantBalance(pot, 100)
}
