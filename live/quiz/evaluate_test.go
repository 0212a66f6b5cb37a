package quiz_test

import (
	"testing"
	"time"

	"github.com/ovation-live/ovation/live/quiz"
)

// What one question does to one player who is in, by what is known of them.
func TestOutcome(t *testing.T) {
	t.Parallel()
	const asked = start
	const closes = asked + 10*second
	in := quiz.Player{User: "ann", Status: quiz.Playing, EnteredAt: 1}
	rich := in
	rich.Revives = 2
	spent := rich
	spent.Used = 1
	excused := in
	excused.Excused = 1
	right := quiz.Evidence{User: "ann", Option: 1, Received: asked + second}
	wrong := quiz.Evidence{User: "ann", Option: 2, Received: asked + second}
	for _, tt := range []struct {
		name   string
		rules  func(*quiz.Rules)
		last   bool
		player quiz.Player
		e      quiz.Evidence
		want   quiz.Outcome
		status quiz.Status
	}{
		{"right", nil, false, in, right, quiz.Right, quiz.Playing},
		{"at the last instant", nil, false, in, quiz.Evidence{Option: 1, Received: closes}, quiz.Right, quiz.Playing},
		{"as it is asked", nil, false, in, quiz.Evidence{Option: 1, Received: asked}, quiz.Right, quiz.Playing},
		{"late", nil, false, in, quiz.Evidence{Option: 1, Received: closes + 1}, quiz.Excused, quiz.Playing},
		{"early", nil, false, in, quiz.Evidence{Option: 1, Received: asked - 1}, quiz.Excused, quiz.Playing},
		{"an option that there is not", nil, false, in, quiz.Evidence{Option: 4, Received: asked}, quiz.Excused, quiz.Playing},
		{"wrong", nil, false, in, wrong, quiz.OutWrong, quiz.Out},
		{"nothing known", nil, false, in, quiz.Evidence{}, quiz.Excused, quiz.Playing},
		{"delivered", nil, false, in, quiz.Evidence{Delivered: closes}, quiz.OutMissed, quiz.Out},
		{"delivered too late", nil, false, in, quiz.Evidence{Delivered: closes + 1}, quiz.Excused, quiz.Playing},
		{
			"delivered within the margin",
			func(r *quiz.Rules) { r.ProofMargin = 3 * time.Second },
			false, in, quiz.Evidence{Delivered: closes - 3*second + 1}, quiz.Excused, quiz.Playing,
		},
		{
			"delivered before the margin",
			func(r *quiz.Rules) { r.ProofMargin = 3 * time.Second },
			false, in, quiz.Evidence{Delivered: closes - 3*second}, quiz.OutMissed, quiz.Out,
		},
		{
			"no excuses",
			func(r *quiz.Rules) { r.Missed = quiz.EliminateMissed },
			false, in, quiz.Evidence{}, quiz.OutMissed, quiz.Out,
		},
		{
			"no more excuses",
			func(r *quiz.Rules) { r.MaxExcuses = 1 },
			false, excused, quiz.Evidence{}, quiz.OutMissed, quiz.Out,
		},
		{"excused before revived", nil, false, rich, quiz.Evidence{}, quiz.Excused, quiz.Playing},
		{"wrong, revived", nil, false, rich, wrong, quiz.RevivedWrong, quiz.Playing},
		{"missed, revived", nil, false, rich, quiz.Evidence{Delivered: asked}, quiz.RevivedMissed, quiz.Playing},
		{"no more may be spent", nil, false, spent, wrong, quiz.OutWrong, quiz.Out},
		{"not on the last", nil, true, rich, wrong, quiz.OutWrong, quiz.Out},
		{
			"on the last too",
			func(r *quiz.Rules) { r.Revives.OnLast = true },
			true, rich, wrong, quiz.RevivedWrong, quiz.Playing,
		},
		{
			"no revives",
			func(r *quiz.Rules) { r.Revives.Mode = quiz.ReviveOff },
			false, rich, wrong, quiz.OutWrong, quiz.Out,
		},
		{
			"by choice",
			func(r *quiz.Rules) { r.Revives.Mode = quiz.ReviveChosen },
			false, rich, wrong, quiz.OutWrong, quiz.Revivable,
		},
		{
			"by choice, not on the last",
			func(r *quiz.Rules) { r.Revives.Mode = quiz.ReviveChosen },
			true, rich, wrong, quiz.OutWrong, quiz.Out,
		},
		{"granted before it", nil, false, in, with(wrong, quiz.Grant{ID: "g", At: asked - 1, Count: 1}), quiz.RevivedWrong, quiz.Playing},
		{"granted after it", nil, false, in, with(wrong, quiz.Grant{ID: "g", At: asked, Count: 1}), quiz.OutWrong, quiz.Out},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rules := quiz.DefaultRules()
			if tt.rules != nil {
				tt.rules(&rules)
			}
			b := sit(t, rules, choice(3, 1), choice(3, 1), choice(3, 1))
			b.ask()
			b.close()
			b.reveal()
			b.now = asked
			b.move(b.q.Ask(quiz.Ask{Number: 2, Last: &tt.last}, b.now))
			tt.e.User = "ann"
			players, tally := quiz.Evaluate(b.q, 2, []quiz.Player{tt.player}, []quiz.Evidence{tt.e})
			if p := players[0]; p.Outcome != tt.want || p.Status != tt.status || p.After != 2 {
				t.Errorf("%+v, want outcome %d, status %d", p, tt.want, tt.status)
			}
			if in := tt.status == quiz.Playing; in != (tally.Remaining == 1) || in == (tally.Eliminated == 1) {
				t.Errorf("%+v of %+v", tally, players)
			}
		})
	}
}

// with returns evidence with a grant.
func with(e quiz.Evidence, g quiz.Grant) quiz.Evidence {
	e.Grants = append(e.Grants, g)
	return e
}

func TestEntry(t *testing.T) {
	t.Parallel()
	rules := quiz.DefaultRules()
	rules.EntryQuestions = 2
	rules.Revives.Initial = 1
	b := sit(t, rules, choice(2, 1), choice(2, 1), choice(2, 1))
	b.fact(1, quiz.Evidence{User: "granted", Grants: []quiz.Grant{{ID: "g", At: b.now, Count: 1}}})
	b.fact(1, quiz.Evidence{User: "never", Grants: []quiz.Grant{{ID: "g", At: b.now, Count: 1}}})
	b.wait(time.Second)
	b.ask()
	b.answer("answers", 1, time.Second)
	b.fact(1, quiz.Evidence{User: "there", Entered: b.now})
	b.fact(1, quiz.Evidence{User: "acknowledges", Delivered: b.now})
	b.close()
	b.reveal()
	b.ask()
	b.answer("second", 1, time.Second)
	b.answer("granted", 1, time.Second)
	b.answer("answers", 1, time.Second)
	b.close()
	b.reveal()
	b.ask()
	b.answer("third", 1, time.Second)
	b.close()
	b.reveal()
	for user, want := range map[string]quiz.Number{
		"answers": 1, "there": 1, "acknowledges": 1, "second": 2, "granted": 2, "third": 0, "never": 0,
	} {
		if p := b.player(liveUser(user)); p.EnteredAt != want {
			t.Errorf("%s entered at %d, want %d: %+v", user, p.EnteredAt, want, p)
		}
	}
	if p := b.player("granted"); p.Revives != 2 {
		t.Errorf("%+v, want the revive from before they entered too", p)
	}
	if len(b.players()) != 5 || b.q.Players != 5 {
		t.Errorf("%d players of %d, want 5", len(b.players()), b.q.Players)
	}
	if p := b.player("acknowledges"); p.Used != 1 || p.Outcome != quiz.Excused {
		t.Errorf("%+v: missed the first, and was excused twice", p)
	}
}

// A question whose right answer is not known is only counted.
func TestCountUnknown(t *testing.T) {
	t.Parallel()
	b := sit(t, quiz.DefaultRules(), choice(3))
	b.ask()
	b.answer("ann", 1, time.Second)
	b.answer("bob", 3, time.Second)
	b.fact(1, quiz.Evidence{User: "cy", Entered: b.now})
	b.close()
	want := quiz.Tally{Answers: [quiz.MaxOptions]int64{1, 0, 1}, Missed: 1, Entered: 3, Final: true}
	if got := b.q.Round(1).Tally; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	b.reveal(3)
	want.Evaluated, want.Excused, want.Remaining, want.Eliminated = true, 1, 2, 1
	if got := b.q.Round(1).Tally; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := quiz.Tallied(1, b.slot(1, quiz.ShardOf("bob"))); got.Answers[2] != 1 || !got.Final || got.Evaluated {
		t.Errorf("%+v of the answers alone", got)
	}
}

// Revives by choice: what was spent within the window after the reveal brings back, moves
// the tally, and is not there a second time.
func TestReviveByChoice(t *testing.T) {
	t.Parallel()
	rules := quiz.DefaultRules()
	rules.Revives = quiz.Revives{Mode: quiz.ReviveChosen, Initial: 2, MaxUsed: 1, ChoiceWindow: 5 * time.Second}
	b := sit(t, rules, choice(2, 1), choice(2, 1), choice(2, 1))
	b.ask()
	for _, user := range []string{"back", "late", "never"} {
		b.answer(liveUser(user), 2, time.Second)
	}
	b.answer("right", 1, time.Second)
	b.close()
	if p := b.q.Standing(b.player("back"), b.now); p.Status != quiz.Revivable || p.Until != 0 {
		t.Errorf("%+v before the reveal", p)
	}
	b.reveal()
	until := b.now.Add(5 * time.Second)
	p := b.q.Standing(b.player("back"), b.now)
	if p.Status != quiz.Revivable || p.Until != until || b.q.RevivesLeft(p) != 1 || b.q.MayRevive(p, until) != nil {
		t.Errorf("%+v after the reveal", p)
	}
	if err := b.q.MayRevive(p, until+1); err == nil {
		t.Error("may revive after the window")
	}
	if err := b.q.MayRevive(b.player("right"), until); err == nil {
		t.Error("may revive without being out")
	}
	if p = b.q.Standing(p, until+1); p.Status != quiz.Out || p.Until != 0 {
		t.Errorf("%+v after the window", p)
	}
	b.fact(2, quiz.Evidence{User: "back", Revived: until})
	b.fact(2, quiz.Evidence{User: "late", Revived: until + 1})
	b.fact(2, quiz.Evidence{User: "right", Revived: until})
	b.wait(5 * time.Second)
	b.ask()
	if err := b.q.MayRevive(p, b.now); err == nil {
		t.Error("may revive after the next question")
	}
	b.answer("back", 2, time.Second)
	b.answer("late", 1, time.Second)
	b.answer("right", 1, time.Second)
	b.close()
	b.reveal()
	want := quiz.Tally{
		Answers: [quiz.MaxOptions]int64{1, 3}, Revived: 1, Eliminated: 2, Remaining: 2, Entered: 4, Final: true, Evaluated: true,
	}
	if got := b.q.Round(1).Tally; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if p := b.player("back"); p.Status != quiz.Out || p.Used != 1 || p.Revives != 1 || p.OutAt != 2 {
		t.Errorf("%+v, want out for good", p)
	}
	if p := b.player("late"); p.Status != quiz.Out || p.OutAt != 1 || p.Answered != 1 || p.Outcome != quiz.NoOutcome {
		t.Errorf("%+v, want out since the first", p)
	}
	if p := b.player("right"); p.Status != quiz.Playing || p.Used != 0 {
		t.Errorf("%+v, want in with all revives", p)
	}
}

// A revive that is chosen after the last question counts at the end.
func TestReviveAtTheEnd(t *testing.T) {
	t.Parallel()
	rules := quiz.DefaultRules()
	rules.Pot = 7
	rules.Revives = quiz.Revives{Mode: quiz.ReviveChosen, Initial: 1, MaxUsed: 1, OnLast: true, ChoiceWindow: 5 * time.Second}
	b := sit(t, rules, choice(2, 1))
	b.ask()
	b.answer("right", 1, time.Second)
	b.answer("back", 2, time.Second)
	b.answer("never", 2, time.Second)
	b.close()
	b.reveal()
	b.fact(2, quiz.Evidence{User: "back", Revived: b.now + second})
	b.fact(2, quiz.Evidence{User: "stranger", Revived: b.now + second, Entered: b.now})
	b.wait(2 * time.Second)
	b.finish()
	tally := b.q.Round(1).Tally
	if tally.Revived != 1 || tally.Eliminated != 1 || tally.Remaining != 2 || b.q.Remaining != 2 {
		t.Errorf("%+v, %d remaining", tally, b.q.Remaining)
	}
	if r := b.q.Result; r.Winners != 2 || r.Share != 3 || r.WithExtra != 1 || r.PaidAt != b.now {
		t.Errorf("%+v", r)
	}
	if p := b.player("back"); p.Status != quiz.Won || p.Outcome != quiz.RevivedWrong || p.Used != 1 {
		t.Errorf("%+v", p)
	}
	if p := b.player("never"); p.Status != quiz.Out || p.OutAt != 1 {
		t.Errorf("%+v", p)
	}
	if n := len(b.players()); n != 3 {
		t.Errorf("%d players, want 3", n)
	}
}

// What a question did to a player can be taken back from how they stand, but for when
// nobody knows it.
func TestUnjudged(t *testing.T) {
	t.Parallel()
	before := quiz.Player{User: "ann", Status: quiz.Playing, EnteredAt: 1, Right: 1, Excused: 1, Used: 1, Revives: 3}
	rules := quiz.DefaultRules()
	rules.Revives.MaxUsed = 5
	b := sit(t, rules, choice(2, 1))
	b.ask()
	at := b.now + second
	for _, mode := range []quiz.ReviveMode{quiz.ReviveAutomatic, quiz.ReviveChosen, quiz.ReviveOff} {
		b.q.Rules.Revives.Mode = mode
		b.q.Rules.Revives.OnLast = true
		for _, e := range []quiz.Evidence{
			{User: "ann"},
			{User: "ann", Option: 1, Received: at},
			{User: "ann", Option: 2, Received: at},
			{User: "ann", Delivered: at},
		} {
			players, _ := quiz.Evaluate(b.q, 1, []quiz.Player{before}, []quiz.Evidence{e})
			got := players[0].Unjudged()
			got.After, got.Option, got.Answered, got.Spent = 0, 0, 0, 0
			if got != before {
				t.Errorf("%+v, want %+v of %+v in mode %d", got, before, e, mode)
			}
		}
	}
}
