package quiz

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ovation-live/ovation/live"
)

// FrameKind is which step of a quiz a frame shows.
type FrameKind uint8

// The kinds of frames.
const (
	QuestionFrame FrameKind = iota + 1
	CloseFrame
	RevealFrame
	OutcomeFrame // differs from viewer to viewer
	FinishFrame  // differs from viewer to viewer
	CancelFrame
)

// frameNames is how ids name the kinds.
var frameNames = [...]string{
	QuestionFrame: "question", CloseFrame: "close", RevealFrame: "reveal",
	OutcomeFrame: "outcome", FinishFrame: "finish", CancelFrame: "cancel",
}

// String returns the kind's name.
func (k FrameKind) String() string {
	if k == 0 || int(k) >= len(frameNames) {
		return "unknown"
	}
	return frameNames[k]
}

// Personal says whether a frame differs from viewer to viewer.
func (k FrameKind) Personal() bool { return k == OutcomeFrame || k == FinishFrame }

// Frame is a step of a quiz on its way to the viewers. It follows from the quiz alone, so
// that every node makes the same.
type Frame struct {
	ID        string
	Kind      FrameKind
	Number    Number         // the question; 0 of Finish and Cancel
	At        live.Timestamp // when it was made
	Media     live.Timestamp // the video's moment that it belongs to; 0: none
	ClosesAt  live.Timestamp // until when answers to the question count; 0 of Finish and Cancel
	DisplayBy live.Timestamp // when it is shown at the latest
	ExpiresAt live.Timestamp // no use showing it for the first time after this
}

// frameLife is how long after it is shown there is a use in showing a frame that is no
// question: who was away for a moment is told what happened meanwhile.
const frameLife = 2 * time.Minute

// frameSeparator is between the parts of a frame's id. No quiz's id has it.
const frameSeparator = '/'

// FrameID names a frame in its room.
func FrameID(id ID, n Number, kind FrameKind) string {
	return string(id) + string(frameSeparator) + strconv.Itoa(int(n)) + string(frameSeparator) + kind.String()
}

// ParseFrameID reads what FrameID wrote.
func ParseFrameID(s string) (id ID, n Number, kind FrameKind, ok bool) {
	quiz, rest, _ := strings.Cut(s, string(frameSeparator))
	digits, name, _ := strings.Cut(rest, string(frameSeparator))
	number, err := strconv.Atoi(digits)
	k := FrameKind(max(0, slices.Index(frameNames[:], name)))
	if err != nil || number < 0 || number > MaxQuestions || k.ends() != (number == 0) {
		return "", 0, 0, false
	}
	if k == 0 || quiz == "" || FrameID(ID(quiz), Number(number), k) != s {
		return "", 0, 0, false
	}
	return ID(quiz), Number(number), k, true
}

// ends says whether a frame ends the quiz, and so belongs to no question.
func (k FrameKind) ends() bool { return k == FinishFrame || k == CancelFrame }

// Frames returns the frames that are to be shown still at an instant, in order. While a
// question takes answers those that end the question before are among them, for viewers
// who missed them.
func (q Quiz) Frames(now live.Timestamp) []Frame {
	var all []Frame
	switch {
	case q.Current == 0:
		return nil
	case q.State == Cancelled:
		all = append(all, q.ending(CancelFrame))
	case q.State == Finished:
		all = append(all, q.frames(q.Current)...)
		all = append(all, q.ending(FinishFrame))
	default:
		if q.State == Asked {
			all = append(all, q.frames(q.Current-1)...)
		}
		all = append(all, q.frames(q.Current)...)
	}
	shown := all[:0]
	for _, f := range all {
		if now <= f.ExpiresAt {
			shown = append(shown, f)
		}
	}
	return shown
}

// frames returns those of a question, up to where it is.
func (q *Quiz) frames(n Number) []Frame {
	round := q.Round(n)
	if round == nil {
		return nil
	}
	question := Frame{
		ID: FrameID(q.Quiz, n, QuestionFrame), Kind: QuestionFrame, Number: n, At: round.AskedAt, Media: round.Media,
		ClosesAt: round.ClosesAt, DisplayBy: round.DisplayBy, ExpiresAt: round.ClosesAt,
	}
	switch round.State {
	case Asked:
		return []Frame{question}
	case Closed:
		return []Frame{q.closing(n)}
	case Revealed:
		if q.State == Finished && q.Rules.Revives.Mode == ReviveChosen {
			return []Frame{q.revealing(n, OutcomeFrame)} // the tally has moved since it was revealed
		}
		return []Frame{q.closing(n), q.revealing(n, RevealFrame), q.revealing(n, OutcomeFrame)}
	default:
		return nil
	}
}

// closing is the frame that says that a question takes no more answers. It is shown at
// once: the stream's delay has passed.
func (q *Quiz) closing(n Number) Frame {
	round := q.Round(n)
	return Frame{
		ID: FrameID(q.Quiz, n, CloseFrame), Kind: CloseFrame, Number: n, At: round.ClosedAt,
		ClosesAt: round.ClosesAt, DisplayBy: round.ClosedAt, ExpiresAt: round.ClosedAt.Add(frameLife),
	}
}

// revealing is a frame that is shown with the answer.
func (q *Quiz) revealing(n Number, kind FrameKind) Frame {
	round := q.Round(n)
	by := round.RevealedAt.Add(q.Rules.StreamDelay)
	return Frame{
		ID: FrameID(q.Quiz, n, kind), Kind: kind, Number: n, At: round.RevealedAt, Media: round.RevealedMedia,
		ClosesAt: round.ClosesAt, DisplayBy: by, ExpiresAt: by.Add(frameLife),
	}
}

// ending is the frame that says that the quiz is over. That it is cancelled is shown at once.
func (q *Quiz) ending(kind FrameKind) Frame {
	by := q.EndedAt
	if kind == FinishFrame {
		by = by.Add(q.Rules.StreamDelay)
	}
	return Frame{
		ID: FrameID(q.Quiz, 0, kind), Kind: kind, At: q.EndedAt, Media: q.EndedMedia,
		DisplayBy: by, ExpiresAt: by.Add(frameLife),
	}
}
