package quiz

import (
	"fmt"
	"strings"
	"time"
)

// DefaultRules is how a quiz is played of which nothing else is said.
func DefaultRules() Rules {
	return Rules{
		AnswerWindow:   10 * time.Second,
		TicketGrace:    2 * time.Second,
		Missed:         ExcuseUndelivered,
		MaxExcuses:     MaxQuestions,
		EntryQuestions: 1,
		Revives:        Revives{Mode: ReviveAutomatic, MaxUsed: 1, ChoiceWindow: 10 * time.Second},
		Remainder:      RemainderDraw,
		AbandonAfter:   time.Hour,
	}
}

// The bounds of what is counted and of texts.
const (
	maxPot         = 1_000_000_000_000_000
	maxID          = 64
	maxTitle       = 256
	maxText        = 1000
	maxOption      = 200
	maxLabels      = 16
	maxLabelKey    = 64
	maxLabelValue  = 1024
	minOptions     = 2
	maxRevives     = 100
	minWindow      = time.Second
	maxWindow      = 10 * time.Minute
	maxStreamDelay = time.Minute
	maxGrace       = 10 * time.Second
	maxMargin      = time.Minute
	minAbandon     = time.Minute
	maxAbandon     = 24 * time.Hour
)

// Check says what is wrong with the rules, if something is: an *InvalidError.
func (r *Rules) Check() error {
	v := r.Revives
	return first(
		within("rules.answer_window", r.AnswerWindow, minWindow, maxWindow),
		within("rules.stream_delay", r.StreamDelay, 0, maxStreamDelay),
		within("rules.ticket_grace", r.TicketGrace, 0, maxGrace),
		within("rules.missed_policy", r.Missed, ExcuseUndelivered, EliminateMissed),
		within("rules.max_excuses", r.MaxExcuses, 0, MaxQuestions),
		within("rules.proof_margin", r.ProofMargin, 0, maxMargin),
		within("rules.entry_questions", r.EntryQuestions, 1, MaxQuestions),
		within("rules.revives.mode", v.Mode, ReviveAutomatic, ReviveOff),
		within("rules.revives.initial", v.Initial, 0, maxRevives),
		within("rules.revives.max_used", v.MaxUsed, 0, maxRevives),
		within("rules.revives.choice_window", v.ChoiceWindow, minWindow, maxWindow),
		within("rules.pot", r.Pot, 0, maxPot),
		within("rules.remainder", r.Remainder, RemainderDraw, RemainderReturn),
		within("rules.abandon_after", r.AbandonAfter, minAbandon, maxAbandon),
	)
}

// check says what is wrong with a question, which the API calls by a field's name.
func (q *Question) check(field string) error {
	err := first(
		within(field+".text's length in bytes", len(q.Text), 1, maxText),
		within(field+".options' number", len(q.Options), minOptions, MaxOptions),
		within(field+".labels' number", len(q.Labels), 0, maxLabels),
	)
	if err == nil && q.Window != 0 {
		err = within(field+".answer_window", q.Window, minWindow, maxWindow)
	}
	if err == nil && !q.offers(q.Correct) {
		err = &InvalidError{field + ".correct_options", "names an option that there is not"}
	}
	for i, o := range q.Options {
		err = first(err, within(fmt.Sprintf("%s.options[%d]'s length in bytes", field, i), len(o), 1, maxOption))
	}
	for k, v := range q.Labels {
		err = first(err,
			within(field+".labels: a key's length in bytes", len(k), 1, maxLabelKey),
			within(field+".labels: a value's length in bytes", len(v), 0, maxLabelValue))
	}
	return err
}

// offers says whether the question has all options of a set.
func (q *Question) offers(set Options) bool {
	for _, o := range set.List() {
		if int(o) > len(q.Options) {
			return false
		}
	}
	return set&^OptionsOf(1, 2, 3, 4, 5, 6) == 0
}

// check says what is wrong with a quiz that is to be.
func (q *Quiz) check() error {
	err := first(
		within("quiz_id's length in bytes", len(q.Quiz), 1, maxID),
		within("title's length in bytes", len(q.Title), 0, maxTitle),
		within("questions' number", len(q.Rounds), 0, MaxQuestions),
		q.Rules.Check(),
	)
	if err == nil && strings.ContainsRune(string(q.Quiz), frameSeparator) {
		err = &InvalidError{"quiz_id", "must not have a slash"}
	}
	for i := range q.Rounds {
		if err == nil {
			err = q.Rounds[i].check(fmt.Sprintf("questions[%d]", i))
		}
	}
	return err
}

// within says whether a value is beyond its bounds.
func within[T ~int | ~int64 | ~uint8](field string, v, low, high T) error {
	if v < low || v > high {
		return &InvalidError{field, fmt.Sprintf("is %v, must be from %v to %v", v, low, high)}
	}
	return nil
}

// first returns the first error, or nil.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
