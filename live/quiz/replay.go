package quiz

import "slices"

// Fact is evidence of the slot of a question.
type Fact struct {
	Question Number
	Evidence
}

// Replayed is what a quiz comes to by its evidence alone.
type Replayed struct {
	Players []Player // as they stand, in order of user; with prizes if the quiz is finished
	Tallies []Tally  // of the questions that were asked
	Result  Result   // of a quiz that is finished; without PaidAt
}

// Replay plays a quiz that was played again, from its questions and the evidence, in
// whatever order and however often a fact is in it: what it comes to is what the quiz came
// to. A question that was closed, but of which nobody is to know who was right, is counted.
func Replay(q Quiz, facts []Fact) Replayed {
	slots := slotsOf(facts, q.Current+1)
	r := Replayed{Tallies: make([]Tally, q.Current)}
	for n := Number(1); n <= q.Current && q.Round(n).State >= Closed; n++ {
		after, t := Evaluate(q, n, r.Players, slots[n])
		if !q.Round(n).Tally.Evaluated {
			r.Tallies[n-1] = t.counted()
			break
		}
		if n > 1 {
			r.Tallies[n-2].comeBack(r.Tallies[n-2].returned(&t))
		}
		r.Tallies[n-1], r.Players = t, after
	}
	if q.State == Finished {
		r.finish(q, slots[q.Current+1])
	}
	r.Players = slices.DeleteFunc(r.Players, func(p Player) bool { return p.Status == Spectator })
	return r
}

// finish plays what comes after the last question.
func (r *Replayed) finish(q Quiz, evidence []Evidence) {
	players, t := Finalise(q, r.Players, evidence)
	r.Tallies[q.Current-1].comeBack(t.Revived)
	r.Players = players
	var winners []Player
	for i := range players {
		if players[i].Status == Won {
			winners = append(winners, players[i])
		}
	}
	r.Result, winners = Split(q, winners)
	for i := range players {
		if players[i].Status == Won {
			players[i], winners = winners[0], winners[1:]
		}
	}
}

// slotsOf returns the evidence of every slot up to a question's, collected.
func slotsOf(facts []Fact, upTo Number) [][]Evidence {
	slots := make([][]Evidence, upTo+1)
	for i := range facts {
		if n := facts[i].Question; n >= 1 && n <= upTo {
			slots[n] = append(slots[n], facts[i].Evidence)
		}
	}
	for n := range slots {
		slots[n] = Collect(slots[n])
	}
	return slots
}
