package memory_test

import (
	"errors"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/store/storetest"
)

// answer has somebody answer the first question of a quiz, and says what became of it.
func answer(t *testing.T, s *memory.Store, ref quiz.Ref) quiz.Verdict {
	t.Helper()
	_, receipts, err := s.PutAnswers(t.Context(), quiz.Slot{Ref: ref, Question: 1}, true, []quiz.Answer{{User: "ann", Option: 1, Received: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return receipts[0].Verdict
}

// The quizzes of a room go with it, and what there is of them elsewhere.
func TestQuizzesOfForgottenRooms(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(1_000_000)
	s := memory.New(memory.WithClock(clock.Now), memory.WithRetention(time.Minute))
	ref := quiz.Ref{Room: "r", Quiz: "q"}
	begin := func() {
		if _, err := s.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateQuiz(t.Context(), quiz.Quiz{Ref: ref, State: quiz.Draft, Creator: "host"}, "request", nil); err != nil {
			t.Fatal(err)
		}
	}
	begin()
	_, err := s.ChangeQuiz(t.Context(), ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		task := quiz.Task{Slot: quiz.Slot{Ref: ref, Question: 1}, Stage: quiz.StageClose, Due: now.Add(time.Minute)}
		return store.QuizChange{Quiz: q, Tasks: []quiz.Task{task}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := answer(t, s, ref); got != quiz.Taken {
		t.Fatalf("an answer came to %d", got)
	}
	if _, err := s.EndRoom(t.Context(), "r"); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	checkRooms(t, s)
	if tasks, err := s.ClaimQuizTasks(t.Context(), "node", 10, time.Minute); err != nil || len(tasks) != 0 {
		t.Errorf("tasks %+v, %v; want none", tasks, err)
	}
	if _, err := s.Quiz(t.Context(), ref); !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("%v, want ErrRoomNotFound", err)
	}
	begin()
	if got := answer(t, s, ref); got != quiz.Taken {
		t.Errorf("in another room of that name an answer came to %d, want it taken", got)
	}
}

// Whoever is at a change when the room is forgotten brings nothing back.
func TestChangeOfAForgottenRoom(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(1_000_000)
	s := memory.New(memory.WithClock(clock.Now), memory.WithRetention(time.Minute))
	ref := quiz.Ref{Room: "r", Quiz: "q"}
	if _, err := s.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateQuiz(t.Context(), quiz.Quiz{Ref: ref, State: quiz.Draft}, "", nil); err != nil {
		t.Fatal(err)
	}
	_, err := s.ChangeQuiz(t.Context(), ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		if _, err := s.EndRoom(t.Context(), "r"); err != nil { // as another node would
			t.Error(err)
		}
		clock.Advance(time.Minute)
		checkRooms(t, s)
		task := quiz.Task{Slot: quiz.Slot{Ref: ref, Question: 1}, Stage: quiz.StageClose, Due: now}
		return store.QuizChange{Quiz: q, Tasks: []quiz.Task{task}}, nil
	})
	if !errors.Is(err, store.ErrRoomNotFound) {
		t.Errorf("%v, want ErrRoomNotFound", err)
	}
	if tasks, err := s.ClaimQuizTasks(t.Context(), "node", 10, time.Minute); err != nil || len(tasks) != 0 {
		t.Errorf("tasks %+v, %v; want none", tasks, err)
	}
}

// What nobody has dropped, or touched for a day, goes by itself.
func TestAnswersThatNobodyDrops(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(1_000_000)
	s := memory.New(memory.WithClock(clock.Now))
	old, young := quiz.Ref{Room: "r", Quiz: "old"}, quiz.Ref{Room: "r", Quiz: "young"}
	answer(t, s, old)
	answer(t, s, young)
	clock.Advance(24*time.Hour - time.Second)
	checkRooms(t, s)
	if got := answer(t, s, young); got != quiz.Repeated {
		t.Errorf("within a day an answer came to %d, want it repeated", got)
	}
	clock.Advance(2 * time.Second)
	checkRooms(t, s)
	for ref, want := range map[quiz.Ref]quiz.Verdict{old: quiz.Taken, young: quiz.Repeated} {
		if got := answer(t, s, ref); got != want {
			t.Errorf("%s: an answer came to %d, want %d", ref.Quiz, got, want)
		}
	}
}
