// Package audit computes who won a quiz again, from nothing but its questions and the log of
// what its players did, and compares that with what the server says.
package audit

import (
	"strconv"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// QuizOf reads a quiz as HOST and BACKEND see it.
func QuizOf(q *ovationv1.Quiz) quiz.Quiz {
	read := quiz.Quiz{
		Ref:     quiz.Ref{Room: live.RoomID(q.GetRoomId()), Quiz: quiz.ID(q.GetQuizId())},
		State:   quiz.State(q.GetState()), //nolint:gosec // they have the same numbers
		Rules:   rulesOf(q.GetRules()),
		Current: quiz.Number(q.GetCurrentQuestion()),
	}
	for _, round := range q.GetRounds() {
		read.Rounds = append(read.Rounds, roundOf(round))
	}
	return read
}

// rulesOf reads rules of which every field is set. The enums have the numbers of the API.
func rulesOf(r *ovationv1.QuizRules) quiz.Rules {
	return quiz.Rules{
		AnswerWindow:   r.GetAnswerWindow().AsDuration(),
		StreamDelay:    r.GetStreamDelay().AsDuration(),
		TicketGrace:    r.GetTicketGrace().AsDuration(),
		Missed:         quiz.MissedPolicy(r.GetMissedPolicy()), //nolint:gosec // they have the same numbers
		MaxExcuses:     int(r.GetMaxExcuses()),
		ProofMargin:    r.GetProofMargin().AsDuration(),
		EntryQuestions: int(r.GetEntryQuestions()),
		Revives: quiz.Revives{
			Mode:         quiz.ReviveMode(r.GetRevives().GetMode()), //nolint:gosec // they have the same numbers
			Initial:      int(r.GetRevives().GetInitial()),
			MaxUsed:      int(r.GetRevives().GetMaxUsed()),
			OnLast:       r.GetRevives().GetOnLastQuestion(),
			ChoiceWindow: r.GetRevives().GetChoiceWindow().AsDuration(),
		},
		Pot:          r.GetPot(),
		Remainder:    quiz.Remainder(r.GetRemainder()), //nolint:gosec // they have the same numbers
		AutoReveal:   r.GetAutoReveal(),
		AbandonAfter: r.GetAbandonAfter().AsDuration(),
	}
}

// roundOf reads a round. Question states have the numbers of quiz states.
func roundOf(r *ovationv1.QuizRound) quiz.Round {
	read := quiz.Round{
		Question: quiz.Question{
			Text:    r.GetQuestion().GetText(),
			Options: r.GetQuestion().GetOptions(),
			Window:  r.GetQuestion().GetAnswerWindow().AsDuration(),
		},
		State:      quiz.State(r.GetState()), //nolint:gosec // they have the same numbers
		Last:       r.GetLast(),
		AskedAt:    live.Timestamp(r.GetAskedAt()),
		DisplayBy:  live.Timestamp(r.GetLatestDisplayAt()),
		ClosesAt:   live.Timestamp(r.GetAnswerClosesAt()),
		ClosedAt:   live.Timestamp(r.GetClosedAt()),
		RevealedAt: live.Timestamp(r.GetRevealedAt()),
		Tally:      tallyOf(r.GetTally()),
	}
	for _, o := range r.GetQuestion().GetCorrectOptions() {
		read.Correct |= quiz.OptionsOf(quiz.Option(o)) //nolint:gosec // at most 6
	}
	return read
}

// tallyOf reads a tally.
func tallyOf(t *ovationv1.QuizTally) quiz.Tally {
	read := quiz.Tally{
		Missed:     t.GetMissed(),
		Excused:    t.GetExcused(),
		Revived:    t.GetRevived(),
		Eliminated: t.GetEliminated(),
		Remaining:  t.GetRemaining(),
		Final:      t.GetAnswersFinal(),
		Evaluated:  t.GetEvaluated(),
	}
	copy(read.Answers[:], t.GetAnswers())
	return read
}

// FactOf reads an entry of the answer log. What counts from the next question on is in the
// slot of that.
func FactOf(e *ovationv1.AnswerLogEntry) quiz.Fact {
	fact := quiz.Fact{
		Question: quiz.Number(e.GetQuestionNumber()),
		Evidence: quiz.Evidence{User: live.UserID(e.GetUserId())},
	}
	at := live.Timestamp(e.GetAt())
	switch f := e.GetFact().(type) {
	case *ovationv1.AnswerLogEntry_Entered:
		fact.Entered = at
	case *ovationv1.AnswerLogEntry_Delivered:
		fact.Delivered, fact.Session = at, live.SessionID(f.Delivered.GetSessionId())
	case *ovationv1.AnswerLogEntry_Answer:
		fact.Option = quiz.Option(f.Answer.GetOption()) //nolint:gosec // at most 6
		fact.Received, fact.Stored = at, live.Timestamp(f.Answer.GetStoredAt())
	case *ovationv1.AnswerLogEntry_Granted:
		count := int(f.Granted.GetCount())
		fact.Question = quiz.Granted.Slot(fact.Question)
		fact.Grants = []quiz.Grant{{ID: strconv.FormatInt(e.GetAt(), 10), At: at, Count: count}}
	case *ovationv1.AnswerLogEntry_Revive:
		fact.Question = quiz.Revive.Slot(fact.Question)
		fact.Revived = at
	}
	return fact
}
