package record

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/ovation-live/ovation/gen/go/ovation/store/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// MarshalQuiz encodes a quiz, the same each time.
func MarshalQuiz(q quiz.Quiz) ([]byte, error) {
	rounds := make([]*storev1.QuizRound, len(q.Rounds))
	for i := range q.Rounds {
		rounds[i] = roundTo(&q.Rounds[i])
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(&storev1.Quiz{
		Room:       string(q.Room),
		Id:         string(q.Quiz),
		Title:      q.Title,
		State:      uint32(q.State),
		Rules:      quizRulesTo(q.Rules),
		Rounds:     rounds,
		Current:    int64(q.Current),
		Players:    q.Players,
		Remaining:  q.Remaining,
		Result:     resultTo(q.Result),
		Reason:     q.Reason,
		Creator:    string(q.Creator),
		Created:    int64(q.CreatedAt),
		Touched:    int64(q.TouchedAt),
		Ended:      int64(q.EndedAt),
		EndedMedia: int64(q.EndedMedia),
		Finishing:  q.Finishing,
		Revision:   q.Revision,
	})
	if err != nil {
		return nil, fmt.Errorf("record: quiz: %w", err)
	}
	return b, nil
}

// UnmarshalQuiz reads what MarshalQuiz wrote.
func UnmarshalQuiz(b []byte) (quiz.Quiz, error) {
	var q storev1.Quiz
	if err := proto.Unmarshal(b, &q); err != nil {
		return quiz.Quiz{}, fmt.Errorf("record: quiz: %w", err)
	}
	var rounds []quiz.Round
	for _, r := range q.GetRounds() {
		rounds = append(rounds, roundOf(r))
	}
	return quiz.Quiz{
		Ref:        quiz.Ref{Room: live.RoomID(q.GetRoom()), Quiz: quiz.ID(q.GetId())},
		Title:      q.GetTitle(),
		State:      quiz.State(q.GetState()), //nolint:gosec // as it was written
		Rules:      quizRulesOf(q.GetRules()),
		Rounds:     rounds,
		Current:    quiz.Number(q.GetCurrent()),
		Players:    q.GetPlayers(),
		Remaining:  q.GetRemaining(),
		Result:     resultOf(q.GetResult()),
		Reason:     q.GetReason(),
		Creator:    live.UserID(q.GetCreator()),
		CreatedAt:  live.Timestamp(q.GetCreated()),
		TouchedAt:  live.Timestamp(q.GetTouched()),
		EndedAt:    live.Timestamp(q.GetEnded()),
		EndedMedia: live.Timestamp(q.GetEndedMedia()),
		Finishing:  q.GetFinishing(),
		Revision:   q.GetRevision(),
	}, nil
}

func quizRulesTo(r quiz.Rules) *storev1.QuizRules {
	return &storev1.QuizRules{
		AnswerWindow:   r.AnswerWindow.Microseconds(),
		StreamDelay:    r.StreamDelay.Microseconds(),
		TicketGrace:    r.TicketGrace.Microseconds(),
		Missed:         uint32(r.Missed),
		MaxExcuses:     int64(r.MaxExcuses),
		ProofMargin:    r.ProofMargin.Microseconds(),
		EntryQuestions: int64(r.EntryQuestions),
		ReviveMode:     uint32(r.Revives.Mode),
		Revives:        int64(r.Revives.Initial),
		MaxRevives:     int64(r.Revives.MaxUsed),
		ReviveOnLast:   r.Revives.OnLast,
		ChoiceWindow:   r.Revives.ChoiceWindow.Microseconds(),
		Pot:            r.Pot,
		Remainder:      uint32(r.Remainder),
		AutoReveal:     r.AutoReveal,
		AbandonAfter:   r.AbandonAfter.Microseconds(),
	}
}

//nolint:gosec // numbers are as they were written
func quizRulesOf(r *storev1.QuizRules) quiz.Rules {
	return quiz.Rules{
		AnswerWindow:   microseconds(r.GetAnswerWindow()),
		StreamDelay:    microseconds(r.GetStreamDelay()),
		TicketGrace:    microseconds(r.GetTicketGrace()),
		Missed:         quiz.MissedPolicy(r.GetMissed()),
		MaxExcuses:     int(r.GetMaxExcuses()),
		ProofMargin:    microseconds(r.GetProofMargin()),
		EntryQuestions: int(r.GetEntryQuestions()),
		Revives: quiz.Revives{
			Mode:         quiz.ReviveMode(r.GetReviveMode()),
			Initial:      int(r.GetRevives()),
			MaxUsed:      int(r.GetMaxRevives()),
			OnLast:       r.GetReviveOnLast(),
			ChoiceWindow: microseconds(r.GetChoiceWindow()),
		},
		Pot:          r.GetPot(),
		Remainder:    quiz.Remainder(r.GetRemainder()),
		AutoReveal:   r.GetAutoReveal(),
		AbandonAfter: microseconds(r.GetAbandonAfter()),
	}
}

func roundTo(r *quiz.Round) *storev1.QuizRound {
	return &storev1.QuizRound{
		Text:          r.Text,
		Options:       r.Options,
		Correct:       uint32(r.Correct),
		Window:        r.Window.Microseconds(),
		Labels:        r.Labels,
		State:         uint32(r.State),
		Last:          r.Last,
		Asked:         int64(r.AskedAt),
		Media:         int64(r.Media),
		DisplayBy:     int64(r.DisplayBy),
		Closes:        int64(r.ClosesAt),
		Closed:        int64(r.ClosedAt),
		Revealed:      int64(r.RevealedAt),
		RevealedMedia: int64(r.RevealedMedia),
		Tally:         tallyTo(r.Tally),
	}
}

//nolint:gosec // numbers are as they were written
func roundOf(r *storev1.QuizRound) quiz.Round {
	return quiz.Round{
		Question: quiz.Question{
			Text:    r.GetText(),
			Options: r.GetOptions(),
			Correct: quiz.Options(r.GetCorrect()),
			Window:  microseconds(r.GetWindow()),
			Labels:  labelsOf(r.GetLabels()),
		},
		State:         quiz.State(r.GetState()),
		Last:          r.GetLast(),
		AskedAt:       live.Timestamp(r.GetAsked()),
		Media:         live.Timestamp(r.GetMedia()),
		DisplayBy:     live.Timestamp(r.GetDisplayBy()),
		ClosesAt:      live.Timestamp(r.GetCloses()),
		ClosedAt:      live.Timestamp(r.GetClosed()),
		RevealedAt:    live.Timestamp(r.GetRevealed()),
		RevealedMedia: live.Timestamp(r.GetRevealedMedia()),
		Tally:         tallyOf(r.GetTally()),
	}
}

func tallyTo(t quiz.Tally) *storev1.QuizTally {
	if t == (quiz.Tally{}) {
		return nil
	}
	return &storev1.QuizTally{
		Answers:    t.Answers[:],
		Missed:     t.Missed,
		Excused:    t.Excused,
		Revived:    t.Revived,
		Eliminated: t.Eliminated,
		Remaining:  t.Remaining,
		Entered:    t.Entered,
		Final:      t.Final,
		Evaluated:  t.Evaluated,
	}
}

func tallyOf(t *storev1.QuizTally) (tally quiz.Tally) {
	copy(tally.Answers[:], t.GetAnswers())
	tally.Missed = t.GetMissed()
	tally.Excused = t.GetExcused()
	tally.Revived = t.GetRevived()
	tally.Eliminated = t.GetEliminated()
	tally.Remaining = t.GetRemaining()
	tally.Entered = t.GetEntered()
	tally.Final = t.GetFinal()
	tally.Evaluated = t.GetEvaluated()
	return tally
}

func resultTo(r quiz.Result) *storev1.QuizResult {
	if r == (quiz.Result{}) {
		return nil
	}
	last := r.LastExtra
	return &storev1.QuizResult{
		Winners: r.Winners, Pot: r.Pot, Share: r.Share, WithExtra: r.WithExtra, Returned: r.Returned, Paid: int64(r.PaidAt),
		LastExtra: &storev1.QuizRank{User: string(last.User), Answered: int64(last.Answered), Spent: last.Spent},
	}
}

func resultOf(r *storev1.QuizResult) quiz.Result {
	last := r.GetLastExtra()
	return quiz.Result{
		Winners: r.GetWinners(), Pot: r.GetPot(), Share: r.GetShare(), WithExtra: r.GetWithExtra(),
		Returned: r.GetReturned(), PaidAt: live.Timestamp(r.GetPaid()),
		LastExtra: quiz.Rank{User: live.UserID(last.GetUser()), Answered: int(last.GetAnswered()), Spent: last.GetSpent()},
	}
}
