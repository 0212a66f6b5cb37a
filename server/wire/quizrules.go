package wire

import (
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/quiz"
)

// QuizRules converts rules: every field is set.
func QuizRules(r quiz.Rules) *ovationv1.QuizRules {
	return &ovationv1.QuizRules{
		AnswerWindow:   durationpb.New(r.AnswerWindow),
		StreamDelay:    durationpb.New(r.StreamDelay),
		TicketGrace:    durationpb.New(r.TicketGrace),
		MissedPolicy:   ovationv1.MissedPolicy(r.Missed).Enum(),
		MaxExcuses:     number(r.MaxExcuses),
		ProofMargin:    durationpb.New(r.ProofMargin),
		EntryQuestions: number(r.EntryQuestions),
		Revives: &ovationv1.ReviveRules{
			Mode:           ovationv1.ReviveMode(r.Revives.Mode).Enum(),
			Initial:        number(r.Revives.Initial),
			MaxUsed:        number(r.Revives.MaxUsed),
			OnLastQuestion: &r.Revives.OnLast,
			ChoiceWindow:   durationpb.New(r.Revives.ChoiceWindow),
		},
		Pot:          &r.Pot,
		Remainder:    ovationv1.RemainderRule(r.Remainder).Enum(),
		AutoReveal:   &r.AutoReveal,
		AbandonAfter: durationpb.New(r.AbandonAfter),
	}
}

// QuizRulesFrom converts the rules of a request: what is not set takes its default.
func QuizRulesFrom(m *ovationv1.QuizRules) quiz.Rules {
	r := quiz.DefaultRules()
	if m == nil {
		return r
	}
	set(&r.AnswerWindow, durationFrom(m.GetAnswerWindow()))
	set(&r.StreamDelay, durationFrom(m.GetStreamDelay()))
	set(&r.TicketGrace, durationFrom(m.GetTicketGrace()))
	setEnum(&r.Missed, m.MissedPolicy)
	set(&r.MaxExcuses, numberFrom(m.MaxExcuses))
	set(&r.ProofMargin, durationFrom(m.GetProofMargin()))
	set(&r.EntryQuestions, numberFrom(m.EntryQuestions))
	r.Revives = revivesFrom(r.Revives, m.GetRevives())
	set(&r.Pot, m.Pot)
	setEnum(&r.Remainder, m.Remainder)
	set(&r.AutoReveal, m.AutoReveal)
	set(&r.AbandonAfter, durationFrom(m.GetAbandonAfter()))
	return r
}

// revivesFrom converts the rules of revives.
func revivesFrom(r quiz.Revives, m *ovationv1.ReviveRules) quiz.Revives {
	if m == nil {
		return r
	}
	setEnum(&r.Mode, m.Mode)
	set(&r.Initial, numberFrom(m.Initial))
	set(&r.MaxUsed, numberFrom(m.MaxUsed))
	set(&r.OnLast, m.OnLastQuestion)
	set(&r.ChoiceWindow, durationFrom(m.GetChoiceWindow()))
	return r
}

// set sets what a request does.
func set[T any](field, asked *T) {
	if asked != nil {
		*field = *asked
	}
}

// setEnum sets what a request does, in the numbers of the contract.
func setEnum[T ~uint8, E ~int32](field *T, asked *E) {
	if asked != nil {
		*field = T(*asked)
	}
}
