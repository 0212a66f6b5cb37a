package quiz_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

func TestNewChecks(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*quiz.Quiz){
		"quiz_id's":                   func(q *quiz.Quiz) { q.Ref.Quiz = "" },
		"quiz_id":                     func(q *quiz.Quiz) { q.Ref.Quiz = "a/b" },
		"title's":                     func(q *quiz.Quiz) { q.Title = strings.Repeat("x", 257) },
		"questions' number":           func(q *quiz.Quiz) { q.Rounds = make([]quiz.Round, 101) },
		"rules.answer_window":         func(q *quiz.Quiz) { q.Rules.AnswerWindow = 0 },
		"rules.stream_delay":          func(q *quiz.Quiz) { q.Rules.StreamDelay = -1 },
		"rules.ticket_grace":          func(q *quiz.Quiz) { q.Rules.TicketGrace = time.Minute },
		"rules.missed_policy":         func(q *quiz.Quiz) { q.Rules.Missed = 0 },
		"rules.max_excuses":           func(q *quiz.Quiz) { q.Rules.MaxExcuses = -1 },
		"rules.proof_margin":          func(q *quiz.Quiz) { q.Rules.ProofMargin = time.Hour },
		"rules.entry_questions":       func(q *quiz.Quiz) { q.Rules.EntryQuestions = 0 },
		"rules.revives.mode":          func(q *quiz.Quiz) { q.Rules.Revives.Mode = 4 },
		"rules.revives.initial":       func(q *quiz.Quiz) { q.Rules.Revives.Initial = 101 },
		"rules.revives.max_used":      func(q *quiz.Quiz) { q.Rules.Revives.MaxUsed = -1 },
		"rules.revives.choice_window": func(q *quiz.Quiz) { q.Rules.Revives.ChoiceWindow = 0 },
		"rules.pot":                   func(q *quiz.Quiz) { q.Rules.Pot = -1 },
		"rules.remainder":             func(q *quiz.Quiz) { q.Rules.Remainder = 0 },
		"rules.abandon_after":         func(q *quiz.Quiz) { q.Rules.AbandonAfter = time.Second },
		"questions[1].text's":         func(q *quiz.Quiz) { q.Rounds[1].Text = "" },
		"questions[1].options'":       func(q *quiz.Quiz) { q.Rounds[1].Options = []string{"one"} },
		"questions[1].options[0]'s":   func(q *quiz.Quiz) { q.Rounds[1].Options = []string{"", "two"} },
		"questions[1].correct":        func(q *quiz.Quiz) { q.Rounds[1].Correct = quiz.OptionsOf(4) },
		"questions[1].answer_window":  func(q *quiz.Quiz) { q.Rounds[1].Window = time.Hour },
		"questions[1].labels: a key":  func(q *quiz.Quiz) { q.Rounds[1].Labels = map[string]string{"": ""} },
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			d := quiz.Quiz{
				Ref: quiz.Ref{Room: "room", Quiz: "quiz"}, Rules: quiz.DefaultRules(),
				Rounds: []quiz.Round{{Question: choice(3, 1)}, {Question: choice(3)}},
			}
			if _, err := quiz.New(d); err != nil {
				t.Fatal(err)
			}
			spoil(&d)
			invalid := new(quiz.InvalidError)
			if _, err := quiz.New(d); !errors.As(err, &invalid) || !strings.HasPrefix(invalid.Field, field) {
				t.Errorf("%v, want an error about %s", err, field)
			}
		})
	}
}

// New takes what a draft says, and nothing that only a game can bring about.
func TestNewIsDraft(t *testing.T) {
	t.Parallel()
	b := sit(t, quiz.DefaultRules(), choice(2, 1), choice(2, 2))
	b.ask()
	b.close()
	again, err := quiz.New(b.q)
	fresh := sit(t, quiz.DefaultRules(), choice(2, 1), choice(2, 2))
	if err != nil || !reflect.DeepEqual(again, fresh.q) {
		t.Errorf("%+v, %v, want %+v", again, err, fresh.q)
	}
}

func TestAskInstants(t *testing.T) {
	t.Parallel()
	rules := quiz.DefaultRules()
	rules.StreamDelay, rules.TicketGrace, rules.AbandonAfter = 5*time.Second, 3*time.Second, time.Minute
	long := choice(2, 1)
	long.Window = 20 * time.Second
	b := sit(t, rules, choice(2, 1), long)
	q, tasks, err := b.q.Ask(quiz.Ask{Number: 1, Media: 77}, b.now)
	if err != nil {
		t.Fatal(err)
	}
	r := q.Round(1)
	if r.AskedAt != b.now || r.Media != 77 || r.DisplayBy != b.now+5*second || r.ClosesAt != b.now+15*second || r.Last {
		t.Errorf("%+v", r)
	}
	if b.q.State != quiz.Draft || b.q.Round(1).State != quiz.Draft {
		t.Error("asking changed the quiz that it was called on")
	}
	seen := make(map[quiz.Task]int)
	for _, task := range tasks {
		seen[task]++
	}
	closes := quiz.Task{Slot: quiz.Slot{Ref: q.Ref, Question: 1}, Stage: quiz.StageClose, Due: b.now + 18*second}
	for closes.Shard = quiz.Whole; closes.Shard < quiz.Shards; closes.Shard++ {
		if seen[closes] != 1 {
			t.Errorf("%d times %+v", seen[closes], closes)
		}
	}
	abandon := quiz.Task{
		Slot: quiz.Slot{Ref: q.Ref, Shard: quiz.Whole}, Stage: quiz.StageAbandon, Due: b.now + 78*second,
	}
	if seen[abandon] != 1 || len(tasks) != quiz.Shards+2 {
		t.Errorf("%d tasks, %d times %+v", len(tasks), seen[abandon], abandon)
	}
	if q.Abandoned(abandon.Due-1) || !q.Abandoned(abandon.Due) || b.q.Abandoned(abandon.Due) {
		t.Error("abandoned too early, too late, or as a draft")
	}
	b.ask()
	b.close()
	b.reveal()
	if r := b.ask(); r.ClosesAt != b.now+25*second || r.Media != b.now || !r.Last {
		t.Errorf("%+v, want the question's own window, and the last", r)
	}
}

// situations returns a quiz in each of the situations that calls are made in.
func situations(t *testing.T) map[string]*table {
	t.Helper()
	steps := map[string]func(b *table){
		"ask":    func(b *table) { b.ask() },
		"wait":   func(b *table) { b.now = b.q.SealsAt(b.q.Current) },
		"close":  func(b *table) { b.close() },
		"reveal": func(b *table) { b.reveal() },
		"tell": func(b *table) {
			b.move(b.q.Reveal(quiz.Reveal{Number: 2, Correct: quiz.OptionsOf(2)}, b.now))
		},
		"work":   func(b *table) { b.work() },
		"finish": func(b *table) { b.move(b.q.Finish(0, b.now)) },
		"cancel": func(b *table) {
			q, err := b.q.Cancel("why", b.now)
			b.move(q, nil, err)
		},
	}
	all := make(map[string]*table)
	for name, script := range map[string]string{
		"draft":           "",
		"asked":           "ask",
		"sealing":         "ask wait",
		"closed":          "ask close",
		"revealed":        "ask close reveal",
		"closed, unknown": "ask close reveal ask close",
		"revealing":       "ask close reveal ask close tell",
		"last":            "ask close reveal ask close tell work ask close reveal",
		"finishing":       "ask close reveal finish",
		"finished":        "ask close reveal finish work",
		"cancelled":       "ask close reveal ask cancel",
	} {
		b := sit(t, quiz.DefaultRules(), choice(3, 1), choice(3), choice(3, 1))
		for step := range strings.FieldsSeq(script) {
			steps[step](b)
		}
		all[name] = b
	}
	return all
}

// Every move from every situation: "" is done, "same" changes nothing.
func TestMoves(t *testing.T) {
	t.Parallel()
	other := choice(3, 3)
	yes := true
	moves := map[string]func(q quiz.Quiz, now *table) (quiz.Quiz, []quiz.Task, error){
		"ask 1": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Ask(quiz.Ask{Number: 1}, b.now)
		},
		"ask 1 otherwise": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Ask(quiz.Ask{Number: 1, Question: &other}, b.now)
		},
		"ask 1 as the last": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Ask(quiz.Ask{Number: 1, Last: &yes}, b.now)
		},
		"ask 2": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Ask(quiz.Ask{Number: 2}, b.now)
		},
		"ask 4": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Ask(quiz.Ask{Number: 4}, b.now)
		},
		"bring 4": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Ask(quiz.Ask{Number: 4, Question: &other}, b.now)
		},
		"reveal 1": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Reveal(quiz.Reveal{Number: 1}, b.now)
		},
		"reveal 1 otherwise": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Reveal(quiz.Reveal{Number: 1, Correct: quiz.OptionsOf(2)}, b.now)
		},
		"reveal 2": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Reveal(quiz.Reveal{Number: 2}, b.now)
		},
		"reveal 2 as 2": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Reveal(quiz.Reveal{Number: 2, Correct: quiz.OptionsOf(2)}, b.now)
		},
		"reveal 2 as 5": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Reveal(quiz.Reveal{Number: 2, Correct: quiz.OptionsOf(5)}, b.now)
		},
		"reveal 4": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Reveal(quiz.Reveal{Number: 4}, b.now)
		},
		"close 1": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Close(1, quiz.Tally{Evaluated: true}, b.now)
		},
		"close 2": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Close(2, quiz.Tally{}, b.now)
		},
		"evaluated 1": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Evaluated(1, quiz.Tally{}, b.now)
		},
		"evaluated 2": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			return q.Evaluated(2, quiz.Tally{}, b.now)
		},
		"finish": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) { return q.Finish(0, b.now) },
		"finished": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			q, err := q.Finished(quiz.Result{}, b.now)
			return q, nil, err
		},
		"cancel": func(q quiz.Quiz, b *table) (quiz.Quiz, []quiz.Task, error) {
			q, err := q.Cancel("because", b.now)
			return q, nil, err
		},
	}
	columns := []string{
		"draft", "asked", "sealing", "closed", "revealed", "closed, unknown", "revealing", "last", "finishing", "finished", "cancelled",
	}
	const done, same, state, open, busy, asked, none, option, say = "", "same", "state", "open", "busy", "asked", "none", "option", "say"
	want := map[string][]string{
		"ask 1":              {done, same, same, same, same, same, same, same, same, same, same},
		"ask 1 otherwise":    {done, asked, asked, asked, asked, asked, asked, asked, asked, asked, asked},
		"ask 1 as the last":  {done, asked, asked, asked, asked, asked, asked, asked, asked, asked, asked},
		"ask 2":              {state, state, state, state, done, same, same, same, state, state, same},
		"ask 4":              {none, none, none, none, none, none, none, none, none, none, none},
		"bring 4":            {state, state, state, state, state, state, state, state, state, state, state},
		"reveal 1":           {state, open, busy, done, same, same, same, same, same, same, same},
		"reveal 1 otherwise": {state, state, state, state, state, state, state, state, state, state, state},
		"reveal 2":           {state, state, state, state, state, say, same, same, state, state, state},
		"reveal 2 as 2":      {state, state, state, state, state, done, same, same, state, state, state},
		"reveal 2 as 5":      {state, state, state, state, state, option, option, option, state, state, option},
		"reveal 4":           {none, none, none, none, none, none, none, none, none, none, none},
		"close 1":            {state, done, done, same, same, same, same, same, same, same, same},
		"close 2":            {state, state, state, state, state, same, same, same, state, state, same},
		"evaluated 1":        {state, state, state, same, same, same, same, same, same, same, same},
		"evaluated 2":        {state, state, state, state, state, state, done, same, state, same, same},
		"finish":             {state, state, state, state, done, state, busy, done, same, same, state},
		"finished":           {state, state, state, state, state, state, state, state, done, same, state},
		"cancel":             {done, done, done, done, done, done, done, done, done, state, same},
	}
	all := situations(t)
	for name, move := range moves {
		for i, column := range columns {
			b := all[column]
			before := b.q
			q, tasks, err := move(b.q, b)
			if got := verdict(b.q, q, err); got != want[name][i] {
				t.Errorf("%s in %s: %q (%v), want %q", name, column, got, err, want[name][i])
			}
			if got := verdict(b.q, q, err); got != done && len(tasks) > 0 {
				t.Errorf("%s in %s: %q with %d tasks", name, column, got, len(tasks))
			}
			if !reflect.DeepEqual(b.q, before) {
				t.Errorf("%s in %s changed the quiz that it was called on", name, column)
			}
		}
	}
}

// verdict says in a word what a move came to.
func verdict(before, after quiz.Quiz, err error) string {
	state, open, invalid := new(quiz.WrongStateError), new(quiz.OpenError), new(quiz.InvalidError)
	switch {
	case err == nil && reflect.DeepEqual(before, after):
		return "same"
	case err == nil:
		return ""
	case !reflect.DeepEqual(before, after):
		return "changed with an error"
	case errors.As(err, &state) && state.State == before.State:
		return "state"
	case errors.As(err, &open) && open.Until == before.SealsAt(before.Current):
		return "open"
	case errors.As(err, &invalid):
		return "say"
	case errors.Is(err, quiz.ErrEvaluating):
		return "busy"
	case errors.Is(err, quiz.ErrQuestionAsked):
		return "asked"
	case errors.Is(err, quiz.ErrQuestionNotFound):
		return "none"
	case errors.Is(err, quiz.ErrOptionUnknown):
		return "option"
	default:
		return err.Error()
	}
}

func TestBringQuestions(t *testing.T) {
	t.Parallel()
	b := sit(t, quiz.DefaultRules(), choice(2, 1))
	no := false
	brought, bad := choice(4, 4), choice(2, 3)
	b.move(b.q.Ask(quiz.Ask{Number: 1, Last: &no}, b.now))
	b.close()
	b.reveal()
	invalid := new(quiz.InvalidError)
	if _, _, err := b.q.Ask(quiz.Ask{Number: 2, Question: &bad}, b.now); !errors.As(err, &invalid) {
		t.Errorf("%v, want what is wrong with the question", err)
	}
	b.move(b.q.Ask(quiz.Ask{Number: 2, Question: &brought}, b.now))
	if r := b.q.Round(2); r.Last || len(r.Options) != 4 {
		t.Errorf("%+v, want it as it was brought, and not the last", r)
	}
	again := choice(4)
	if q, tasks, err := b.q.Ask(quiz.Ask{Number: 2, Question: &again, Last: &no}, b.now+second); err != nil || tasks != nil || q.Round(2).AskedAt != b.now {
		t.Errorf("asked again without what is right: %v", err)
	}
}

// Answers that are known reveal by themselves where the rules say so, with the first media
// timestamp that there is.
func TestAutoReveal(t *testing.T) {
	t.Parallel()
	rules := quiz.DefaultRules()
	rules.AutoReveal = true
	b := sit(t, rules, choice(2, 1), choice(2))
	b.ask()
	b.close()
	if r := b.q.Round(1); b.q.State != quiz.Revealed || r.RevealedAt != r.ClosedAt || r.RevealedMedia != b.now {
		t.Errorf("%s, %+v", b.q.State, r)
	}
	b.ask()
	b.close()
	if b.q.State != quiz.Closed {
		t.Errorf("%s without a right answer", b.q.State)
	}
	b.move(b.q.Reveal(quiz.Reveal{Number: 2, Correct: quiz.OptionsOf(1, 2), Media: 9}, b.now))
	if len(b.tasks) != quiz.Shards+1 || b.q.State != quiz.Closed {
		t.Errorf("%d tasks, %s", len(b.tasks), b.q.State)
	}
	b.work()
	if r := b.q.Round(2); b.q.State != quiz.Revealed || r.RevealedMedia != 9 || !r.Tally.Evaluated {
		t.Errorf("%s, %+v", b.q.State, r)
	}
}

// Shards that were only sealed are evaluated when all are, if it is known what is right.
func TestEvaluateAfterClose(t *testing.T) {
	t.Parallel()
	b := sit(t, quiz.DefaultRules(), choice(2, 1))
	b.ask()
	b.answer("ann", 1, time.Second)
	b.tasks = nil
	q, tasks, err := b.q.Close(1, quiz.Tallied(1, b.slot(1, quiz.ShardOf("ann"))), b.now)
	if err != nil || len(tasks) != quiz.Shards+1 || tasks[0].Stage != quiz.StageEvaluate || q.State != quiz.Closed {
		t.Fatalf("%s with %d tasks, %v", q.State, len(tasks), err)
	}
	b.move(q, tasks, nil)
	b.move(b.q.Reveal(quiz.Reveal{Number: 1, Media: 5}, b.now))
	if b.q.State != quiz.Closed {
		t.Errorf("%s before it is evaluated", b.q.State)
	}
	b.work()
	if r := b.q.Round(1); b.q.State != quiz.Revealed || r.Tally.Remaining != 1 || r.RevealedMedia != 5 {
		t.Errorf("%s, %+v", b.q.State, r)
	}
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	all := situations(t)
	late := func(at live.Timestamp) string { return (&quiz.LateError{ClosesAt: at * second}).Error() }
	for _, tt := range []struct {
		situation string
		n         quiz.Number
		o         quiz.Option
		at        live.Timestamp // in seconds
		want      string
	}{
		{"draft", 1, 1, 1000, quiz.ErrEarly.Error()},
		{"asked", 1, 1, 999, quiz.ErrEarly.Error()},
		{"asked", 1, 1, 1000, ""},
		{"asked", 1, 3, 1010, ""},
		{"asked", 1, 4, 1010, quiz.ErrOptionUnknown.Error()},
		{"asked", 1, 0, 1010, quiz.ErrOptionUnknown.Error()},
		{"asked", 1, 1, 1011, late(1010)},
		{"asked", 1, 9, 1011, late(1010)},
		{"asked", 2, 1, 1000, quiz.ErrEarly.Error()},
		{"asked", 0, 1, 1000, quiz.ErrEarly.Error()},
		{"asked", 9, 1, 1000, quiz.ErrEarly.Error()},
		{"sealing", 1, 1, 1009, ""},
		{"closed", 1, 1, 1009, late(1010)},
		{"revealed", 2, 1, 1030, quiz.ErrEarly.Error()},
		{"finished", 1, 1, 1009, late(1010)},
		{"finished", 2, 1, 1009, late(1012)},
		{"cancelled", 2, 1, 1012, late(1012)},
	} {
		var said string
		if err := all[tt.situation].q.Accepts(tt.n, tt.o, tt.at*second); err != nil {
			said = err.Error()
		}
		if said != tt.want {
			t.Errorf("%s: %d of question %d at %d: %q, want %q", tt.situation, tt.o, tt.n, tt.at, said, tt.want)
		}
	}
}
