package replay

import (
	"context"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/clients/cli/internal/pace"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// Sender sends one message; FeedServiceClient is one. It must be safe for concurrent
// use.
type Sender interface {
	Send(context.Context, *ovationv1.SendRequest) (*ovationv1.SendResponse, error)
}

// Muter mutes one user; ModerationServiceClient is one. It must be safe for concurrent
// use.
type Muter interface {
	Mute(context.Context, *ovationv1.MuteRequest) (*ovationv1.MuteResponse, error)
}

// call is what an entry comes to: a message, or a mute. One goroutine uses it.
type call interface {
	// make makes it once.
	make(ctx context.Context) error
	// count counts what came of it, when it succeeded.
	count(counts *Counts)
	// optional says whether the log can be played on without it, for this error.
	optional(err error) bool
}

// sending is a message on its way.
type sending struct {
	sender  Sender
	request *ovationv1.SendRequest
	answer  *ovationv1.SendResponse
}

func (s *sending) make(ctx context.Context) (err error) {
	s.answer, err = s.sender.Send(ctx, s.request)
	return err
}

func (s *sending) count(counts *Counts) { counts.answered(s.answer) }
func (*sending) optional(error) bool    { return false }

// muting is a mute on its way.
type muting struct {
	muter   Muter
	request *ovationv1.MuteRequest
}

func (m *muting) make(ctx context.Context) error {
	_, err := m.muter.Mute(ctx, m.request)
	return err
}

func (*muting) count(counts *Counts) { counts.Muted++ }

// optional leaves it to servers whether they moderate.
func (*muting) optional(err error) bool { return connect.CodeOf(err) == connect.CodeUnimplemented }

// The waits between two tries, unless the server says how long.
const (
	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

// patience is how a message is sent.
type patience struct {
	timeout  time.Duration // of one try
	retryFor time.Duration // how long after the first try another may begin
	tried    func(error)   // is told what came of each try
}

// make makes a call, and again with the same id while it may have been lost on its way
// and the context lets it. It returns how many tries it took beyond the first.
func (p patience) make(ctx context.Context, call call) (retries int, err error) {
	started := time.Now()
	backoff := firstBackoff
	for ; ; retries++ {
		err := p.try(ctx, call)
		p.tried(err)
		if err == nil || !mayRetry(err) {
			return retries, err
		}
		after, _ := ovation.RetryAfter(err)
		wait := max(after, backoff/2+rand.N(backoff)) //nolint:gosec // jitter, no secret
		if time.Since(started)+wait > p.retryFor || !pace.Sleep(ctx, wait) {
			return retries, err
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// try makes a call once. When it is on its way it is waited for, even if the context ends.
func (p patience) try(ctx context.Context, call call) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timeout)
	defer cancel()
	return call.make(ctx)
}

// mayRetry says whether the same message may succeed later. The message's id makes
// it safe where the first try did get through.
func mayRetry(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded:
		return true
	case connect.CodeResourceExhausted:
		after, _ := ovation.RetryAfter(err)
		return after > 0
	default:
		return false
	}
}

// unanswered says whether an error may mean that there is nobody who could take anything: not
// that too much was sent.
func unanswered(err error) bool {
	return mayRetry(err) && connect.CodeOf(err) != connect.CodeResourceExhausted
}

// refuses says whether an error is the room's verdict on this one message or mute.
func refuses(err error) bool {
	switch ovation.Reason(err) {
	case ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		ovationv1.ErrorReason_ERROR_REASON_MESSAGE_EMPTY,
		ovationv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LONG,
		ovationv1.ErrorReason_ERROR_REASON_MESSAGE_REFUSED,
		ovationv1.ErrorReason_ERROR_REASON_MUTED,
		ovationv1.ErrorReason_ERROR_REASON_BANNED,
		ovationv1.ErrorReason_ERROR_REASON_USER_PROTECTED:
		return true
	default:
		return false
	}
}

// endsRun says whether every other message would fail as this one did.
func endsRun(err error) bool {
	switch ovation.Reason(err) {
	case ovationv1.ErrorReason_ERROR_REASON_TOKEN_MISSING,
		ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID,
		ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED,
		ovationv1.ErrorReason_ERROR_REASON_ROOM_FORBIDDEN,
		ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN,
		ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND,
		ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED,
		ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED:
		return true
	default:
		return connect.CodeOf(err) == connect.CodeUnimplemented
	}
}
