package quiz_test

import (
	"crypto/sha256"
	"fmt"
	"sort"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// fate is what the rules make of one user, read from the rules and all facts, one user
// after the other, without lists in order, shards or merging.
type fate struct {
	user                live.UserID
	in, out             bool // became a player; is out
	revivable           bool
	entered, outAt      quiz.Number
	right, excused      int
	used, revives       int
	answered            int
	spent               int64
	outcomes            map[quiz.Number]quiz.Outcome
	options             map[quiz.Number]quiz.Option
	back                map[quiz.Number]bool // came back by choice after
	wasInBefore         map[quiz.Number]bool
	prize               int64
	provenAtElimination bool
}

// read plays a quiz for one user.
func read(q quiz.Quiz, facts []quiz.Fact, user live.UserID) *fate {
	f := &fate{
		user: user, outcomes: map[quiz.Number]quiz.Outcome{}, options: map[quiz.Number]quiz.Option{},
		back: map[quiz.Number]bool{}, wasInBefore: map[quiz.Number]bool{},
	}
	for n := quiz.Number(1); n <= q.Current; n++ {
		f.play(q, facts, n)
	}
	if q.State == quiz.Finished {
		f.comeBack(q, facts, q.Current+1)
	}
	return f
}

// of returns the facts about the user in a slot.
func (f *fate) of(facts []quiz.Fact, n quiz.Number) (own []quiz.Evidence) {
	for _, fact := range facts {
		if fact.User == f.user && fact.Question == n {
			own = append(own, fact.Evidence)
		}
	}
	return own
}

// comeBack spends a revive that was chosen in time after the question before.
func (f *fate) comeBack(q quiz.Quiz, facts []quiz.Fact, n quiz.Number) {
	if !f.revivable {
		return
	}
	f.revivable = false
	until := q.Rounds[n-2].RevealedAt.Add(q.Rules.Revives.ChoiceWindow)
	for _, e := range f.of(facts, n) {
		if f.out && e.Revived != 0 && e.Revived <= until {
			f.out, f.back[n-1] = false, true
			f.outAt = 0
			f.used++
			f.revives--
		}
	}
}

// play takes the user through a question.
func (f *fate) play(q quiz.Quiz, facts []quiz.Fact, n quiz.Number) {
	round, rules := q.Rounds[n-1], q.Rules
	f.comeBack(q, facts, n)
	grants, later := map[string]int{}, 0
	var there, delivered bool
	var answer *quiz.Evidence
	for _, e := range f.of(facts, n) {
		there = there || e.Entered != 0 || e.Delivered != 0 || e.Option != 0
		delivered = delivered || e.Delivered != 0 && e.Delivered+live.Timestamp(rules.ProofMargin.Microseconds()) <= round.ClosesAt
		for _, g := range e.Grants {
			if g.At < round.AskedAt {
				grants[g.ID] = g.Count
			} else if _, ok := grants["later "+g.ID]; !ok {
				grants["later "+g.ID], later = 0, later+g.Count
			}
		}
		if e.Option != 0 && (answer == nil || e.Received < answer.Received) {
			answer = &e
		}
	}
	for _, count := range grants {
		f.revives += count
	}
	if !f.in && there && int(n) <= rules.EntryQuestions {
		f.in, f.entered = true, n
		f.revives += rules.Revives.Initial
	}
	if f.in && !f.out {
		if answer != nil && (int(answer.Option) > len(round.Options) || answer.Received < round.AskedAt || answer.Received > round.ClosesAt) {
			answer = nil
		}
		f.wasInBefore[n] = true
		f.decide(round, rules, n, answer, delivered)
	}
	f.revives += later
}

func (f *fate) decide(round quiz.Round, rules quiz.Rules, n quiz.Number, answer *quiz.Evidence, delivered bool) {
	right := false
	if answer != nil {
		f.options[n] = answer.Option
		f.answered++
		f.spent += int64(answer.Received - round.AskedAt)
		for _, o := range round.Correct.List() {
			right = right || o == answer.Option
		}
	}
	mode := rules.Revives.Mode
	revive := mode != quiz.ReviveOff && f.revives > 0 && f.used < rules.Revives.MaxUsed && (!round.Last || rules.Revives.OnLast)
	switch {
	case right:
		f.right++
		f.outcomes[n] = quiz.Right
	case answer == nil && rules.Missed == quiz.ExcuseUndelivered && !delivered && f.excused < rules.MaxExcuses:
		f.excused++
		f.outcomes[n] = quiz.Excused
	case revive && mode == quiz.ReviveAutomatic:
		f.used++
		f.revives--
		f.outcomes[n] = quiz.RevivedWrong
		if answer == nil {
			f.outcomes[n] = quiz.RevivedMissed
		}
	default:
		f.out, f.outAt, f.revivable = true, n, revive
		f.outcomes[n] = quiz.OutWrong
		if answer == nil {
			f.outcomes[n] = quiz.OutMissed
		}
		f.provenAtElimination = delivered || answer != nil
	}
}

// tallyOf counts a question from the fates of all.
func tallyOf(fates []*fate, n quiz.Number) quiz.Tally {
	t := quiz.Tally{Final: true, Evaluated: true}
	for _, f := range fates {
		if f.entered == n {
			t.Entered++
		}
		if !f.wasInBefore[n] {
			continue
		}
		if o := f.options[n]; o != 0 {
			t.Answers[o-1]++
		} else {
			t.Missed++
		}
		switch f.outcomes[n] {
		case quiz.Excused:
			t.Excused++
		case quiz.RevivedMissed, quiz.RevivedWrong:
			t.Revived++
		case quiz.OutMissed, quiz.OutWrong:
			if f.back[n] {
				t.Revived++
			} else {
				t.Eliminated++
				t.Remaining--
			}
		default:
		}
		t.Remaining++
	}
	return t
}

// share gives the pot to those who are in, one coin after the other.
func share(q quiz.Quiz, fates []*fate) (returned int64) {
	var winners []*fate
	for _, f := range fates {
		if f.in && !f.out {
			winners = append(winners, f)
		}
	}
	if len(winners) == 0 {
		return q.Rules.Pot
	}
	draw := func(f *fate) string {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(string(q.Ref.Quiz)+"\x00"+string(f.user))))
	}
	sort.Slice(winners, func(i, k int) bool {
		a, b := winners[i], winners[k]
		if q.Rules.Remainder == quiz.RemainderFastest && a.answered != b.answered {
			return a.answered > b.answered
		}
		if q.Rules.Remainder == quiz.RemainderFastest && a.spent != b.spent {
			return a.spent < b.spent
		}
		return draw(a) < draw(b)
	})
	left := q.Rules.Pot
	for left >= int64(len(winners)) {
		for _, f := range winners {
			f.prize++
			left--
		}
	}
	if q.Rules.Remainder == quiz.RemainderReturn {
		return left
	}
	for _, f := range winners[:left] {
		f.prize++
	}
	return 0
}
