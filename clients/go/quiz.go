package ovation

import (
	"context"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// maxAcknowledged is how many frames one AckFrame may name.
const maxAcknowledged = 16

// VideoAt says where the video is, by its own clock: Unix microseconds of the server, as
// the stream carries them in a field of its own. Frames of a quiz are shown when the
// video gets to them; who plays no video need not call it, and gets each at the latest
// moment at which everyone does.
func (r *Room) VideoAt(media time.Time) { r.stage.reached(media.UnixMicro()) }

// LocalTime returns what this machine's clock shows at an instant of the server, such as
// a frame's answer_closes_at, as far as it is known: see ClockOffset.
func (r *Room) LocalTime(serverMicros int64) time.Time {
	offset, _ := r.ClockOffset()
	return time.UnixMicro(serverMicros).Add(-offset)
}

// Answer answers a question of a quiz: option 1 is the first. The first answer counts,
// from whatever device: see the response's. It repeats a call that does not get through,
// and one that the server is too busy for with the ticket that it gave: the answer then
// counts as of the first try. It gives up when the server says that it is too late
// (ErrAnswerLate), or ctx ends.
func (r *Room) Answer(
	ctx context.Context, quizID string, question, option uint32,
) (*ovationv1.SubmitAnswerResponse, error) {
	request := &ovationv1.SubmitAnswerRequest{
		RoomId: r.id, QuizId: quizID, QuestionNumber: question, Option: option, SessionId: r.SessionID(),
	}
	response, err := retry(ctx, r.client.quizzes.SubmitAnswer, request, func(_ int, err error) bool {
		if ticket := Detail(err).GetMetadata()["ticket"]; ticket != "" {
			request.Ticket = ticket
		}
		return Reason(err) == ovationv1.ErrorReason_ERROR_REASON_QUIZ_BUSY || unreached(err) || limited(err)
	})
	return response, named(err)
}

// UseRevive brings the user back into a quiz that they went out of with a question, where
// players choose to. It repeats a call that does not get through, which spends one once.
func (r *Room) UseRevive(
	ctx context.Context, quizID string, question uint32,
) (*ovationv1.QuizStanding, error) {
	request := &ovationv1.UseReviveRequest{RoomId: r.id, QuizId: quizID, QuestionNumber: question}
	response, err := repeat(ctx, r.client.quizzes.UseRevive, request)
	return response.GetStanding(), named(err)
}

// acknowledge tells the server which frames have come. What fails is told when they come
// again.
func (l *link) acknowledge(ctx context.Context) {
	request := &ovationv1.AckFrameRequest{
		RoomId: l.room.id, SessionId: l.room.SessionID(), FrameIds: l.room.stage.debt(),
	}
	l.acks.start(ctx, &l.tasks, func(ctx context.Context) (*ovationv1.AckFrameResponse, error) {
		return try(ctx, callLimit, func(ctx context.Context) (*ovationv1.AckFrameResponse, error) {
			return l.room.client.quizzes.AckFrame(ctx, request)
		})
	})
}

// acknowledged notes that the call is over.
func (l *link) acknowledged(ctx context.Context, o outcome[*ovationv1.AckFrameResponse]) {
	l.acks.finish()
	if o.err != nil {
		l.room.log.DebugContext(ctx, "frames not acknowledged", "error", o.err)
	}
}
