package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
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
