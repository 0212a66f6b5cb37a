package wire

import (
	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
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
