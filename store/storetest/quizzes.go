package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

var quizzesTests = []test{
	{"CreateQuizReturnsItAsStored", createQuizReturnsItAsStored},
	{"CreateQuizDecidesWhatIsItsOwn", createQuizDecidesWhatIsItsOwn},
	{"CreateQuizOfATakenIDIsRefused", createQuizOfATakenIDIsRefused},
	{"CreateQuizAgainReturnsWhatWasCreated", createQuizAgainReturnsWhatWasCreated},
	{"CreateQuizAgainWithAnotherIsRefused", createQuizAgainWithAnotherIsRefused},
	{"CreateQuizIsRememberedForFiveMinutes", createQuizIsRememberedForFiveMinutes},
	{"CreateQuizThatWasRefusedIsNotRemembered", createQuizThatWasRefusedIsNotRemembered},
	{"CreateQuizMovesItsCoins", createQuizMovesItsCoins},
	{"QuizOfNoIDIsTheRunningOne", quizOfNoIDIsTheRunningOne},
	{"QuizzesAreNewestFirst", quizzesAreNewestFirst},
	{"RunningQuizzesAreOfTheRooms", runningQuizzesAreOfTheRooms},
	{"ChangeQuizWritesEverything", changeQuizWritesEverything},
	{"ChangeQuizKeepsWhatIsItsOwn", changeQuizKeepsWhatIsItsOwn},
	{"ChangeQuizOfNothingIsNoRevision", changeQuizOfNothingIsNoRevision},
	{"ChangeQuizRefusedWritesNothing", changeQuizRefusedWritesNothing},
	{"OneQuizRuns", oneQuizRuns},
	{"ChangeQuizMovesCoinsOrNothing", changeQuizMovesCoinsOrNothing},
	{"ChangeQuizRecordsItsEvent", changeQuizRecordsItsEvent},
	{"ChangeQuizIsHeard", changeQuizIsHeard},
	{"QuizzesOfEndedRooms", quizzesOfEndedRooms},
	{"QuizNotFound", quizNotFound},
	{"QuizRequestIsClaimedOnce", quizRequestIsClaimedOnce},
	{"TasksComeWhenTheyAreDue", tasksComeWhenTheyAreDue},
	{"TasksComeAtTheirInstant", tasksComeAtTheirInstant},
	{"LeasedTaskIsNobodyElses", leasedTaskIsNobodyElses},
	{"TaskIsTakenOver", taskIsTakenOver},
	{"WholeComesAfterItsShards", wholeComesAfterItsShards},
	{"TaskIsCompletedOnce", taskIsCompletedOnce},
	{"PartOfALaterStageTakesThePlace", partOfALaterStageTakesThePlace},
	{"TalliesAreOfTheirStage", talliesAreOfTheirStage},
	{"TaskIsDoneAgain", taskIsDoneAgain},
	{"DroppedTaskIsGone", droppedTaskIsGone},
	{"TasksOfAQuizThatIsOverAreDropped", tasksOfAQuizThatIsOverAreDropped},
	{"PartComesBackWhole", partComesBackWhole},
	{"TasksAreAModel", tasksAreAModel},
}

// long is a day ahead, or ago.
const long = 24 * time.Hour

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

func quizOfNoIDIsTheRunningOne(t *testing.T, s *rig) {
	s.create("r")
	want := func(name quiz.ID) {
		t.Helper()
		if got := s.quiz("r", ""); got.Quiz != name {
			t.Fatalf("Quiz of no id is %q, want %q", got.Quiz, name)
		}
	}
	refs := make(map[quiz.ID]quiz.Ref)
	for _, name := range []quiz.ID{"a", "b", "c", "d"} {
		refs[name] = s.draftQuiz("r", name).Ref
	}
	if _, err := s.Quizzes.Quiz(t.Context(), quiz.Ref{Room: "r"}); !errors.Is(err, store.ErrQuizNotFound) {
		t.Errorf("%v, want ErrQuizNotFound", err)
	}
	s.moveQuiz(refs["c"], quiz.Asked)
	want("c")
	s.moveQuiz(refs["b"], quiz.Cancelled)
	want("c")
	s.pass(2 * time.Millisecond)
	s.moveQuiz(refs["c"], quiz.Finished)
	want("c")
	s.pass(2 * time.Millisecond)
	s.moveQuiz(refs["a"], quiz.Cancelled)
	want("a")
	for _, state := range []quiz.State{quiz.Asked, quiz.Closed, quiz.Revealed} {
		s.moveQuiz(refs["d"], state)
		want("d")
	}
}

func quizzesAreNewestFirst(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	var want []quiz.Quiz
	for i := range 9 {
		want = append(want, s.draftQuiz("r", quiz.ID("zyB-a1:._x日"[i:])))
		if i%3 == 2 {
			s.pass(2 * time.Millisecond)
		}
	}
	s.draftQuiz("other", "q")
	slices.SortFunc(want, func(a, b quiz.Quiz) int {
		if a.CreatedAt > b.CreatedAt || a.CreatedAt == b.CreatedAt && a.Quiz > b.Quiz {
			return -1
		}
		return 1
	})
	for _, limit := range []int{1, 2, 4, 9, 100} {
		var got []quiz.Quiz
		for after := (store.QuizPlace{}); ; {
			page, err := s.Quizzes.Quizzes(t.Context(), "r", after, limit)
			if must(s, "Quizzes", page, err); len(page) == 0 {
				break
			}
			got = append(got, page...)
			last := page[len(page)-1]
			after = store.QuizPlace{CreatedAt: last.CreatedAt, ID: last.Quiz}
		}
		if !slices.EqualFunc(got, want, sameQuiz) {
			t.Errorf("in pages of %d: %+v\nwant %+v", limit, got, want)
		}
	}
	between := store.QuizPlace{CreatedAt: want[4].CreatedAt, ID: want[4].Quiz + "-"}
	if page, err := s.Quizzes.Quizzes(t.Context(), "r", between, 1); err != nil || len(page) != 1 || page[0].Quiz != want[4].Quiz {
		t.Errorf("after a place where no quiz is: %+v, %v; want %q", page, err, want[4].Quiz)
	}
}

func runningQuizzesAreOfTheRooms(t *testing.T, s *rig) {
	want := make(map[live.RoomID]store.QuizMark)
	rooms := []live.RoomID{"absent"}
	for i, state := range []quiz.State{quiz.Draft, quiz.Asked, quiz.Closed, quiz.Revealed, quiz.Finished, quiz.Cancelled} {
		id := live.RoomID(fmt.Sprint("r", i))
		s.create(id)
		s.draftQuiz(id, "other")
		q := s.draftQuiz(id, "q")
		if rooms = append(rooms, id); state != quiz.Draft {
			q = s.moveQuiz(q.Ref, state)
		}
		if state.Running() {
			want[id] = store.QuizMark{ID: "q", Revision: q.Revision}
		}
	}
	check := func(rooms []live.RoomID, n int) {
		t.Helper()
		got, err := s.Quizzes.RunningQuizzes(t.Context(), rooms)
		if must(s, "RunningQuizzes", got, err); len(got) != n {
			t.Errorf("RunningQuizzes(%q) = %+v, want %d", rooms, got, n)
		}
		for id, mark := range got {
			if mark != want[id] {
				t.Errorf("%+v of %q, want %+v", mark, id, want[id])
			}
		}
	}
	check(rooms, 3)
	check(rooms[:3], 1)
	check(nil, 0)
	s.moveQuiz(quiz.Ref{Room: "r1", Quiz: "q"}, quiz.Finished)
	delete(want, "r1")
	check(rooms, 2)
}

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

func quizzesOfEndedRooms(t *testing.T, s *rig) {
	s.create("r")
	first := s.addQuiz(newQuiz("r", "q"), "request")
	s.moveQuiz(first.Ref, quiz.Asked)
	s.end("r")
	_, err := s.Quizzes.CreateQuiz(t.Context(), newQuiz("r", "q"), "request", nil)
	wantRoomError(t, err, "r", store.ErrRoomEnded)
	_, err = s.Quizzes.CreateQuiz(t.Context(), newQuiz("r", "new"), "", nil)
	wantRoomError(t, err, "r", store.ErrRoomEnded)
	s.addTasks(first.Ref, taskOf(first.Ref, quiz.StageClose, 0, 1))
	s.wantClaim(taskOf(first.Ref, quiz.StageClose, 0, 1))
	over := s.moveQuiz(first.Ref, quiz.Cancelled)
	s.wantQuiz(over)
	if all, err := s.Quizzes.Quizzes(t.Context(), "r", store.QuizPlace{}, 10); err != nil || len(all) != 1 {
		t.Errorf("Quizzes = %+v, %v", all, err)
	}
}

func quizNotFound(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	s.draftQuiz("other", "q")
	for _, ref := range []quiz.Ref{{Room: "r", Quiz: "q"}, {Room: "r"}, {Room: "other", Quiz: "Q"}} {
		if _, err := s.Quizzes.Quiz(t.Context(), ref); !errors.Is(err, store.ErrQuizNotFound) {
			t.Errorf("Quiz(%+v): %v, want ErrQuizNotFound", ref, err)
		}
		if _, err := s.Quizzes.QuizPart(t.Context(), quiz.Slot{Ref: ref, Question: 1}); !errors.Is(err, store.ErrQuizNotFound) {
			t.Errorf("QuizPart(%+v): %v, want ErrQuizNotFound", ref, err)
		}
		_, err := s.tryChange(ref, func(*store.QuizChange, live.Timestamp) { t.Error("there is nothing to change") })
		if !errors.Is(err, store.ErrQuizNotFound) {
			t.Errorf("ChangeQuiz(%+v): %v, want ErrQuizNotFound", ref, err)
		}
	}
	if _, err := s.Quizzes.QuizPart(t.Context(), quiz.Slot{Ref: quiz.Ref{Room: "other", Quiz: "q"}, Question: 1}); !errors.Is(err, store.ErrQuizNotFound) {
		t.Errorf("a part that is not there: %v, want ErrQuizNotFound", err)
	}
}

// What a request of a quiz asks for is remembered with the quiz, and for each quiz by itself.
func quizRequestIsClaimedOnce(t *testing.T, s *rig) {
	s.create("r")
	q := s.draftQuiz("r", "q")
	other := s.draftQuiz("r", "other")
	claim := func(ref quiz.Ref, id, asks string, want bool) {
		t.Helper()
		if first, err := s.Quizzes.ClaimQuizRequest(t.Context(), ref, id, []byte(asks)); err != nil || first != want {
			t.Errorf("ClaimQuizRequest(%q, %q) = %v, %v; want %v", id, asks, first, err, want)
		}
	}
	refused := func(id, asks string) {
		t.Helper()
		if first, err := s.Quizzes.ClaimQuizRequest(t.Context(), q.Ref, id, []byte(asks)); !errors.Is(err, store.ErrRequestReused) || first {
			t.Errorf("ClaimQuizRequest(%q, %q) = %v, %v; want ErrRequestReused", id, asks, first, err)
		}
	}
	claim(q.Ref, "id \x00日", "this \x00", true)
	claim(q.Ref, "id \x00日", "this \x00", false)
	refused("id \x00日", "that")
	refused("id \x00日", "")
	claim(q.Ref, "id", "that", true)
	claim(other.Ref, "id", "this", true)
	s.moveQuiz(q.Ref, quiz.Cancelled)
	claim(q.Ref, "id", "that", false)
	refused("id", "this")
	if _, err := s.Quizzes.ClaimQuizRequest(t.Context(), quiz.Ref{Room: "r", Quiz: "none"}, "id", nil); !errors.Is(err, store.ErrQuizNotFound) {
		t.Errorf("of no quiz: %v, want ErrQuizNotFound", err)
	}
}

// quizzesCalls is every method of Quizzes that takes a room's id.
var quizzesCalls = []call{
	{"CreateQuiz", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Quizzes.CreateQuiz(ctx, newQuiz(id, "new"), "request", nil)
		return err
	}},
	{"Quiz", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Quizzes.Quiz(ctx, quiz.Ref{Room: id, Quiz: "q"})
		return maybeNoQuiz(err)
	}},
	{"Quizzes", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Quizzes.Quizzes(ctx, id, store.QuizPlace{}, 10)
		return err
	}},
	{"ClaimQuizRequest", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Quizzes.ClaimQuizRequest(ctx, quiz.Ref{Room: id, Quiz: "q"}, "request", []byte("this"))
		return maybeNoQuiz(err)
	}},
	{"ChangeQuiz", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Quizzes.ChangeQuiz(ctx, quiz.Ref{Room: id, Quiz: "q"}, func(q quiz.Quiz, _ live.Timestamp) (store.QuizChange, error) {
			q.Title = "another"
			return store.QuizChange{Quiz: q}, nil
		})
		return maybeNoQuiz(err)
	}},
}

// maybeNoQuiz is an error but for that of a room that has no such quiz.
func maybeNoQuiz(err error) error {
	if errors.Is(err, store.ErrQuizNotFound) {
		return nil
	}
	return err
}

// quizzesAnywhere is every other method of Quizzes.
var quizzesAnywhere = []call{
	{"RunningQuizzes", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Quizzes.RunningQuizzes(ctx, []live.RoomID{id})
		return err
	}},
	{"ClaimQuizTasks", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Quizzes.ClaimQuizTasks(ctx, "node", 10, time.Hour)
		return err
	}},
	{"CompleteQuizTask", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Quizzes.CompleteQuizTask(ctx, taskOf(quiz.Ref{Room: id, Quiz: "q"}, quiz.StageClose, 0, 1), quiz.Part{})
		return err
	}},
	{"DropQuizTask", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		return s.Quizzes.DropQuizTask(ctx, taskOf(quiz.Ref{Room: id, Quiz: "q"}, quiz.StageClose, quiz.Whole, 1))
	}},
	{"QuizPart", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Quizzes.QuizPart(ctx, quiz.Slot{Ref: quiz.Ref{Room: id, Quiz: "q"}, Question: 1})
		return err
	}},
	{"QuizTally", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Quizzes.QuizTally(ctx, quiz.Ref{Room: id, Quiz: "q"}, 1, quiz.StageClose)
		return err
	}},
}
