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

// The waits between two tries, unless the server says how long.
const (
	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

// patience is how a message is sent.
type patience struct {
	timeout  time.Duration // of one try
	retryFor time.Duration // how long after the first try another may begin
}

// send sends a message, and again with the same id while it may have been lost on
// its way and the context lets it. It returns how many tries it took beyond the first.
func (p patience) send(ctx context.Context, sender Sender, request *ovationv1.SendRequest) (*ovationv1.SendResponse, int, error) {
	started := time.Now()
	backoff := firstBackoff
	for retries := 0; ; retries++ {
		response, err := p.try(ctx, sender, request)
		if err == nil || !mayRetry(err) {
			return response, retries, err
		}
		after, _ := ovation.RetryAfter(err)
		wait := max(after, backoff/2+rand.N(backoff)) //nolint:gosec // jitter, no secret
		if time.Since(started)+wait > p.retryFor || !pace.Sleep(ctx, wait) {
			return nil, retries, err
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// try makes one call. Once it is on its way it is waited for, even if the context ends.
func (p patience) try(ctx context.Context, sender Sender, request *ovationv1.SendRequest) (*ovationv1.SendResponse, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timeout)
	defer cancel()
	return sender.Send(ctx, request)
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

// refuses says whether an error is the room's verdict on this one message.
func refuses(err error) bool {
	switch ovation.Reason(err) {
	case ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
		ovationv1.ErrorReason_ERROR_REASON_MESSAGE_EMPTY,
		ovationv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LONG,
		ovationv1.ErrorReason_ERROR_REASON_MESSAGE_REFUSED,
		ovationv1.ErrorReason_ERROR_REASON_MUTED,
		ovationv1.ErrorReason_ERROR_REASON_BANNED:
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
