package quiz

import "github.com/ovation-live/ovation/live"

// Accepts says why an answer to a question that was received at an instant does not count,
// if it does not: ErrEarly, *LateError or ErrOptionUnknown. Of a retry with a ticket the
// instant is that of the first try. Whether it comes before the seal is the store's to say.
func (q *Quiz) Accepts(n Number, o Option, received live.Timestamp) error {
	round := q.Round(n)
	switch {
	case q.State.Over():
		return &LateError{q.closed(round)}
	case round == nil || !round.asked() || received < round.AskedAt:
		return ErrEarly
	case received > round.ClosesAt || round.State != Asked:
		return &LateError{round.ClosesAt}
	case o == 0 || int(o) > len(round.Options):
		return ErrOptionUnknown
	}
	return nil
}

// closed returns when a question of a quiz that is over took answers for the last time.
func (q *Quiz) closed(round *Round) live.Timestamp {
	if round == nil || !round.asked() {
		return q.EndedAt
	}
	return min(round.ClosesAt, q.EndedAt)
}

// MayRevive says why a player, as they stand after the current question, may not spend a
// revive by choice now: ErrReviveUnavailable.
func (q *Quiz) MayRevive(p Player, now live.Timestamp) error {
	if p.Status != Revivable || p.OutAt != q.Current || q.State != Revealed || q.Finishing || now > q.RevivesUntil(p.OutAt) {
		return ErrReviveUnavailable
	}
	return nil
}

// RevivesUntil returns until when those who went out at a question may come back by choice,
// as long as nothing else is asked and the quiz goes on: 0 before its answer is revealed.
func (q *Quiz) RevivesUntil(n Number) live.Timestamp {
	round := q.Round(n)
	if round == nil || round.RevealedAt == 0 || q.Rules.Revives.Mode != ReviveChosen {
		return 0
	}
	return round.RevealedAt.Add(q.Rules.Revives.ChoiceWindow)
}
