package wire

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/quiz"
)

// QuizFrame is a frame of a quiz for all viewers to whom it is the same: on streams, where
// it is encoded once, and within what others are answered. It is immutable.
type QuizFrame struct {
	message *ovationv1.QuizFrame
	stream  *Frame
}

// newQuizFrame returns the frame of a message that is not changed any more.
func newQuizFrame(m *ovationv1.QuizFrame) *QuizFrame {
	return &QuizFrame{m, newFrame(KindQuiz, func() *ovationv1.SubscribeResponse {
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Quiz{Quiz: m}}
	})}
}

// ID returns the frame's id.
func (f *QuizFrame) ID() string { return f.message.GetFrameId() }

// Frame returns the frame as streams carry it.
func (f *QuizFrame) Frame() *Frame { return f.stream }

// QuizFrames converts frames for an answer that carries them.
func QuizFrames(list []*QuizFrame) []*ovationv1.QuizFrame {
	if len(list) == 0 {
		return nil
	}
	out := make([]*ovationv1.QuizFrame, len(list))
	for i, f := range list {
		out[i] = f.message
	}
	return out
}

// PullAnswerWith is PullAnswer with frames of a quiz.
func PullAnswerWith(b feed.Batch, h feed.Heads, frames []*QuizFrame) *Frame {
	return &Frame{kind: KindAnswer, build: func() proto.Message {
		return &ovationv1.PullResponse{Batch: Batch(b), Heads: Heads(h), QuizFrames: QuizFrames(frames)}
	}}
}

// QuizStep returns a frame of a quiz that is the same for every viewer. What a question's
// frame says does not depend on its right answer.
func QuizStep(q *quiz.Quiz, f quiz.Frame) *QuizFrame {
	m := quizFrame(q, f)
	switch f.Kind {
	case quiz.QuestionFrame:
		m.Body = &ovationv1.QuizFrame_Question{Question: questionFrame(q, f.Number)}
	case quiz.CloseFrame:
		m.Body = &ovationv1.QuizFrame_Close{Close: &ovationv1.CloseFrame{ClosedAt: int64(q.Round(f.Number).ClosedAt)}}
	case quiz.RevealFrame:
		round := q.Round(f.Number)
		m.Body = &ovationv1.QuizFrame_Reveal{Reveal: &ovationv1.RevealFrame{
			CorrectOptions: QuizOptions(round.Correct),
			Tally:          QuizTally(round.Tally, len(round.Options)),
		}}
	case quiz.CancelFrame:
		m.Body = &ovationv1.QuizFrame_Cancel{Cancel: &ovationv1.CancelFrame{Reason: q.Reason}}
	case quiz.OutcomeFrame, quiz.FinishFrame: // each viewer has their own
	}
	return newQuizFrame(m)
}

// quizFrame returns a frame without what it says.
func quizFrame(q *quiz.Quiz, f quiz.Frame) *ovationv1.QuizFrame {
	return &ovationv1.QuizFrame{
		FrameId:         f.ID,
		QuizId:          string(q.Quiz),
		QuestionNumber:  uint32(f.Number), //nolint:gosec // at most quiz.MaxQuestions
		ServerAt:        int64(f.At),
		MediaTimestamp:  int64(f.Media),
		AnswerClosesAt:  int64(f.ClosesAt),
		LatestDisplayAt: int64(f.DisplayBy),
		ExpiresAt:       int64(f.ExpiresAt),
	}
}

// questionFrame converts what viewers see of a question that is asked.
func questionFrame(q *quiz.Quiz, n quiz.Number) *ovationv1.QuestionFrame {
	round := q.Round(n)
	out := &ovationv1.QuestionFrame{
		Text:         round.Text,
		Options:      round.Options,
		AnswerWindow: durationpb.New(round.ClosesAt.Sub(round.DisplayBy)),
		Last:         round.Last,
		Labels:       round.Labels,
	}
	if before := q.Round(n - 1); before != nil {
		out.Remaining = before.Tally.Remaining
	}
	return out
}

// QuizOutcomes makes the frames that say what a question did to each viewer: one for all
// to whom it did the same. It is for one goroutine.
type QuizOutcomes struct {
	quiz  *quiz.Quiz
	frame quiz.Frame
	made  map[outcome]*QuizFrame
}

// outcome is what a question did to some.
type outcome struct {
	outcome quiz.Outcome
	status  quiz.Status
	option  quiz.Option
	left    int
}

// NewQuizOutcomes returns what makes the frames of an outcome.
func NewQuizOutcomes(q *quiz.Quiz, f quiz.Frame) *QuizOutcomes {
	return &QuizOutcomes{q, f, make(map[outcome]*QuizFrame)}
}

// Of returns the frame of a player, as they stand after the question; nil if it did
// nothing to them.
func (o *QuizOutcomes) Of(p quiz.Player) *QuizFrame {
	if p.Outcome == quiz.NoOutcome || p.After != o.frame.Number {
		return nil
	}
	key := outcome{p.Outcome, p.Status, p.Option, o.quiz.RevivesLeft(p)}
	if key.status == quiz.Won {
		key.status = quiz.Playing // that is for the last frame to say
	}
	made := o.made[key]
	if made == nil {
		made = o.make(key)
		o.made[key] = made
	}
	return made
}

// make makes the frame of some.
func (o *QuizOutcomes) make(key outcome) *QuizFrame {
	body := &ovationv1.OutcomeFrame{
		Outcome:     QuizOutcome(key.outcome),
		Status:      QuizStatus(key.status),
		Option:      uint32(key.option),
		RevivesLeft: uint32(max(0, key.left)), //nolint:gosec // as many as were granted
	}
	if key.status == quiz.Revivable {
		body.MayReviveUntilAt = int64(o.quiz.RevivesUntil(o.frame.Number))
	}
	m := quizFrame(o.quiz, o.frame)
	m.Body = &ovationv1.QuizFrame_Outcome{Outcome: body}
	return newQuizFrame(m)
}

// QuizFinishes makes the frames that say that a quiz is over: one for all who have won the
// same. It is for one goroutine.
type QuizFinishes struct {
	quiz  *quiz.Quiz
	frame quiz.Frame
	made  map[finish]*QuizFrame
}

// finish is what some have won.
type finish struct {
	won   bool
	prize int64
}

// NewQuizFinishes returns what makes the frames of a quiz's end.
func NewQuizFinishes(q *quiz.Quiz, f quiz.Frame) *QuizFinishes {
	return &QuizFinishes{q, f, make(map[finish]*QuizFrame)}
}

// Of returns the frame of a player as they stand in the end.
func (o *QuizFinishes) Of(p quiz.Player) *QuizFrame {
	p = o.quiz.Standing(p, o.quiz.EndedAt)
	key := finish{p.Status == quiz.Won, p.Prize}
	made := o.made[key]
	if made == nil {
		m := quizFrame(o.quiz, o.frame)
		m.Body = &ovationv1.QuizFrame_Finish{Finish: &ovationv1.FinishFrame{
			Result: QuizResult(o.quiz.Result), Won: key.won, Prize: key.prize,
		}}
		made = newQuizFrame(m)
		o.made[key] = made
	}
	return made
}

// countsLife is for how long counts are worth showing at least: the last are made after the
// question has closed.
const countsLife = 10 * time.Second

// QuizCounts returns the frame that shows hosts the counts of a question at an instant.
func QuizCounts(q *quiz.Quiz, n quiz.Number, t quiz.Tally, now live.Timestamp) *QuizFrame {
	round := q.Round(n)
	id := quiz.FrameID(q.Quiz, n, quiz.QuestionFrame) + "/tally/" + strconv.FormatInt(int64(now), 10)
	expires := max(round.ClosesAt, now.Add(countsLife))
	m := quizFrame(q, quiz.Frame{ID: id, Number: n, At: now, ClosesAt: round.ClosesAt, DisplayBy: now, ExpiresAt: expires})
	m.Body = &ovationv1.QuizFrame_Tally{Tally: QuizTally(t, len(round.Options))}
	return newQuizFrame(m)
}
