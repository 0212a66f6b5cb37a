package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/quiz"
)

// Quiz converts a quiz: all of it, whoever may see what.
func Quiz(q quiz.Quiz) *ovationv1.Quiz {
	out := &ovationv1.Quiz{
		QuizId:          string(q.Quiz),
		RoomId:          string(q.Room),
		Title:           q.Title,
		State:           QuizState(q.State),
		Rules:           QuizRules(q.Rules),
		Rounds:          make([]*ovationv1.QuizRound, len(q.Rounds)),
		CurrentQuestion: uint32(q.Current), //nolint:gosec // at most quiz.MaxQuestions
		Players:         q.Players,
		Remaining:       q.Remaining,
		CreatedAt:       int64(q.CreatedAt),
		EndedAt:         int64(q.EndedAt),
		Revision:        q.Revision,
	}
	for i, r := range q.Rounds {
		out.Rounds[i] = QuizRound(quiz.Number(i+1), r)
	}
	if q.State == quiz.Finished {
		out.Result = QuizResult(q.Result)
	}
	return out
}

// QuizSummary converts a quiz without its rounds.
func QuizSummary(q quiz.Quiz) *ovationv1.Quiz {
	q.Rounds = nil
	return Quiz(q)
}

// Quizzes converts quizzes without their rounds.
func Quizzes(all []quiz.Quiz) []*ovationv1.Quiz {
	out := make([]*ovationv1.Quiz, len(all))
	for i, q := range all {
		out[i] = QuizSummary(q)
	}
	return out
}

// QuizEvent encodes what other systems are told of a quiz that is over.
func QuizEvent(q quiz.Quiz) []byte {
	encoded, err := proto.Marshal(QuizSummary(q))
	if err != nil {
		panic(err) // its texts were validated when they came in
	}
	return encoded
}

// QuizState converts a state.
func QuizState(s quiz.State) ovationv1.QuizState { return ovationv1.QuizState(s) }

// questionStates are the states of questions; the zero value is that of one which was
// not asked.
var questionStates = map[quiz.State]ovationv1.QuestionState{
	quiz.Asked:    ovationv1.QuestionState_QUESTION_STATE_ASKED,
	quiz.Closed:   ovationv1.QuestionState_QUESTION_STATE_CLOSED,
	quiz.Revealed: ovationv1.QuestionState_QUESTION_STATE_REVEALED,
}

// QuizRound converts a round. A tally of nothing is left out.
func QuizRound(n quiz.Number, r quiz.Round) *ovationv1.QuizRound {
	out := &ovationv1.QuizRound{
		QuestionNumber:  uint32(n), //nolint:gosec // at most quiz.MaxQuestions
		Question:        QuizQuestion(r.Question),
		State:           ovationv1.QuestionState_QUESTION_STATE_PENDING,
		Last:            r.Last,
		AskedAt:         int64(r.AskedAt),
		MediaTimestamp:  int64(r.Media),
		LatestDisplayAt: int64(r.DisplayBy),
		AnswerClosesAt:  int64(r.ClosesAt),
		ClosedAt:        int64(r.ClosedAt),
		RevealedAt:      int64(r.RevealedAt),
	}
	if state, asked := questionStates[r.State]; asked {
		out.State = state
	}
	if r.Tally != (quiz.Tally{}) {
		out.Tally = QuizTally(r.Tally, len(r.Options))
	}
	return out
}

// QuizQuestion converts a question.
func QuizQuestion(q quiz.Question) *ovationv1.QuizQuestion {
	out := &ovationv1.QuizQuestion{
		Text: q.Text, Options: q.Options, CorrectOptions: QuizOptions(q.Correct), Labels: q.Labels,
	}
	if q.Window != 0 {
		out.AnswerWindow = durationpb.New(q.Window)
	}
	return out
}

// QuizQuestionFrom converts a question.
func QuizQuestionFrom(m *ovationv1.QuizQuestion) quiz.Question {
	return quiz.Question{
		Text: m.GetText(), Options: m.GetOptions(), Correct: QuizOptionsFrom(m.GetCorrectOptions()),
		Window: m.GetAnswerWindow().AsDuration(), Labels: m.GetLabels(),
	}
}

// QuizOptions converts a set of options.
func QuizOptions(set quiz.Options) (out []uint32) {
	for _, o := range set.List() {
		out = append(out, uint32(o))
	}
	return out
}

// QuizOptionsFrom converts numbers of options.
func QuizOptionsFrom(numbers []uint32) (set quiz.Options) {
	for _, n := range numbers {
		set |= quiz.OptionsOf(quiz.Option(n)) //nolint:gosec // validated: at most quiz.MaxOptions
	}
	return set
}

// QuizTally converts the tally of a question with so many options.
func QuizTally(t quiz.Tally, options int) *ovationv1.QuizTally {
	return &ovationv1.QuizTally{
		Answers:      t.Answers[:min(options, len(t.Answers))],
		Missed:       t.Missed,
		Excused:      t.Excused,
		Revived:      t.Revived,
		Eliminated:   t.Eliminated,
		Remaining:    t.Remaining,
		AnswersFinal: t.Final,
		Evaluated:    t.Evaluated,
	}
}

// QuizResult converts a result.
func QuizResult(r quiz.Result) *ovationv1.QuizResult {
	return &ovationv1.QuizResult{
		Winners: r.Winners, Pot: r.Pot, Share: r.Share, WithExtra: r.WithExtra, Returned: r.Returned,
		PaidAt: int64(r.PaidAt),
	}
}

// QuizStatus converts a status; of one who is in nothing that is kept: SPECTATOR.
func QuizStatus(s quiz.Status) ovationv1.PlayerStatus { return ovationv1.PlayerStatus(s + 1) }

// QuizStatusFrom converts a status, and says whether one is named.
func QuizStatusFrom(s ovationv1.PlayerStatus) (quiz.Status, bool) {
	if s == ovationv1.PlayerStatus_PLAYER_STATUS_UNSPECIFIED {
		return 0, false
	}
	return quiz.Status(s - 1), true //nolint:gosec // validated: defined only
}

// QuizOutcome converts an outcome.
func QuizOutcome(o quiz.Outcome) ovationv1.QuestionOutcome { return ovationv1.QuestionOutcome(o) }
