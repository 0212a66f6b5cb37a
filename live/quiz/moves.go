package quiz

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// Ask is a question that is to be asked.
type Ask struct {
	Number   Number
	Question *Question      // nil: the one that the quiz has at the place
	Last     *bool          // nil: it is if it is the last of those that the quiz was created with
	Media    live.Timestamp // the video's own clock; 0: there is none other
}

// Reveal is an answer that is to be revealed.
type Reveal struct {
	Number  Number
	Correct Options        // empty: the question's own
	Media   live.Timestamp // the video's own clock; 0: there is none other
}

// New returns a Draft with the Ref, Title, Rules and Creator of d and the questions of its
// rounds, or an *InvalidError.
func New(d Quiz) (Quiz, error) {
	if err := d.check(); err != nil {
		return Quiz{}, err
	}
	q := Quiz{Ref: d.Ref, Title: d.Title, State: Draft, Rules: d.Rules, Creator: d.Creator}
	for i := range d.Rounds {
		q.Rounds = append(q.Rounds, Round{Question: d.Rounds[i].Question, State: Draft})
	}
	return q, nil
}

// Ask asks the next question. What was asked already is not asked again: the quiz stays as
// it is, and there are no tasks. ErrQuestionAsked where another question was asked at the
// place, ErrQuestionNotFound, *WrongStateError, *InvalidError.
func (q Quiz) Ask(a Ask, now live.Timestamp) (Quiz, []Task, error) {
	round := q.Round(a.Number)
	switch {
	case round != nil && round.asked():
		if !round.agrees(a) {
			return q, nil, ErrQuestionAsked
		}
		return q, nil, nil
	case round == nil && a.Question == nil:
		return q, nil, ErrQuestionNotFound
	case !q.mayAsk(a.Number):
		return q, nil, &WrongStateError{q.State}
	}
	if a.Question != nil {
		if err := a.Question.check("question"); err != nil {
			return q, nil, err
		}
	}
	next := q.edit(now)
	next.open(a, now)
	tasks := next.tasks(StageClose, a.Number, next.SealsAt(a.Number))
	return next, append(tasks, next.watch()), nil
}

// mayAsk says whether a question is the next one.
func (q *Quiz) mayAsk(n Number) bool {
	if n != q.Current+1 || n > MaxQuestions || q.Finishing {
		return false
	}
	return q.State == Draft || q.State == Revealed && !q.Round(q.Current).Last
}

// open makes a question the one that takes answers.
func (q *Quiz) open(a Ask, now live.Timestamp) {
	last := int(a.Number) == len(q.Rounds)
	if q.Round(a.Number) == nil {
		q.Rounds, last = append(q.Rounds, Round{}), false
	}
	round := q.Round(a.Number)
	if a.Question != nil {
		round.Question = *a.Question
	}
	if a.Last != nil {
		last = *a.Last
	}
	round.State, round.Last = Asked, last
	round.AskedAt, round.Media = now, cmp.Or(a.Media, now)
	round.DisplayBy = now.Add(q.Rules.StreamDelay)
	round.ClosesAt = round.DisplayBy.Add(cmp.Or(round.Window, q.Rules.AnswerWindow))
	q.State, q.Current = Asked, a.Number
}

// Close says that all shards of a question are sealed, and what they came to together: t
// is the sum of their tallies. The quiz is CLOSED then, and, where it reveals by itself,
// REVEALED; tasks follow if the right answer is known and t is not evaluated. It changes
// nothing if the question is closed already or the quiz is over. *WrongStateError.
func (q Quiz) Close(n Number, t Tally, now live.Timestamp) (Quiz, []Task, error) {
	round := q.Round(n)
	switch {
	case round == nil || !round.asked():
		return q, nil, &WrongStateError{q.State}
	case round.State != Asked || q.State.Over():
		return q, nil, nil
	}
	next := q.edit(q.TouchedAt)
	round = next.Round(n)
	round.State, next.State = Closed, Closed
	round.ClosedAt = now
	evaluated := t.Evaluated && round.Correct != 0
	t.Final, t.Evaluated = true, evaluated
	round.Tally = t
	var tasks []Task
	if evaluated {
		next.count(n, t, now)
	} else if round.Correct != 0 {
		tasks = next.tasks(StageEvaluate, n, now)
	}
	return next, tasks, nil
}

// Evaluated says that all shards of a closed question are evaluated, and what they came to
// together. It reveals the answer if that was asked for. It changes nothing if the question
// is evaluated already or the quiz is over. *WrongStateError.
func (q Quiz) Evaluated(n Number, t Tally, now live.Timestamp) (Quiz, []Task, error) {
	round := q.Round(n)
	switch {
	case q.State.Over() || round != nil && round.Tally.Evaluated:
		return q, nil, nil
	case round == nil || round.State != Closed || round.Correct == 0:
		return q, nil, &WrongStateError{q.State}
	}
	next := q.edit(q.TouchedAt)
	t.Final, t.Evaluated = true, true
	next.count(n, t, now)
	return next, nil, nil
}

// count takes an evaluated tally over, and reveals what is to be revealed.
func (q *Quiz) count(n Number, t Tally, now live.Timestamp) {
	before := q.Round(n - 1)
	if before != nil {
		before.Tally.comeBack(before.Tally.returned(&t))
	}
	round := q.Round(n)
	round.Tally = t
	q.Players += t.Entered
	q.Remaining = t.Remaining
	if q.Rules.AutoReveal || round.RevealedMedia != 0 {
		q.reveal(n, now)
	}
}

// reveal makes a question's answer known.
func (q *Quiz) reveal(n Number, now live.Timestamp) {
	round := q.Round(n)
	round.State, q.State = Revealed, Revealed
	round.RevealedAt, round.RevealedMedia = now, cmp.Or(round.RevealedMedia, now)
}

// Reveal tells the right answer. If the players are not evaluated yet, because it was not
// known before, the quiz stays CLOSED and tasks follow, of which the last reveals
// (Evaluated). What is revealed already, or will be by itself, stays as it is.
// ErrQuestionNotFound, ErrOptionUnknown, *OpenError, ErrEvaluating, *InvalidError where
// nobody has said what is right, and *WrongStateError, also for another answer than the
// question's own.
func (q Quiz) Reveal(r Reveal, now live.Timestamp) (Quiz, []Task, error) {
	if err := q.mayReveal(r, now); err != nil {
		return q, nil, err
	}
	if q.Round(r.Number).RevealedMedia != 0 {
		return q, nil, nil
	}
	next := q.edit(now)
	round := next.Round(r.Number)
	round.RevealedMedia = cmp.Or(r.Media, now)
	var tasks []Task
	switch {
	case round.Tally.Evaluated:
		next.reveal(r.Number, now)
	case round.Correct == 0:
		round.Correct = r.Correct
		tasks = next.tasks(StageEvaluate, r.Number, now)
	}
	return next, append(tasks, next.watch()), nil
}

// mayReveal says why an answer cannot be revealed.
func (q *Quiz) mayReveal(r Reveal, now live.Timestamp) error {
	round := q.Round(r.Number)
	switch {
	case round == nil:
		return ErrQuestionNotFound
	case !round.asked():
		return &WrongStateError{q.State}
	case !round.offers(r.Correct):
		return ErrOptionUnknown
	case round.Correct != 0 && r.Correct != 0 && r.Correct != round.Correct:
		return &WrongStateError{q.State}
	case round.State == Revealed:
		return nil
	case q.State.Over():
		return &WrongStateError{q.State}
	case round.State == Asked && now < q.SealsAt(r.Number):
		return &OpenError{q.SealsAt(r.Number)}
	case round.State == Asked:
		return ErrEvaluating
	case round.Correct|r.Correct == 0:
		return &InvalidError{"correct_options", "must be given: the question came without"}
	}
	return nil
}

// Finish ends a REVEALED quiz as soon as the tasks that follow are done (Finished). It
// changes nothing if the quiz is finishing or finished. ErrEvaluating, *WrongStateError.
func (q Quiz) Finish(media, now live.Timestamp) (Quiz, []Task, error) {
	switch {
	case q.State == Finished || q.State == Revealed && q.Finishing:
		return q, nil, nil
	case q.State == Closed && q.Round(q.Current).RevealedMedia != 0:
		return q, nil, ErrEvaluating
	case q.State != Revealed:
		return q, nil, &WrongStateError{q.State}
	}
	next := q.edit(now)
	next.Finishing, next.EndedMedia = true, cmp.Or(media, now)
	tasks := next.tasks(StageFinish, q.Current+1, now)
	return next, tasks, nil
}

// Finished ends a quiz that is finishing: r is how the pot was split (Split). It changes
// nothing if the quiz is finished. *WrongStateError.
func (q Quiz) Finished(r Result, now live.Timestamp) (Quiz, error) {
	switch {
	case q.State == Finished:
		return q, nil
	case q.State != Revealed || !q.Finishing:
		return q, &WrongStateError{q.State}
	}
	next := q.edit(q.TouchedAt)
	next.Round(q.Current).Tally.comeBack(r.Winners - q.Remaining)
	r.PaidAt = now
	next.State, next.Finishing, next.EndedAt = Finished, false, now
	next.Result, next.Remaining = r, r.Winners
	return next, nil
}

// Cancel ends a quiz that is not finished, without winners. It changes nothing if the quiz
// is cancelled. *WrongStateError.
func (q Quiz) Cancel(reason string, now live.Timestamp) (Quiz, error) {
	switch q.State {
	case Cancelled:
		return q, nil
	case Finished:
		return q, &WrongStateError{q.State}
	default:
		next := q.edit(now)
		next.State, next.Finishing, next.Reason = Cancelled, false, reason
		next.EndedAt, next.EndedMedia = now, 0
		return next, nil
	}
}

// Abandoned says whether the quiz is running and its host has left it alone for too long.
// While a question takes answers there is nothing for a host to do.
func (q Quiz) Abandoned(now live.Timestamp) bool {
	return q.State.Running() && !q.Finishing && now >= q.watch().Due
}

// SealsAt returns from when on the slots of a question that was asked are sealed: until
// then answers with a ticket are taken.
func (q *Quiz) SealsAt(n Number) live.Timestamp {
	return q.Round(n).ClosesAt.Add(q.Rules.TicketGrace)
}

// watch is the task that looks whether the host has left the quiz alone.
func (q *Quiz) watch() Task {
	idle := max(q.TouchedAt, q.SealsAt(q.Current))
	return Task{Slot{Ref: q.Ref, Shard: Whole}, StageAbandon, idle.Add(q.Rules.AbandonAfter)}
}

// tasks returns those of all shards, and of the whole, of a stage.
func (q *Quiz) tasks(stage Stage, n Number, due live.Timestamp) []Task {
	tasks := make([]Task, 0, Shards+2)
	for shard := Whole; shard < Shards; shard++ {
		tasks = append(tasks, Task{Slot{q.Ref, n, shard}, stage, due})
	}
	return tasks
}

// edit returns a quiz that may be written to, which its host touched at an instant.
func (q *Quiz) edit(touched live.Timestamp) Quiz {
	next := *q
	next.Rounds = slices.Clone(q.Rounds)
	next.TouchedAt = touched
	return next
}

// asked says whether the question was asked.
func (r *Round) asked() bool { return r.State >= Asked }

// agrees says whether the question was asked like this. Whoever does not say what is right
// agrees with whatever is.
func (r *Round) agrees(a Ask) bool {
	if a.Last != nil && *a.Last != r.Last {
		return false
	}
	return a.Question == nil || r.Question.same(a.Question)
}

// same compares two questions.
func (q *Question) same(o *Question) bool {
	return q.Text == o.Text && slices.Equal(q.Options, o.Options) && q.Window == o.Window &&
		maps.Equal(q.Labels, o.Labels) && (o.Correct == 0 || o.Correct == q.Correct)
}
