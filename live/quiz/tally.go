package quiz

// Add returns the sum of two tallies. It is Final, or Evaluated, if one of them is: those of
// one question's shards either all are or none.
func (t Tally) Add(o Tally) Tally {
	for i, n := range o.Answers {
		t.Answers[i] += n
	}
	t.Missed += o.Missed
	t.Excused += o.Excused
	t.Revived += o.Revived
	t.Eliminated += o.Eliminated
	t.Remaining += o.Remaining
	t.Entered += o.Entered
	t.Final = t.Final || o.Final
	t.Evaluated = t.Evaluated || o.Evaluated
	return t
}

// Answered returns how many answered.
func (t *Tally) Answered() (sum int64) {
	for _, n := range t.Answers {
		sum += n
	}
	return sum
}

// Played returns how many were in when the question was asked, or entered with it.
func (t *Tally) Played() int64 { return t.Answered() + t.Missed }

// comeBack counts players who were out, and spent a revive by choice.
func (t *Tally) comeBack(n int64) {
	t.Revived += n
	t.Eliminated -= n
	t.Remaining += n
}

// returned says how many came back by choice between a question and the next: those who are
// in beyond those who were in after it and those who came new.
func (t *Tally) returned(next *Tally) int64 { return next.Played() - next.Entered - t.Remaining }

// counted returns only what is known before the players are evaluated.
func (t Tally) counted() Tally {
	return Tally{Answers: t.Answers, Missed: t.Missed, Entered: t.Entered, Final: t.Final}
}
