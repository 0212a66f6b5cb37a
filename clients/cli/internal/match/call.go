package match

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/latency"
	"github.com/ovation-live/ovation/clients/cli/internal/reason"
	"github.com/ovation-live/ovation/clients/cli/internal/turns"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// callWithin is how long one try may take: a node that is gone takes no longer.
const callWithin = 5 * time.Second

// call makes a call by one service after the other until one answers, for a time.
func call[Request, Response any](
	ctx context.Context, m *Match, method func(Service, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	deadline := time.Now().Add(m.options.RetryFor)
	for {
		response, err := try(ctx, m, method, request)
		if !turns.Again(ctx, err, deadline) {
			return response, err
		}
	}
}

// try makes a call once, by the next service.
func try[Request, Response any](
	ctx context.Context, m *Match, method func(Service, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	return turns.Try(ctx, m.turns, callWithin, func(ctx context.Context, i int) (*Response, error) {
		return method(m.options.Services[i], ctx, request)
	})
}

// answers is what became of answers, as one worker counts them.
type answers struct {
	stored, busy, retries, late int64
	failed                      map[string]int64
}

// lateAfter is how late an answer may set out and be on time.
const lateAfter = 100 * time.Millisecond

// give gives one answer, as often as it takes.
func (m *Match) give(
	ctx context.Context, n uint32, d due, begun time.Time, counts *answers, times *latency.Recorder,
) {
	out := time.Now()
	if out.Sub(begun.Add(d.after)) > lateAfter {
		counts.late++
	}
	request := &ovationv1.SubmitAnswerRequest{
		RoomId: m.options.Room, QuizId: m.quizID, QuestionNumber: n, Option: d.Option, OnBehalfOf: m.userID(d.Player),
	}
	err := m.submit(ctx, request, counts)
	times.Record(time.Since(out))
	m.done.Add(1)
	switch {
	case err == nil:
		counts.stored++
	case ctx.Err() == nil:
		if counts.failed == nil {
			counts.failed = make(map[string]int64)
		}
		counts.failed[reason.Name(err)]++
	}
}

// submit makes the call until it is answered: with the ticket of a server that was busy.
func (m *Match) submit(ctx context.Context, request *ovationv1.SubmitAnswerRequest, counts *answers) error {
	deadline := time.Now().Add(m.options.RetryFor)
	for {
		_, err := try(ctx, m, Service.SubmitAnswer, request)
		if !turns.Again(ctx, err, deadline) {
			return err
		}
		if ticket := ovation.Detail(err).GetMetadata()["ticket"]; ticket != "" {
			counts.busy++
			request.Ticket = ticket
		} else {
			counts.retries++
		}
	}
}
