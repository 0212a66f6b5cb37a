package paired_test

import (
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/storetest"
)

// draft creates a room with a quiz.
func draft(t *testing.T, set store.Set) quiz.Ref {
	t.Helper()
	ref := quiz.Ref{Room: "r", Quiz: "q"}
	r := room.Room{ID: ref.Room, Host: "host", Settings: room.DefaultSettings()}
	if _, err := set.Rooms.CreateRoom(t.Context(), r, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := set.Quizzes.CreateQuiz(t.Context(), quiz.Quiz{Ref: ref, State: quiz.Draft}, "", nil); err != nil {
		t.Fatal(err)
	}
	return ref
}

// change lets a quiz run, with tasks, and returns the instant at which it did.
func change(t *testing.T, set store.Set, ref quiz.Ref, tasks ...quiz.Task) (at live.Timestamp, next quiz.Quiz) {
	t.Helper()
	next, err := set.Quizzes.ChangeQuiz(t.Context(), ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		q.State, at = quiz.Asked, now
		return store.QuizChange{Quiz: q, Tasks: tasks}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return at, next
}

// Nobody hears of a change while the hot backend is away, and whoever asks sees it.
func TestQuizzesChangeWhileTheHotBackendIsAway(t *testing.T) {
	t.Parallel()
	n := newBackends(t, services.SharedRedis(t)).open(t)
	set := n.Set()
	ref := draft(t, set)
	heard := make(chan store.Publication, 10)
	stop, err := set.Bus.Follow(t.Context(), ref.Room, func(p store.Publication) { heard <- p })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	n.hot.away.is.Store(true)
	_, changed := change(t, set, ref)
	marks, err := set.Quizzes.RunningQuizzes(t.Context(), []live.RoomID{ref.Room, "other"})
	want := store.QuizMark{ID: ref.Quiz, Revision: changed.Revision}
	if err != nil || len(marks) != 1 || marks[ref.Room] != want {
		t.Errorf("RunningQuizzes = %+v, %v; want %+v", marks, err, want)
	}
	n.hot.away.is.Store(false)
	_, err = set.Quizzes.ChangeQuiz(t.Context(), ref, func(q quiz.Quiz, _ live.Timestamp) (store.QuizChange, error) {
		q.Title = "another"
		return store.QuizChange{Quiz: q}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want.Revision++
	if p := <-heard; p.Quiz == nil || *p.Quiz != want {
		t.Errorf("heard %+v, want %+v", p, want)
	}
}

// What a quiz's instants are compared with is when answers were received: both are by the
// hot backend's clock, whatever the durable one's says.
func TestQuizzesGoByTheClockOfTheirAnswers(t *testing.T) {
	t.Parallel()
	b, answers, books := newBackends(t, services.SharedRedis(t)), storetest.NewClock(begun), storetest.NewClock(begun.Add(time.Hour))
	b.redis.Clock, b.postgres.Clock = answers.Now, books.Now
	set := b.open(t).Set()
	ref := draft(t, set)
	at, _ := change(t, set, ref)
	if now := answers.Now(); at != now {
		t.Errorf("changed at %d, want %d", at, now)
	}
	due := quiz.Task{Slot: quiz.Slot{Ref: ref, Question: 1, Shard: 1}, Stage: quiz.StageClose, Due: at}
	ahead := quiz.Task{Slot: quiz.Slot{Ref: ref, Question: 1, Shard: 2}, Stage: quiz.StageClose, Due: at + 1}
	change(t, set, ref, due, ahead)
	for _, want := range [][]quiz.Task{{due}, {}} {
		got, err := set.Quizzes.ClaimQuizTasks(t.Context(), "node", 10, time.Minute)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("ClaimQuizTasks = %+v, %v; want %+v", got, err, want)
		}
	}
}
