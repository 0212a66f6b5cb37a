package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

var gamesTests = []test{
	{"GameEndsAsItIsReplayed", gameEndsAsItIsReplayed},
}

// aGame is a quiz that is played through a store by nodes that crash between any two steps.
type aGame struct {
	s       *rig
	clock   *Clock
	ref     quiz.Ref
	users   []live.UserID
	facts   []quiz.Fact // that the store has taken
	crashes *rand.Rand
}

// term is how long nodes have for a task.
const term = time.Second

// crash says whether a node crashes here.
func (g *aGame) crash() bool { return g.crashes.IntN(25) == 0 }

// move has the host, or a node, do something with the quiz.
func (g *aGame) move(do func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error)) quiz.Quiz {
	g.s.t.Helper()
	return g.pay(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, []ledger.Transaction, error) {
		next, tasks, err := do(q, now)
		return next, tasks, nil, err
	})
}

// pay is move that moves coins.
func (g *aGame) pay(
	do func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, []ledger.Transaction, error),
) quiz.Quiz {
	g.s.t.Helper()
	q, err := g.s.Quizzes.ChangeQuiz(g.s.t.Context(), g.ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		next, tasks, moves, err := do(q, now)
		return store.QuizChange{Quiz: next, Tasks: tasks, Moves: moves}, err
	})
	return must(g.s, "ChangeQuiz", q, err)
}

// slot returns the slot of a user.
func (g *aGame) slot(n quiz.Number, user live.UserID) quiz.Slot {
	return quiz.Slot{Ref: g.ref, Question: n, Shard: quiz.ShardOf(user)}
}

// play has everyone do something while a question takes answers.
func (g *aGame) play(t *rapid.T, q quiz.Quiz) {
	n, round := q.Current, q.Round(q.Current)
	at := rapid.Int64Range(int64(round.AskedAt), int64(round.ClosesAt))
	for _, user := range g.users {
		slot := g.slot(n, user)
		for _, kind := range rapid.SliceOfN(rapid.SampledFrom([]quiz.NoteKind{quiz.Entered, quiz.Delivered}), 0, 2).Draw(t, "notes") {
			when := live.Timestamp(at.Draw(t, "at"))
			g.s.notes(slot, quiz.Note{Kind: kind, User: user, At: when, Session: "s"})
			fact := quiz.Evidence{User: user, Delivered: when, Session: "s"}
			if kind == quiz.Entered {
				fact = quiz.Evidence{User: user, Entered: when}
			}
			g.facts = append(g.facts, quiz.Fact{Question: n, Evidence: fact})
		}
		if option := rapid.IntRange(0, 3).Draw(t, "option"); option > 0 {
			a := answer(user, quiz.Option(min(option, 2)), live.Timestamp(at.Draw(t, "received"))) //nolint:gosec // small
			if g.s.answers(slot, int(n) <= q.Rules.EntryQuestions, a)[0].Verdict == quiz.Taken {
				g.facts = append(g.facts, quiz.Fact{Question: n, Evidence: answered(a)})
			}
		}
	}
}

// revive has some of those come back who may.
func (g *aGame) revive(t *rapid.T, q quiz.Quiz) {
	now := g.clock.Now()
	for _, user := range g.users {
		stands, err := g.s.Answers.StandingsOf(t.Context(), g.slot(q.Current, user), []live.UserID{user})
		if must(g.s, "StandingsOf", stands, err); q.MayRevive(stands[0], now) == nil && rapid.Bool().Draw(t, "revive") {
			g.s.notes(g.slot(q.Current+1, user), quiz.Note{Kind: quiz.Revive, User: user, At: now})
			g.facts = append(g.facts, quiz.Fact{Question: q.Current + 1, Evidence: quiz.Evidence{User: user, Revived: now}})
		}
	}
}

// work has nodes do what is due, until nothing is.
func (g *aGame) work() {
	for idle := 0; idle < 2; idle++ {
		for _, task := range g.s.claimFor("node", 100, term) {
			idle = 0
			if g.crash() {
				continue
			}
			if task.Shard == quiz.Whole {
				g.whole(task)
			} else {
				g.shard(task)
			}
		}
		g.clock.Advance(term)
	}
}

// shard does a shard's task. A crash is a return: whoever takes over begins anew.
func (g *aGame) shard(task quiz.Task) {
	part, crashed := g.judge(task)
	if crashed || g.crash() {
		return
	}
	kept := g.s.complete(task, part)
	if g.crash() { // completed: nobody does it again, and the standings were put before
		return
	}
	if kept.Players != nil {
		g.s.stand(task.Slot, kept.Players...)
	}
}

// judge says what a shard comes to, and puts where its players stand.
func (g *aGame) judge(task quiz.Task) (part quiz.Part, crashed bool) {
	q := g.s.quiz(g.ref.Room, g.ref.Quiz)
	switch task.Stage {
	case quiz.StageEvaluate:
		part.Evidence = g.part(task.Slot).Evidence
	default:
		part.Evidence = g.s.seal(task.Slot)
	}
	if g.crash() {
		return part, true
	}
	var before []quiz.Player
	if earlier := task.Slot; task.Question > 1 {
		earlier.Question--
		before = g.part(earlier).Players
	}
	if task.Stage == quiz.StageFinish {
		part.Players, part.Tally = quiz.Finalise(q, before, part.Evidence)
	} else {
		part.Players, part.Tally = quiz.Evaluate(q, task.Question, before, part.Evidence)
	}
	if part.Tally.Evaluated {
		g.s.stand(task.Slot, part.Players...)
	}
	return part, false
}

// part returns what a shard came to.
func (g *aGame) part(slot quiz.Slot) quiz.Part {
	g.s.t.Helper()
	part, err := g.s.Quizzes.QuizPart(g.s.t.Context(), slot)
	return must(g.s, "QuizPart", part, err)
}

// whole does the task that comes after those of all shards.
func (g *aGame) whole(task quiz.Task) {
	if task.Stage != quiz.StageAbandon {
		sum, shards, err := g.s.Quizzes.QuizTally(g.s.t.Context(), g.ref, task.Question, task.Stage)
		if must(g.s, "QuizTally", sum, err); shards != quiz.Shards {
			g.s.t.Fatalf("%+v comes after %d shards", task, shards)
		}
		g.pay(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, []ledger.Transaction, error) {
			return g.advance(q, task, sum, now)
		})
	}
	if !g.crash() {
		g.s.dropTask(task)
	}
}

// advance is what a whole stage does to the quiz.
func (g *aGame) advance(
	q quiz.Quiz, task quiz.Task, sum quiz.Tally, now live.Timestamp,
) (next quiz.Quiz, tasks []quiz.Task, moves []ledger.Transaction, err error) {
	switch task.Stage {
	case quiz.StageClose:
		next, tasks, err = q.Close(task.Question, sum, now)
	case quiz.StageEvaluate:
		next, tasks, err = q.Evaluated(task.Question, sum, now)
	default:
		var winners []quiz.Player
		for _, p := range g.players(task.Question) {
			if p.Status == quiz.Won {
				winners = append(winners, p)
			}
		}
		result, paid := quiz.Split(q, winners)
		if next, err = q.Finished(result, now); err == nil {
			moves = append(quiz.Prizes(next, paid), quiz.Returned(next)...)
		}
	}
	return next, tasks, moves, err
}

// players returns the players of all shards after a question, in order of user.
func (g *aGame) players(n quiz.Number) (all []quiz.Player) {
	for shard := range quiz.Shards {
		all = append(all, g.part(quiz.Slot{Ref: g.ref, Question: n, Shard: shard}).Players...)
	}
	slices.SortFunc(all, func(a, b quiz.Player) int { return cmp.Compare(a.User, b.User) })
	return all
}

// rulesOf draws how a game is played.
func rulesOf(t *rapid.T) quiz.Rules {
	r := quiz.DefaultRules()
	r.EntryQuestions = rapid.IntRange(1, 2).Draw(t, "entry questions")
	r.Revives.Mode = rapid.SampledFrom([]quiz.ReviveMode{quiz.ReviveAutomatic, quiz.ReviveChosen, quiz.ReviveOff}).Draw(t, "revives")
	r.Revives.Initial, r.Revives.OnLast, r.Revives.ChoiceWindow = 1, rapid.Bool().Draw(t, "on last"), time.Minute
	r.Remainder = rapid.SampledFrom([]quiz.Remainder{quiz.RemainderDraw, quiz.RemainderFastest, quiz.RemainderReturn}).Draw(t, "remainder")
	r.Pot, r.AutoReveal = 1001, rapid.Bool().Draw(t, "reveals by itself")
	return r
}

func gameEndsAsItIsReplayed(t *testing.T, s *rig) {
	clock := s.clock(t)
	users := slices.Concat(people(0, 3), people(31, 2), people(63, 2))
	s.Checks = min(s.Checks, 3) // each is some thousand calls
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		g := &aGame{s: s, clock: clock, ref: quiz.Ref{Room: id, Quiz: "q"}, users: users}
		g.crashes = rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "crashes"), 0)) //nolint:gosec // a pattern that can be repeated
		g.begin(rulesOf(t))
		const questions = 3
		for number := quiz.Number(1); number <= questions; number++ {
			g.question(t, number, number == questions)
		}
		q := g.move(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) { return q.Finish(0, now) })
		g.work()
		q = s.quiz(id, q.Quiz)
		g.agrees(t, q)
	})
}

// begin creates the room and the quiz.
func (g *aGame) begin(rules quiz.Rules) {
	g.s.create(g.ref.Room)
	q, err := quiz.New(quiz.Quiz{Ref: g.ref, Title: "A game", Rules: rules})
	must(g.s, "New", q, err)
	q, err = g.s.Quizzes.CreateQuiz(g.s.t.Context(), q, "", quiz.SetAside)
	must(g.s, "CreateQuiz", q, err)
}

// question plays a question whose right answer is 1, and is known now or when it is revealed.
func (g *aGame) question(t *rapid.T, number quiz.Number, last bool) {
	question := quiz.Question{Text: fmt.Sprint(number), Options: []string{"right", "wrong"}}
	if rapid.Bool().Draw(t, "known") {
		question.Correct = quiz.OptionsOf(1)
	}
	q := g.move(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) {
		return q.Ask(quiz.Ask{Number: number, Question: &question, Last: &last}, now)
	})
	g.play(t, q)
	g.clock.Advance(q.SealsAt(number).Sub(g.clock.Now()))
	g.work()
	g.move(func(q quiz.Quiz, now live.Timestamp) (quiz.Quiz, []quiz.Task, error) {
		return q.Reveal(quiz.Reveal{Number: number, Correct: quiz.OptionsOf(1)}, now)
	})
	g.work()
	if q = g.s.quiz(g.ref.Room, g.ref.Quiz); q.State != quiz.Revealed {
		t.Fatalf("question %d is %v when all is done", number, q.State)
	}
	g.revive(t, q)
}

// agrees compares the end with what the facts alone come to, in any order and some twice.
func (g *aGame) agrees(t *rapid.T, q quiz.Quiz) {
	g.crashes.Shuffle(len(g.facts), func(i, j int) { g.facts[i], g.facts[j] = g.facts[j], g.facts[i] })
	want := quiz.Replay(q, append(g.facts, g.facts[:len(g.facts)/2]...))
	want.Result.PaidAt = q.Result.PaidAt
	if q.State != quiz.Finished || q.Result != want.Result {
		t.Fatalf("%v with %+v\nwant %+v", q.State, q.Result, want.Result)
	}
	for i, tally := range want.Tallies {
		if got := q.Rounds[i].Tally; got != tally {
			t.Fatalf("the tally of question %d is %+v\nwant %+v", i+1, got, tally)
		}
	}
	won := int64(0)
	for i := range want.Players {
		p := &want.Players[i]
		g.s.wantBalance(purse(string(p.User)), g.before(p.User)+p.Prize)
		won += p.Prize
		p.Prize, p.Until = 0, 0 // not kept
	}
	if got := g.players(q.Current + 1); !slices.Equal(got, want.Players) {
		t.Fatalf("the players are %+v\nwant %+v", got, want.Players)
	}
	g.s.wantBalance(ledger.Account{Kind: ledger.Pot, Owner: string(g.ref.Room) + "/q"}, 0)
	if won+q.Result.Returned != q.Rules.Pot {
		t.Fatalf("%d coins were won, %d returned, of %d", won, q.Result.Returned, q.Rules.Pot)
	}
}

// before returns what a user won in earlier games of the store.
func (g *aGame) before(user live.UserID) (sum int64) {
	for _, one := range g.s.written(store.LedgerQuery{Accounts: []ledger.Account{purse(string(user))}, Limit: 10_000}) {
		for _, p := range one.Postings {
			if p.Account == purse(string(user)) && one.Room != g.ref.Room {
				sum += p.Amount
			}
		}
	}
	return sum
}
