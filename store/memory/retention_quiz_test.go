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

// A quiz that is over goes by itself too, though its room stays; one that is not stays.
func TestQuizzesThatAreOverAreForgotten(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock(1_000_000)
	s := memory.New(memory.WithClock(clock.Now), memory.WithQuizRetention(time.Hour))
	if _, err := s.CreateRoom(t.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
		t.Fatal(err)
	}
	begin := func(id quiz.ID) quiz.Ref {
		t.Helper()
		ref := quiz.Ref{Room: "r", Quiz: id}
		if _, err := s.CreateQuiz(t.Context(), quiz.Quiz{Ref: ref, State: quiz.Draft}, "", nil); err != nil {
			t.Fatal(err)
		}
		answer(t, s, ref)
		task := quiz.Task{Slot: quiz.Slot{Ref: ref, Question: 1}, Stage: quiz.StageClose}
		if _, err := s.CompleteQuizTask(t.Context(), task, quiz.Part{Evidence: []quiz.Evidence{{User: "ann"}}}); err != nil {
			t.Fatal(err)
		}
		return ref
	}
	end := func(ref quiz.Ref) {
		t.Helper()
		for range 2 {
			_, err := s.ChangeQuiz(t.Context(), ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
				q.State, q.EndedAt = quiz.Cancelled, now
				return store.QuizChange{Quiz: q}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	over, draft, later := begin("over"), begin("draft"), begin("later")
	end(over)
	clock.Advance(time.Hour - time.Second)
	end(later)
	checkRooms(t, s, "r")
	if _, err := s.QuizPart(t.Context(), quiz.Slot{Ref: over, Question: 1}); err != nil {
		t.Errorf("within an hour: %v", err)
	}
	clock.Advance(time.Second)
	checkRooms(t, s, "r")
	for ref, want := range map[quiz.Ref]error{over: store.ErrQuizNotFound, draft: nil, later: nil} {
		_, err := s.Quiz(t.Context(), ref)
		_, err2 := s.QuizPart(t.Context(), quiz.Slot{Ref: ref, Question: 1})
		if !errors.Is(err, want) || !errors.Is(err2, want) {
			t.Errorf("%s: %v, %v; want %v", ref.Quiz, err, err2, want)
		}
	}
	if all, err := s.Quizzes(t.Context(), "r", store.QuizPlace{}, 10); err != nil || len(all) != 2 {
		t.Errorf("%d quizzes, %v", len(all), err)
	}
	if last, err := s.Quiz(t.Context(), quiz.Ref{Room: "r"}); err != nil || last.Quiz != "later" {
		t.Errorf("the last is %q, %v", last.Quiz, err)
	}
	begin("over") // the name is free again, and nobody has answered
	clock.Advance(time.Hour)
	checkRooms(t, s, "r")
	if _, err := s.Quiz(t.Context(), over); err != nil {
		t.Errorf("another quiz of the name: %v", err)
	}
}
