package quiz

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// Submission is an answer as it is handed in.
type Submission struct {
	Ref        quiz.Ref
	Question   quiz.Number
	Option     quiz.Option
	Ticket     string      // of an earlier try; empty: this is the first
	OnBehalfOf live.UserID // a backend's: of this user
}

// Submitted is the answer that counts.
type Submitted struct {
	Option    quiz.Option
	Received  live.Timestamp
	Duplicate bool // it was there before
}

// Submit takes an answer. It is stored when this returns. Who has answered is told the answer
// that counts, however late they repeat it. Errors of auth and of
// quiz.Accepts, quiz.ErrNotPlaying, ErrTicket, *BusyError, on behalf of somebody
// *moderation.BannedError, store.ErrRoomNotFound, store.ErrRoomEnded, store.ErrQuizNotFound.
func (s *Service) Submit(ctx context.Context, p auth.Principal, a Submission) (Submitted, error) {
	received := s.now()
	done, err := s.submit(ctx, p, a, received)
	s.metrics.answered(done, err)
	return done, err
}

// submit is Submit of an answer that was received at an instant.
func (s *Service) submit(
	ctx context.Context, p auth.Principal, a Submission, received live.Timestamp,
) (Submitted, error) {
	user, err := s.player(ctx, p, a.Ref.Room, a.OnBehalfOf)
	if err != nil {
		return Submitted{}, err
	}
	of := answered{a.Ref, a.Question, user, a.Option}
	first := received
	if a.Ticket != "" {
		if first, err = s.tickets.received(of, a.Ticket); err != nil {
			return Submitted{}, err
		}
	}
	q, err := s.accepting(ctx, of, first)
	if err == nil && received > q.SealsAt(a.Question) {
		err = &quiz.LateError{ClosesAt: q.Round(a.Question).ClosesAt}
	}
	if late := new(quiz.LateError); errors.As(err, &late) {
		return s.unlessAnswered(ctx, q, of, late)
	}
	if err != nil {
		return Submitted{}, s.failed(ctx, nil, of, first, err)
	}
	if s.waiting.Add(1) > int64(s.config.MaxWaiting) {
		s.waiting.Add(-1)
		return Submitted{}, s.busy(q, of, first)
	}
	defer s.waiting.Add(-1)
	in := s.intakes.of(questionKey{a.Ref, a.Question})
	receipt, err := s.answer(ctx, in, isEntry(q, a.Question), quiz.Answer{User: user, Option: a.Option, Received: first})
	if err != nil {
		return Submitted{}, s.failed(ctx, q, of, first, err)
	}
	return told(q, a.Question, receipt)
}

// player returns who answers, for themselves or by a backend.
func (s *Service) player(
	ctx context.Context, p auth.Principal, id live.RoomID, behalf live.UserID,
) (live.UserID, error) {
	if err := p.In(id); err != nil {
		return "", err
	}
	if behalf == "" {
		return p.User, nil
	}
	if p.Role != live.RoleBackend {
		return "", auth.ErrRoleForbidden
	}
	standing, err := s.sanctions.Standing(ctx, id, behalf)
	if err == nil && standing.Banned.Acts() {
		err = &moderation.BannedError{Term: standing.Banned}
	}
	return behalf, err
}

// accepting returns the quiz if it accepts an answer. What this node does not know of it
// asks the store for.
func (s *Service) accepting(ctx context.Context, a answered, received live.Timestamp) (*quiz.Quiz, error) {
	q, err := s.views.latest(ctx, a.ref)
	if err != nil {
		return nil, err
	}
	if q.State.Over() {
		if q, err = s.views.fresh(ctx, a.ref); err != nil { // another may have its name by now
			return nil, err
		}
	}
	err = q.Accepts(a.question, a.option, received)
	if errors.Is(err, quiz.ErrEarly) && !q.State.Over() {
		if q, err = s.views.since(ctx, a.ref, time.Now()); err != nil {
			return nil, err
		}
		err = q.Accepts(a.question, a.option, received)
	}
	if err != nil && q.State.Over() {
		if ended := s.open(ctx, a.ref.Room); errors.Is(ended, store.ErrRoomEnded) {
			return nil, ended
		}
	}
	return q, err
}

// unlessAnswered answers one who comes too late: with their answer that counts, if they have
// given one in time.
func (s *Service) unlessAnswered(
	ctx context.Context, q *quiz.Quiz, a answered, late *quiz.LateError,
) (Submitted, error) {
	if a.question > q.Current || q.State == quiz.Cancelled {
		return Submitted{}, late
	}
	e, whole, err := s.evidenceKept(ctx, q, a.question, a.user)
	switch {
	case err != nil:
		return Submitted{}, err
	case e.Option != 0:
		return Submitted{e.Option, e.Received, true}, nil
	case !whole && s.config.Volatile:
		return Submitted{}, fmt.Errorf("%w: the answers to the question may be put again", store.ErrUnavailable)
	}
	return Submitted{}, late
}

// told returns what who answered is told of it.
func told(q *quiz.Quiz, n quiz.Number, r quiz.Receipt) (Submitted, error) {
	switch r.Verdict {
	case quiz.TooLate:
		return Submitted{}, &quiz.LateError{ClosesAt: q.Round(n).ClosesAt}
	case quiz.NotPlaying:
		return Submitted{}, quiz.ErrNotPlaying
	default:
		return Submitted{r.Option, r.Received, r.Verdict == quiz.Repeated}, nil
	}
}

// failed returns what who answered is told if the store did not take it: to come again,
// where it cannot be reached or takes too long.
func (s *Service) failed(
	ctx context.Context, q *quiz.Quiz, a answered, received live.Timestamp, err error,
) error {
	if errors.Is(err, store.ErrUnavailable) || isContext(err) && ctx.Err() == nil {
		return s.busy(q, a, received)
	}
	return err
}

// The bounds of when who is told to come again does so.
const (
	retryMost  = 1500 * time.Millisecond
	retryLeast = 50 * time.Millisecond
	// retryUnknown is for a quiz that is not known, and may soon be closed.
	retryUnknown = 500 * time.Millisecond
)

// busy sends somebody away with a ticket: to come again at a random moment while it is
// good for something. Whether it is, is seen then, where the quiz cannot be known now.
func (s *Service) busy(q *quiz.Quiz, a answered, received live.Timestamp) error {
	most := retryUnknown
	if q != nil {
		most = max(min(q.SealsAt(a.question).Sub(s.now())*2/3, retryMost), retryLeast)
	}
	after := most/4 + rand.N(most-most/4) //nolint:gosec // who comes when need not be a secret
	return &BusyError{s.tickets.issue(a, received), after}
}
