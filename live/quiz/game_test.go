package quiz_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// rulesOf draws rules.
func rulesOf(t *rapid.T) quiz.Rules {
	r := quiz.DefaultRules()
	r.StreamDelay = time.Duration(rapid.IntRange(0, 2).Draw(t, "stream delay")) * time.Second
	r.Missed = rapid.SampledFrom([]quiz.MissedPolicy{quiz.ExcuseUndelivered, quiz.EliminateMissed}).Draw(t, "missed")
	r.MaxExcuses = rapid.SampledFrom([]int{0, 1, 100}).Draw(t, "max excuses")
	r.ProofMargin = time.Duration(rapid.IntRange(0, 3).Draw(t, "margin")) * time.Second
	r.EntryQuestions = rapid.IntRange(1, 3).Draw(t, "entry questions")
	r.Revives.Mode = rapid.SampledFrom([]quiz.ReviveMode{quiz.ReviveAutomatic, quiz.ReviveChosen, quiz.ReviveOff}).Draw(t, "mode")
	r.Revives.Initial = rapid.IntRange(0, 2).Draw(t, "initial")
	r.Revives.MaxUsed = rapid.IntRange(0, 2).Draw(t, "max used")
	r.Revives.OnLast = rapid.Bool().Draw(t, "on last")
	r.Pot = rapid.Int64Range(0, 30).Draw(t, "pot")
	r.Remainder = rapid.SampledFrom([]quiz.Remainder{quiz.RemainderDraw, quiz.RemainderFastest, quiz.RemainderReturn}).Draw(t, "remainder")
	r.AutoReveal = rapid.Bool().Draw(t, "auto reveal")
	return r
}

// show is a game that is drawn.
type show struct {
	*rapid.T
	*table
	users  []live.UserID
	grants int
}

// begin draws a quiz.
func begin(tb testing.TB, t *rapid.T) *show {
	tb.Helper()
	questions := make([]quiz.Question, rapid.IntRange(1, 4).Draw(t, "questions"))
	for i := range questions {
		questions[i] = choice(rapid.IntRange(2, 3).Draw(t, "options"))
		if rapid.Bool().Draw(t, "known") {
			questions[i].Correct = quiz.OptionsOf(1)
		}
	}
	s := &show{T: t, table: sit(tb, rulesOf(t), questions...)}
	for i := range rapid.IntRange(1, 12).Draw(t, "users") {
		s.users = append(s.users, live.UserID(fmt.Sprintf("user %d", i)))
	}
	s.again = func() bool { return rapid.IntRange(0, 19).Draw(t, "crash") == 0 }
	s.mixed = func(list []quiz.Evidence) {
		copy(list, rapid.Permutation(slices.Clone(list)).Draw(t, "order"))
	}
	return s
}

// chance is true one time in so many.
func (s *show) chance(n int, label string) bool { return rapid.IntRange(1, n).Draw(s.T, label) == 1 }

// note puts a fact down, sometimes twice.
func (s *show) note(n quiz.Number, e quiz.Evidence) {
	s.fact(n, e)
	if s.chance(8, "twice") {
		s.fact(n, e)
	}
}

// between is what happens before a question is asked, or the quiz finished.
func (s *show) between() {
	s.wait(time.Duration(rapid.IntRange(0, 15).Draw(s.T, "pause")) * time.Second)
	next := s.q.Current + 1
	for _, user := range s.users {
		if s.chance(6, "granted") {
			s.grants++
			s.note(next, quiz.Evidence{User: user, Grants: []quiz.Grant{{fmt.Sprint(s.grants), s.now - second, rapid.IntRange(1, 2).Draw(s.T, "count")}}})
		}
		if s.q.Current > 0 && s.chance(2, "revives") {
			at := s.q.Round(s.q.Current).RevealedAt + live.Timestamp(rapid.IntRange(1, 15).Draw(s.T, "after"))*second
			s.note(next, quiz.Evidence{User: user, Revived: at})
		}
	}
}

// behave is what users do while a question takes answers: in time or not, and right or not.
func (s *show) behave() {
	round := s.q.Round(s.q.Current)
	moment := func(label string) live.Timestamp {
		return round.AskedAt + live.Timestamp(rapid.IntRange(-1, 15).Draw(s.T, label))*second
	}
	for _, user := range s.users {
		if s.chance(2, "there") {
			s.note(s.q.Current, quiz.Evidence{User: user, Entered: max(1, moment("entered"))})
		}
		for range rapid.IntRange(0, 2).Draw(s.T, "deliveries") {
			s.note(s.q.Current, quiz.Evidence{User: user, Delivered: moment("delivered"), Session: "s"})
		}
		if s.chance(8, "grant late") {
			s.grants++
			s.note(s.q.Current, quiz.Evidence{User: user, Grants: []quiz.Grant{{fmt.Sprint(s.grants), moment("granted"), 1}}})
		}
		if !s.chance(4, "silent") {
			o := quiz.Option(rapid.SampledFrom([]int{1, 1, 1, 2, 3, 4}).Draw(s.T, "option"))
			at := moment("received")
			s.note(s.q.Current, quiz.Evidence{User: user, Option: o, Received: at, Stored: at + 1})
		}
	}
}

// play plays the game to its end.
func (s *show) play() {
	for range s.q.Rounds {
		s.between()
		s.ask()
		s.behave()
		s.close()
		s.reveal(s.right()...)
		if s.chance(6, "finish early") {
			break
		}
	}
	s.between()
	s.finish()
}

// right is the answer that the host tells.
func (s *show) right() []quiz.Option {
	if s.q.Round(s.q.Current).Correct != 0 {
		return nil
	}
	return []quiz.Option{2}
}

// Whatever happens, in whatever order, however often and with whichever steps done twice,
// a game comes to what a plain reading of the rules makes of the facts, and so does a replay.
func TestGame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := begin(t, rt)
		s.play()
		s.compareToRules()
		s.compareToReplay()
		s.addUp()
	})
}

// compareToRules compares with what the plain reading comes to.
func (s *show) compareToRules() {
	var fates []*fate
	for _, user := range s.users {
		fates = append(fates, read(s.q, s.facts, user))
	}
	returned := share(s.q, fates)
	for n := quiz.Number(1); n <= s.q.Current; n++ {
		if got, want := s.q.Round(n).Tally, tallyOf(fates, n); got != want {
			s.T.Fatalf("question %d: %+v, want %+v", n, got, want)
		}
	}
	if s.q.Result.Returned != returned {
		s.T.Fatalf("%d returned, want %d", s.q.Result.Returned, returned)
	}
	for _, f := range fates {
		s.compareOne(f)
	}
}

// compareOne compares a player with the rules' reading.
func (s *show) compareOne(f *fate) {
	p := s.q.Standing(s.player(f.user), s.now)
	status := quiz.Spectator
	if f.in {
		status = quiz.Won
	}
	if f.out {
		status = quiz.Out
	}
	want := quiz.Player{
		User: f.user, Status: status, EnteredAt: f.entered, OutAt: f.outAt, Right: f.right, Excused: f.excused, Used: f.used,
		Revives: f.revives, Spent: f.spent, Answered: f.answered, After: p.After, Outcome: p.Outcome, Option: f.options[s.q.Current],
		Prize: f.prize,
	}
	if f.in && p != want {
		s.T.Fatalf("%+v, want %+v", p, want)
	}
	if !f.in && p.Status != quiz.Spectator {
		s.T.Fatalf("%+v never played", p)
	}
	excusing := s.q.Rules.Missed == quiz.ExcuseUndelivered && s.q.Rules.MaxExcuses == quiz.MaxQuestions
	if excusing && p.Status == quiz.Out && !f.provenAtElimination {
		s.T.Fatalf("%+v is out, and nothing proves that question %d reached them", p, p.OutAt)
	}
	for n := quiz.Number(1); n <= s.q.Current; n++ {
		for _, kept := range s.came[n-1][quiz.ShardOf(f.user)] {
			if kept.User == f.user && kept.Outcome != f.outcomes[n] {
				s.T.Fatalf("outcome %d of %+v, want %d", kept.Outcome, kept, f.outcomes[n])
			}
		}
	}
}

// compareToReplay replays the facts in another order, and some of them twice.
func (s *show) compareToReplay() {
	facts := rapid.Permutation(s.facts).Draw(s.T, "replayed")
	if len(facts) > 0 {
		facts = append(facts, facts[:rapid.IntRange(0, len(facts)).Draw(s.T, "repeated")]...)
	}
	got := quiz.Replay(s.q, facts)
	var tallies []quiz.Tally
	for _, r := range s.q.Rounds[:s.q.Current] {
		tallies = append(tallies, r.Tally)
	}
	got.Result.PaidAt = s.q.Result.PaidAt
	players := slices.DeleteFunc(s.players(), func(p quiz.Player) bool { return p.Status == quiz.Spectator })
	for i, p := range players {
		players[i].Prize = s.q.Standing(p, s.now).Prize
	}
	if !slices.Equal(got.Tallies, tallies) || got.Result != s.q.Result || !slices.Equal(got.Players, players) {
		s.T.Fatalf("replayed %+v\nwant %+v\n%+v\n%+v", got, players, tallies, s.q.Result)
	}
}

// addUp checks what is the same in every game.
func (s *show) addUp() {
	q, in := s.q, int64(0)
	for i, r := range q.Rounds[:q.Current] {
		t := r.Tally
		if t.Played() != in+t.Entered || t.Remaining+t.Eliminated != t.Played() || t.Excused > t.Missed {
			s.T.Fatalf("question %d: %+v after %d", i+1, t, in)
		}
		in = t.Remaining
	}
	r, paid := q.Result, int64(0)
	_, winners := quiz.Split(q, s.winners())
	for _, w := range winners {
		paid += w.Prize
		if w.Prize != q.Standing(w, s.now).Prize || w.Prize != r.Share && w.Prize != r.Share+1 {
			s.T.Fatalf("%+v of %+v", w, r)
		}
	}
	if r.Winners != in || q.Remaining != in || paid != r.Winners*r.Share+r.WithExtra || paid+r.Returned != r.Pot || r.WithExtra >= max(1, r.Winners) {
		s.T.Fatalf("%+v, %d paid, %d in", r, paid, in)
	}
	s.checkBooks(winners, paid)
}

// checkBooks checks the moves of the pot.
func (s *show) checkBooks(winners []quiz.Player, paid int64) {
	var out, back int64
	for _, move := range quiz.Prizes(s.q, winners) {
		if err := move.Check(); err != nil {
			s.T.Fatal(err)
		}
		out -= move.Postings[len(move.Postings)-1].Amount
	}
	for _, move := range quiz.Returned(s.q) {
		if err := move.Check(); err != nil {
			s.T.Fatal(err)
		}
		back += max(move.Postings[0].Amount, move.Postings[1].Amount)
	}
	if out != paid || back != s.q.Result.Returned {
		s.T.Fatalf("%d paid and %d returned by the books, want %d and %d", out, back, paid, s.q.Result.Returned)
	}
}

// What is replayed of a quiz that was cancelled is what was known of it.
func TestReplayCancelled(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := begin(t, rt)
		stop := rapid.IntRange(0, 3*len(s.q.Rounds)).Draw(rt, "cancelled after")
		for i := range stop {
			switch i % 3 {
			case 0:
				s.between()
				s.ask()
				s.behave()
			case 1:
				s.close()
			case 2:
				s.reveal(s.right()...)
			}
		}
		q, err := s.q.Cancel("enough", s.now)
		s.move(q, nil, err)
		got := quiz.Replay(s.q, s.facts)
		var want []quiz.Tally
		for _, r := range s.q.Rounds[:s.q.Current] {
			want = append(want, r.Tally)
		}
		players := slices.DeleteFunc(s.players(), func(p quiz.Player) bool { return p.Status == quiz.Spectator })
		if !slices.Equal(got.Tallies, want) || got.Result != (quiz.Result{}) || !slices.Equal(got.Players, players) {
			rt.Fatalf("replayed %+v, want %+v, %+v", got, want, players)
		}
	})
}

// What a question does to a player depends on nobody else: shards are evaluated as the whole
// is, and evidence of those who are no players changes nothing.
func TestShardsAreTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := begin(t, rt)
		s.q.Rounds[0].Correct = quiz.OptionsOf(1)
		s.between()
		s.ask()
		s.behave()
		var sum quiz.Tally
		var all []quiz.Player
		for shard := range quiz.Shards {
			players, tally := quiz.Evaluate(s.q, 1, nil, s.slot(1, shard))
			all, sum = append(all, players...), sum.Add(tally)
		}
		slices.SortFunc(all, func(p, o quiz.Player) int { return compare(p.User, o.User) })
		var list []quiz.Evidence
		for _, f := range s.facts {
			list = append(list, f.Evidence)
		}
		players, tally := quiz.Evaluate(s.q, 1, nil, quiz.Collect(list))
		if tally != sum || !reflect.DeepEqual(players, all) && len(all) > 0 {
			rt.Fatalf("%+v, %+v of the whole, %+v, %+v of the shards", players, tally, all, sum)
		}
		s.q.Rules.EntryQuestions = 0
		if players, tally := quiz.Evaluate(s.q, 1, nil, quiz.Collect(list)); len(players) > 0 || tally != (quiz.Tally{Final: true, Evaluated: true}) {
			rt.Fatalf("%+v, %+v of strangers", players, tally)
		}
	})
}
