package ovation

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// eventSilence is after how long without a frame a stream of events counts as broken: the
// server is silent for 20 s at most.
const eventSilence = 45 * time.Second

var errMute = errors.New("ovation: the stream of events fell silent")

// Events returns the generated client of EventService.
func (c *Client) Events() ovationv1connect.EventServiceClient { return c.events }

// Consume reads events as a consumer, hands each to handle, and acknowledges those for which
// handle has returned nil. It connects again when it must, and goes on where the consumer
// is; so events may come again, with the same id. It returns the first error of handle, that
// of ctx, or one after which it cannot go on, such as that another has taken the consumer's
// place.
func (c *Client) Consume(
	ctx context.Context, request *ovationv1.StreamEventsRequest, handle func(context.Context, *ovationv1.Event) error,
) error {
	request = proto.CloneOf(request) // where it goes on changes, if it does not begin at the consumer's place
	for attempt := 0; ; attempt++ {
		got, err := c.consumeOnce(ctx, request, handle)
		var stop handlerError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &stop):
			return stop.error
		case final(err) || Reason(err) == ovationv1.ErrorReason_ERROR_REASON_CONSUMER_REPLACED:
			return err
		case got:
			attempt = 0
		}
		c.log.DebugContext(ctx, "the stream of events ended; opening it again", "consumer", request.GetConsumer(), "error", err)
		if err := sleep(ctx, waitAfter(err, attempt)); err != nil {
			return err
		}
	}
}

// handlerError is an error of whom events are handed to.
type handlerError struct{ error }

// consumeOnce reads one stream to its end, and says whether anything came.
func (c *Client) consumeOnce(
	ctx context.Context, request *ovationv1.StreamEventsRequest, handle func(context.Context, *ovationv1.Event) error,
) (got bool, err error) {
	streaming, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(eventSilence, func() { cancel(errMute) })
	defer watchdog.Stop()
	stream, err := c.events.StreamEvents(streaming, request)
	if err != nil {
		return false, err
	}
	defer stream.Close() //nolint:errcheck // it is over
	for stream.Receive() {
		got = true
		watchdog.Stop()
		if err := c.takeEvents(ctx, request, stream.Msg().GetEvents(), handle); err != nil {
			return got, err
		}
		watchdog.Reset(eventSilence)
	}
	if err = stream.Err(); err == nil || errors.Is(context.Cause(streaming), errMute) {
		err = connect.NewError(connect.CodeUnavailable, errMute)
	}
	return got, err
}

// takeEvents hands on the events of a frame, and acknowledges as many as were taken.
func (c *Client) takeEvents(
	ctx context.Context, request *ovationv1.StreamEventsRequest, events []*ovationv1.Event,
	handle func(context.Context, *ovationv1.Event) error,
) (failed error) {
	done := ""
	for _, event := range events {
		if err := handle(ctx, event); err != nil {
			failed = handlerError{err}
			break
		}
		done = event.GetCursor()
	}
	if done == "" {
		return failed
	}
	if request.GetAfterCursor() != "" {
		request.AfterCursor = done
	}
	_, err := repeat(ctx, c.events.AckEvents, &ovationv1.AckEventsRequest{Consumer: request.GetConsumer(), Cursor: done})
	if failed != nil {
		return failed
	}
	return err
}

// ErrSignature says that a request is not from a server that knows the webhook's secret, or
// was sent too long ago.
var ErrSignature = errors.New("ovation: the webhook's signature is not valid")

// VerifyWebhook returns nil if a request to a webhook, with this body, was signed with the
// secret at most tolerance ago, or ahead of this machine's clock.
func VerifyWebhook(secret string, header http.Header, body []byte, tolerance time.Duration) error {
	timestamp := header.Get("Ovation-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: Ovation-Timestamp is %q", ErrSignature, timestamp)
	}
	if age := time.Since(time.Unix(seconds, 0)); age.Abs() > tolerance {
		return fmt.Errorf("%w: it was sent %v ago", ErrSignature, age.Round(time.Second))
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	want := "v1=" + hex.EncodeToString(mac.Sum(nil))
	if !hmac.Equal([]byte(want), []byte(header.Get("Ovation-Signature"))) {
		return ErrSignature
	}
	return nil
}
