package quiz

import (
	"cmp"

	"github.com/ovation-live/ovation/live"
)

// Evaluate returns the players of a shard after a question, and counts what they did with
// it: before are those after the question before, and evidence is what the question's slot
// has; both, like the result, are in order of user, each once (Collect). It is a pure
// function of what it is given, and what it does to one player depends on nobody else.
//
// Of a question whose right answer is not known it only counts the answers and who missed
// it, and returns no players.
//
// Evidence of users who are no players, and cannot become any, changes nothing.
func Evaluate(q Quiz, n Number, before []Player, evidence []Evidence) ([]Player, Tally) {
	j := judgeOf(&q, n)
	t := Tally{Final: true, Evaluated: j.correct != 0}
	after := make([]Player, 0, j.room(len(before), len(evidence)))
	pair(before, evidence, func(p Player, e *Evidence) {
		j.judge(&p, e, &t)
		if p.Status != Spectator || j.keeps(&p) {
			after = append(after, p)
		}
	})
	if !t.Evaluated {
		return nil, t
	}
	return after, t
}

// Tallied counts the answers in the evidence alone. Evaluate also says who missed it.
func Tallied(_ Number, evidence []Evidence) Tally {
	t := Tally{Final: true}
	for i := range evidence {
		if o := evidence[i].Option; o > 0 && o <= MaxOptions {
			t.Answers[o-1]++
		}
	}
	return t
}

// Finalise returns the players of a shard at the end: before are those after the last
// question, and evidence is what the slot after it has. Those who are in, or come back by
// choice, have Won. The tally has Revived of those and how many are Remaining.
func Finalise(q Quiz, before []Player, evidence []Evidence) ([]Player, Tally) {
	until := q.RevivesUntil(q.Current)
	t := Tally{Final: true, Evaluated: true}
	after := make([]Player, 0, len(before))
	pair(before, evidence, func(p Player, e *Evidence) {
		switch {
		case p.Status == Spectator:
			return
		case p.Status == Revivable && comesBack(e, until):
			p = p.Back()
			p.Status = Won
			t.Revived++
			t.Remaining++
		case p.Status == Revivable:
			p.Status = Out
		case p.Status == Playing:
			p.Status = Won
			t.Remaining++
		}
		after = append(after, p)
	})
	return after, t
}

// pair goes through players and evidence, both in order of user, and yields what belongs
// together: evidence without a player with a zero Player but for the user's name, and a player
// without evidence with none.
func pair(players []Player, evidence []Evidence, yield func(Player, *Evidence)) {
	var nothing Evidence
	i, k := 0, 0
	for i < len(players) || k < len(evidence) {
		switch order := compareHeads(players[i:], evidence[k:]); {
		case order < 0:
			yield(players[i], &nothing)
			i++
		case order > 0:
			yield(Player{User: evidence[k].User}, &evidence[k])
			k++
		default:
			yield(players[i], &evidence[k])
			i++
			k++
		}
	}
}

// compareHeads compares the first users of two lists, of which one may be empty.
func compareHeads(players []Player, evidence []Evidence) int {
	switch {
	case len(evidence) == 0:
		return -1
	case len(players) == 0:
		return 1
	default:
		return cmp.Compare(players[0].User, evidence[0].User)
	}
}

// judge is what a question asks of its players.
type judge struct {
	rules     *Rules
	n         Number
	asked     live.Timestamp
	closes    live.Timestamp
	proof     live.Timestamp // a delivery after it proves nothing
	options   int            // how many there are
	correct   Options        // empty: not known
	entry     bool           // who is there becomes a player
	revives   bool           // may be spent here
	backUntil live.Timestamp // until when revives could be chosen after the question before
}

// judgeOf returns the judge of a question.
func judgeOf(q *Quiz, n Number) judge {
	round := q.Round(n)
	r := &q.Rules
	return judge{
		rules: r, n: n, asked: round.AskedAt, closes: round.ClosesAt,
		proof:     round.ClosesAt.Add(-r.ProofMargin),
		options:   min(len(round.Options), MaxOptions),
		correct:   round.Correct,
		entry:     int(n) <= r.EntryQuestions,
		revives:   r.Revives.Mode != ReviveOff && (!round.Last || r.Revives.OnLast),
		backUntil: q.RevivesUntil(n - 1),
	}
}

// room returns how many players there may be after the question.
func (j *judge) room(players, evidence int) int {
	if j.entry {
		return max(players, evidence)
	}
	return players
}

// keeps says whether a spectator is to be remembered: one who may still become a player,
// and has revives then.
func (j *judge) keeps(p *Player) bool { return int(j.n) < j.rules.EntryQuestions && p.Revives > 0 }

// judge takes a player through the question. Revives that were granted after it was asked
// count from the next one on.
func (j *judge) judge(p *Player, e *Evidence, t *Tally) {
	before, since := granted(e.Grants, j.asked)
	p.Revives += before
	p.After, p.Outcome, p.Option = j.n, NoOutcome, 0
	switch {
	case p.Status == Revivable && comesBack(e, j.backUntil):
		*p = p.Back()
		p.Outcome = NoOutcome
	case p.Status == Revivable:
		p.Status = Out
	case p.Status == Spectator && j.entry && e.present():
		p.Status, p.EnteredAt = Playing, j.n
		p.Revives += j.rules.Revives.Initial
		t.Entered++
	}
	if p.Status == Playing {
		j.decide(p, e, t)
	}
	p.Revives += since
}

// decide says what the question does to someone who is in.
func (j *judge) decide(p *Player, e *Evidence, t *Tally) {
	if j.answered(e) {
		t.Answers[e.Option-1]++
		p.Option = e.Option
		p.Answered++
		p.Spent += int64(e.Received - j.asked)
	} else {
		t.Missed++
	}
	p.Outcome = j.outcome(p, e)
	switch p.Outcome {
	case Right:
		p.Right++
	case Excused:
		p.Excused++
		t.Excused++
	case RevivedWrong, RevivedMissed:
		p.Used++
		p.Revives--
		t.Revived++
	case OutWrong, OutMissed:
		p.OutAt, p.Status = j.n, j.fate(p)
		t.Eliminated++
		return
	case NoOutcome:
		return
	}
	t.Remaining++
}

// answered says whether there is an answer that counts.
func (j *judge) answered(e *Evidence) bool {
	return e.Option > 0 && int(e.Option) <= j.options && e.Received >= j.asked && e.Received <= j.closes
}

// outcome says, in this order: right, excused, revived, out. p.Option is their answer.
func (j *judge) outcome(p *Player, e *Evidence) Outcome {
	missed := p.Option == 0
	revived := j.rules.Revives.Mode == ReviveAutomatic && j.mayRevive(p)
	switch {
	case j.correct == 0:
		return NoOutcome
	case j.correct.Has(p.Option):
		return Right
	case missed && j.excuses(p, e):
		return Excused
	case missed && revived:
		return RevivedMissed
	case missed:
		return OutMissed
	case revived:
		return RevivedWrong
	default:
		return OutWrong
	}
}

// excuses says whether nothing proves that the question reached a player in time, and they
// may be excused for that.
func (j *judge) excuses(p *Player, e *Evidence) bool {
	delivered := e.Delivered != 0 && e.Delivered <= j.proof
	return j.rules.Missed == ExcuseUndelivered && !delivered && p.Excused < j.rules.MaxExcuses
}

// mayRevive says whether a player has a revive that may be spent here.
func (j *judge) mayRevive(p *Player) bool { return j.revives && j.rules.spendable(p) > 0 }

// fate says where a player stands who is out.
func (j *judge) fate(p *Player) Status {
	if j.rules.Revives.Mode == ReviveChosen && j.mayRevive(p) {
		return Revivable
	}
	return Out
}

// spendable returns how many revives a player has and may still spend.
func (r *Rules) spendable(p *Player) int {
	if r.Revives.Mode == ReviveOff {
		return 0
	}
	return max(0, min(p.Revives, r.Revives.MaxUsed-p.Used))
}

// comesBack says whether someone who may come back until an instant chose to.
func comesBack(e *Evidence, until live.Timestamp) bool { return e.Revived != 0 && e.Revived <= until }

// granted returns how many revives were given before an instant, and since.
func granted(grants []Grant, at live.Timestamp) (before, since int) {
	for i := range grants {
		if grants[i].At < at {
			before += grants[i].Count
		} else {
			since += grants[i].Count
		}
	}
	return before, since
}

// present says whether the user was in the room while the question took answers.
func (e *Evidence) present() bool { return e.Entered != 0 || e.Delivered != 0 || e.Option != 0 }
