package paired_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// BenchmarkCloseShard measures what a node does with a shard of a question that is over, of
// as many players as one of 1.76 million has: seal it, read what is in it, keep it, and put
// where the players stand. Evaluating them is package quiz's, and not in it.
//
//	go test ./store/paired -run '^$' -bench CloseShard -benchtime 64x
func BenchmarkCloseShard(b *testing.B) {
	const players, each = 27_500, 500
	set := newBackends(b, services.SharedRedis(b)).open(b).Set()
	ref := quiz.Ref{Room: "r", Quiz: "q"}
	if _, err := set.Rooms.CreateRoom(b.Context(), room.Room{ID: "r", Settings: room.DefaultSettings()}, ""); err != nil {
		b.Fatal(err)
	}
	if _, err := set.Quizzes.CreateQuiz(b.Context(), quiz.Quiz{Ref: ref, State: quiz.Asked}, "", nil); err != nil {
		b.Fatal(err)
	}
	users, standing := make([]live.UserID, players), make([]quiz.Player, players)
	for i := range users {
		users[i] = live.UserID(fmt.Sprintf("user-%09d", i))
		standing[i] = quiz.Player{User: users[i], Status: quiz.Playing, EnteredAt: 1, Right: 1, Answered: 1, Spent: 4_000_000, After: 1}
	}
	slots := make([]quiz.Slot, b.N)
	for n := range slots {
		slots[n] = quiz.Slot{Ref: ref, Question: quiz.Number(1 + n/quiz.Shards), Shard: n % quiz.Shards}
		fillSlot(b, set.Answers, slots[n], slices.Collect(slices.Chunk(users, each)), n < quiz.Shards)
	}
	b.ResetTimer()
	next, all := make(chan quiz.Slot, b.N), sync.WaitGroup{}
	for _, slot := range slots {
		next <- slot
	}
	close(next)
	for range 4 {
		all.Go(func() {
			for slot := range next {
				closeShard(b, set, slot, standing)
			}
		})
	}
	all.Wait()
}

// fillSlot lets users answer, and acknowledge the question.
func fillSlot(b *testing.B, s store.Answers, slot quiz.Slot, users [][]live.UserID, entry bool) {
	b.Helper()
	for _, some := range users {
		answers, notes := make([]quiz.Answer, len(some)), make([]quiz.Note, 0, 2*len(some))
		for i, user := range some {
			at := live.At(time.Now())
			answers[i] = quiz.Answer{User: user, Option: quiz.Option(1 + i%3), Received: at}
			notes = append(notes, quiz.Note{Kind: quiz.Delivered, User: user, At: at, Session: live.SessionID(user) + "-session"},
				quiz.Note{Kind: quiz.Entered, User: user, At: at})
		}
		if _, _, err := s.PutAnswers(b.Context(), slot, entry, answers); err != nil {
			b.Fatal(err)
		}
		if _, _, err := s.PutNotes(b.Context(), slot, notes); err != nil {
			b.Fatal(err)
		}
	}
}

// closeShard does what is to be done with a shard but for evaluating it.
func closeShard(b *testing.B, set store.Set, slot quiz.Slot, players []quiz.Player) {
	b.Helper()
	_, evidence, err := set.Answers.Seal(b.Context(), slot)
	if err != nil || len(evidence) != len(players) {
		b.Errorf("%d users, %v", len(evidence), err)
		return
	}
	task := quiz.Task{Slot: slot, Stage: quiz.StageClose}
	part := quiz.Part{Evidence: evidence, Players: players, Tally: quiz.Tallied(slot.Question, evidence)}
	if _, err := set.Quizzes.CompleteQuizTask(b.Context(), task, part); err != nil {
		b.Error(err)
	}
	if err := set.Answers.PutStandings(b.Context(), slot, players); err != nil {
		b.Error(err)
	}
}
