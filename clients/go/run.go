package ovation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// steady is how long a connection must have held for the next failure to be the first.
const steady = 10 * time.Second

// movedError ends a stream whose last frame sends the client elsewhere.
type movedError struct{ frame *ovationv1.Reconnect }

// Error says why.
func (e *movedError) Error() string {
	return fmt.Sprintf("ovation: the server asks to reconnect: %s", e.frame.GetReason())
}

// run keeps the stay up until it ends.
func (r *Room) run(ctx context.Context) {
	r.err = named(r.stay(ctx))
	r.cancel(r.err)
	r.stage.clear()
	close(r.events)
}

// stay connects, again and again, and returns why the stay is over.
func (r *Room) stay(ctx context.Context) error {
	if err := r.showLatest(ctx); err != nil {
		return err
	}
	for {
		cause := r.connect(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		wait, err := r.recover(ctx, cause)
		if err != nil {
			return err
		}
		r.attempt++
		r.log.InfoContext(ctx, "reconnecting", "session_id", r.SessionID(), "attempt", r.attempt, "after", wait, "error", cause)
		if err := r.emit(ctx, &Reconnecting{Attempt: r.attempt, After: wait, Cause: cause}); err != nil {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// showLatest begins with the messages that came with joining, unless the stay goes on
// from a cursor.
func (r *Room) showLatest(ctx context.Context) error {
	latest := r.joined.GetLatest()
	if r.order.epoch != "" || latest.GetCursor().GetEpoch() == "" {
		return nil
	}
	m := r.order.begin(latest)
	if len(m.Messages) == 0 {
		r.update(func(v *view) { v.cursor = m.Cursor })
		return nil
	}
	return r.emit(ctx, m)
}

// connect holds one connection for as long as it lasts and returns why it ended.
func (r *Room) connect(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	l := newLink(r)
	err := l.serve(ctx)
	cancel()
	l.tasks.Wait()
	if l.up && time.Since(l.upSince) >= steady {
		r.attempt = 0
	}
	if !l.up && r.endpoint != "" {
		r.moveTo("") // any node serves anyone
	}
	return err
}

// recover decides what follows the end of a connection: a wait and another try, or
// the end of the stay.
func (r *Room) recover(ctx context.Context, cause error) (time.Duration, error) {
	var moved *movedError
	var kicked *KickedError
	switch {
	case errors.As(cause, &moved):
		r.attempt = 0
		r.moveTo(moved.frame.GetEndpoint())
		return between(moved.frame.GetAfter().AsDuration(), moved.frame.GetJitter().AsDuration()), nil
	case errors.As(cause, &kicked):
		return r.recoverKicked(ctx, kicked)
	case endsSession(cause):
		r.update(func(v *view) { v.session = "" })
	case isRefused(cause) && r.client.tokens.renewable() && !r.refused:
		r.refused = true
		r.client.tokens.forget("")
	case errors.Is(cause, ErrRoomEnded), final(cause):
		return 0, cause
	}
	return waitAfter(cause, r.attempt), nil
}

// recoverKicked comes back where the server lets it and it can help: with a new
// session, or, if only the token has expired, with the same one and another token.
func (r *Room) recoverKicked(ctx context.Context, kicked *KickedError) (time.Duration, error) {
	expired := kicked.Reason == ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED
	switch {
	case kicked.Reason == ovationv1.KickReason_KICK_REASON_BANNED:
		return 0, r.sentence(ctx, kicked)
	case !kicked.MayReconnect,
		// Another device has the session, or the user has left, or was sent away:
		// coming back is for people to decide.
		kicked.Reason == ovationv1.KickReason_KICK_REASON_REPLACED,
		kicked.Reason == ovationv1.KickReason_KICK_REASON_LEFT,
		kicked.Reason == ovationv1.KickReason_KICK_REASON_MODERATED,
		expired && !r.client.tokens.renewable():
		return 0, kicked
	case expired:
		r.client.tokens.forget("")
	default:
		r.update(func(v *view) { v.session = "" })
	}
	return waitAfter(kicked, r.attempt), nil
}

// sentence finds out when a ban ends, and why it is. The frame need not say it; calls
// that the ban fails do.
func (r *Room) sentence(ctx context.Context, kicked *KickedError) *KickedError {
	_, err := try(ctx, callLimit, func(ctx context.Context) (*ovationv1.GetRoomResponse, error) {
		return r.client.rooms.GetRoom(ctx, &ovationv1.GetRoomRequest{RoomId: r.id})
	})
	if Reason(err) != ovationv1.ErrorReason_ERROR_REASON_BANNED {
		return kicked
	}
	kicked.Until, _ = Until(err)
	if why := Detail(err).GetMetadata()["why"]; why != "" {
		kicked.Message = why
	}
	return kicked
}

// moveTo has the feed come from another base address; empty is the client's own. It is
// the server that names addresses, whom the client trusts with its token already. One
// that would give up the encryption of the client's own is ignored all the same.
func (r *Room) moveTo(endpoint string) {
	endpoint = strings.TrimRight(endpoint, "/")
	if endpoint == r.endpoint {
		return
	}
	if endpoint == "" || endpoint == r.client.base {
		r.settleAt("", r.client.feed)
		return
	}
	base, err := parseBase(endpoint)
	downgrade := strings.HasPrefix(r.client.base, "https:") && strings.HasPrefix(base, "http:")
	if err != nil || downgrade {
		r.log.Warn("endpoint ignored", "endpoint", endpoint)
		return
	}
	r.settleAt(base, r.client.feedAt(base))
}

// settleAt has the feed come from a client of an address.
func (r *Room) settleAt(endpoint string, feed ovationv1connect.FeedServiceClient) {
	r.feed, r.endpoint = feed, endpoint
	r.update(func(v *view) { v.feed = feed })
}

// emit hands an event to Next, waiting for it to be taken when too many wait.
func (r *Room) emit(ctx context.Context, event Event) error {
	select {
	case r.events <- event:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
