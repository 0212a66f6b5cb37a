package quiz_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// second is one, in what instants are counted in.
const second = live.Timestamp(1_000_000)

// start is when the quizzes of these tests begin.
const start = 1_000 * second

// table is where a quiz is played without a server: it holds what the stores would, and does
// tasks as nodes do.
type table struct {
	testing.TB
	q     quiz.Quiz
	now   live.Timestamp
	facts []quiz.Fact       // all that happened, in the order and as often as it came in
	parts [][]quiz.Player   // by shard: the players after what was evaluated last
	tasks []quiz.Task       // that are to be done
	came  [][][]quiz.Player // by question and shard: what was kept of each
	again func() bool       // whether a step is done once more, as after a crash
	mixed func([]quiz.Evidence)
}

// sit returns a table with a new quiz.
func sit(t testing.TB, rules quiz.Rules, questions ...quiz.Question) *table {
	t.Helper()
	d := quiz.Quiz{Ref: quiz.Ref{Room: "room", Quiz: "quiz"}, Title: "A quiz", Rules: rules}
	for _, question := range questions {
		d.Rounds = append(d.Rounds, quiz.Round{Question: question})
	}
	q, err := quiz.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return &table{
		TB: t, q: q, now: start, parts: make([][]quiz.Player, quiz.Shards),
		again: func() bool { return false }, mixed: func([]quiz.Evidence) {},
	}
}

// choice is a question with some options, and which are right.
func choice(options int, correct ...quiz.Option) quiz.Question {
	q := quiz.Question{Text: "Which?", Correct: quiz.OptionsOf(correct...)}
	for i := range options {
		q.Options = append(q.Options, fmt.Sprintf("option %d", i+1))
	}
	return q
}

// wait lets time pass.
func (b *table) wait(d time.Duration) { b.now = b.now.Add(d) }

// move takes what a move came to over.
func (b *table) move(q quiz.Quiz, tasks []quiz.Task, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	b.q = q
	for _, task := range tasks {
		if task.Stage != quiz.StageAbandon {
			b.tasks = append(b.tasks, task)
		}
	}
}

// ask asks the next question.
func (b *table) ask() *quiz.Round {
	b.Helper()
	b.move(b.q.Ask(quiz.Ask{Number: b.q.Current + 1}, b.now))
	return b.q.Round(b.q.Current)
}

// fact notes evidence of a question's slot.
func (b *table) fact(n quiz.Number, e quiz.Evidence) {
	b.facts = append(b.facts, quiz.Fact{Question: n, Evidence: e})
}

// answer lets a user answer the current question so long after it was asked.
func (b *table) answer(user live.UserID, o quiz.Option, after time.Duration) {
	at := b.q.Round(b.q.Current).AskedAt.Add(after)
	b.fact(b.q.Current, quiz.Evidence{User: user, Option: o, Received: at, Stored: at + 1})
}

// slot returns what a slot has.
func (b *table) slot(n quiz.Number, shard int) []quiz.Evidence {
	var list []quiz.Evidence
	for _, f := range b.facts {
		if f.Question == n && quiz.ShardOf(f.User) == shard {
			list = append(list, f.Evidence)
		}
	}
	b.mixed(list)
	return quiz.Collect(list)
}

// work does all tasks, of which that of the whole comes last.
func (b *table) work() {
	b.Helper()
	for len(b.tasks) > 0 {
		todo := b.tasks
		b.tasks = nil
		b.now = max(b.now, todo[0].Due)
		var sum quiz.Tally
		kept := make([][]quiz.Player, quiz.Shards)
		for _, task := range todo {
			if task.Shard != quiz.Whole {
				var t quiz.Tally
				kept[task.Shard], t = b.shard(task)
				sum = sum.Add(t)
			}
		}
		if sum.Evaluated {
			b.parts = kept
			b.came = append(b.came, kept)
		}
		b.whole(todo[0].Stage, todo[0].Question, sum)
		if b.again() {
			b.whole(todo[0].Stage, todo[0].Question, sum)
		}
	}
}

// shard does a shard's task, maybe more than once: it comes to the same.
func (b *table) shard(task quiz.Task) ([]quiz.Player, quiz.Tally) {
	b.Helper()
	players, t := b.try(task)
	if b.again() {
		if twice, t2 := b.try(task); !slices.Equal(players, twice) || t != t2 {
			b.Fatalf("%+v came to %v, and then to %v", task, players, twice)
		}
	}
	return players, t
}

func (b *table) try(task quiz.Task) ([]quiz.Player, quiz.Tally) {
	evidence := b.slot(task.Question, task.Shard)
	if task.Stage == quiz.StageFinish {
		return quiz.Finalise(b.q, b.parts[task.Shard], evidence)
	}
	return quiz.Evaluate(b.q, task.Question, b.parts[task.Shard], evidence)
}

// whole does the task of a stage's whole.
func (b *table) whole(stage quiz.Stage, n quiz.Number, sum quiz.Tally) {
	b.Helper()
	switch stage {
	case quiz.StageClose:
		b.move(b.q.Close(n, sum, b.now))
	case quiz.StageEvaluate:
		b.move(b.q.Evaluated(n, sum, b.now))
	case quiz.StageFinish:
		r, _ := quiz.Split(b.q, b.winners())
		q, err := b.q.Finished(r, b.now)
		b.move(q, nil, err)
	case quiz.StageAbandon:
	}
}

// close waits for the current question's end.
func (b *table) close() { b.Helper(); b.work() }

// reveal reveals the current question, and waits until it is.
func (b *table) reveal(correct ...quiz.Option) {
	b.Helper()
	b.move(b.q.Reveal(quiz.Reveal{Number: b.q.Current, Correct: quiz.OptionsOf(correct...)}, b.now))
	b.work()
}

// finish ends the quiz.
func (b *table) finish() {
	b.Helper()
	b.move(b.q.Finish(0, b.now))
	b.work()
}

// players returns all players, in order of user.
func (b *table) players() []quiz.Player {
	all := slices.Concat(b.parts...)
	slices.SortFunc(all, func(p, o quiz.Player) int { return compare(p.User, o.User) })
	return all
}

// winners returns those who have won.
func (b *table) winners() []quiz.Player {
	return slices.DeleteFunc(b.players(), func(p quiz.Player) bool { return p.Status != quiz.Won })
}

// player returns a player as they stand.
func (b *table) player(user live.UserID) quiz.Player {
	for _, p := range b.parts[quiz.ShardOf(user)] {
		if p.User == user {
			return p
		}
	}
	return quiz.Player{User: user}
}

func compare(a, b live.UserID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func liveUser(name string) live.UserID { return live.UserID(name) }
