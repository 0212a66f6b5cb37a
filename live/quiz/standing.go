package quiz

import "github.com/ovation-live/ovation/live"

// Back returns a player who spends a revive by choice.
func (p Player) Back() Player {
	p.Status, p.OutAt = Playing, 0
	p.Used++
	p.Revives--
	switch p.Outcome {
	case OutWrong:
		p.Outcome = RevivedWrong
	case OutMissed:
		p.Outcome = RevivedMissed
	default:
	}
	return p
}

// Unjudged returns a player as they stood when the question was closed that they are after:
// without what it did to them, which nobody is to know before its answer is revealed.
func (p Player) Unjudged() Player {
	switch p.Outcome {
	case Right:
		p.Right--
	case Excused:
		p.Excused--
	case RevivedWrong, RevivedMissed:
		p.Used--
		p.Revives++
	case OutWrong, OutMissed:
		p.Status, p.OutAt = Playing, 0
	case NoOutcome:
	}
	p.Outcome = NoOutcome
	return p
}

// Standing returns a player with what follows from the quiz, as it is seen at an instant:
// until when they may come back, whether they still may, and what they have won.
func (q *Quiz) Standing(p Player, now live.Timestamp) Player {
	p.Until, p.Prize = 0, 0
	switch {
	case p.Status == Revivable && q.MayRevive(p, now) == nil:
		p.Until = q.RevivesUntil(p.OutAt)
	case p.Status == Revivable && q.Round(p.OutAt).State == Revealed:
		p.Status = Out
	case p.Status == Won && q.State == Finished:
		p.Prize = q.prize(p)
	case p.Status == Won:
		p.Status = Playing
	}
	return p
}

// RevivesLeft returns how many revives a player has left and may still spend in the quiz.
func (q *Quiz) RevivesLeft(p Player) int { return q.Rules.spendable(&p) }
