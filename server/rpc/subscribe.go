package rpc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/reflect/protoreflect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/wire"
)

// newSubscribeHandler returns FeedService's Subscribe: a handler of its own, because
// its responses are frames whose bytes are shared, and are not compressed for each
// subscriber.
func newSubscribeHandler(c *chat.Service, patience time.Duration, opts connect.HandlerOption) *connect.Handler {
	return connect.NewServerStreamHandler(
		ovationv1connect.FeedServiceSubscribeProcedure,
		func(ctx context.Context, req *connect.Request[ovationv1.SubscribeRequest],
			stream *connect.ServerStream[wire.Frame],
		) error {
			stream.ResponseHeader().Set("X-Accel-Buffering", "no") // proxies must not hold frames back
			viewing, err := subscribe(ctx, c, req.Msg)
			if err != nil {
				return err
			}
			w := newWriter(ctx, stream, patience)
			defer w.outlet.close()
			return viewing.Serve(ctx, w)
		},
		shared("Subscribe", opts),
	)
}

// subscribe opens a stream.
func subscribe(ctx context.Context, c *chat.Service, req *ovationv1.SubscribeRequest) (*chat.Viewing, error) {
	return c.Subscribe(ctx, auth.From(ctx), chat.Stream{
		Room:     live.RoomID(req.GetRoomId()),
		Session:  live.SessionID(req.GetSessionId()),
		Delivery: deliveries[req.GetDelivery()],
		Cursor:   wire.CursorFrom(req.GetCursor()),
	})
}

// shared returns the options of a handler of FeedService whose answers are frames:
// their bytes are copied for each caller, not encoded and not compressed. (What
// callers send may be compressed.)
func shared(method protoreflect.Name, opts connect.HandlerOption) connect.HandlerOption {
	methods := ovationv1.File_ovation_v1_feed_proto.Services().ByName("FeedService").Methods()
	return connect.WithHandlerOptions(
		opts,
		connect.WithSchema(methods.ByName(method)),
		connect.WithCompressMinBytes(math.MaxInt),
	)
}

// deliveries converts a delivery.
var deliveries = map[ovationv1.Delivery]hub.Delivery{
	ovationv1.Delivery_DELIVERY_UNSPECIFIED: hub.Auto,
	ovationv1.Delivery_DELIVERY_NOTIFY:      hub.Notified,
	ovationv1.Delivery_DELIVERY_INLINE:      hub.Inline,
}

// errGone says that nobody takes what is written to a stream.
var errGone = errors.New("rpc: the stream's reader has gone")

// writer writes frames to a stream. The first one goes through connect, which sends the
// headers with it; the others are written as they are, in envelopes that are the same in
// every protocol, without a copy for each subscriber. How the stream ends is connect's
// to say again.
type writer struct {
	stream    *connect.ServerStream[wire.Frame]
	outlet    *outlet
	enveloped func(*wire.Frame) ([]byte, error)
	begun     bool
}

func newWriter(ctx context.Context, stream *connect.ServerStream[wire.Frame], patience time.Duration) *writer {
	out := newOutlet(interceptor.ResponseWriter(ctx), patience)
	out.unhurried()
	w := &writer{stream: stream, outlet: out, enveloped: (*wire.Frame).EnvelopedProto}
	if strings.Contains(stream.Conn().RequestHeader().Get("Content-Type"), "+json") {
		w.enveloped = (*wire.Frame).EnvelopedJSON
	}
	return w
}

// WriteFrames implements hub.Writer.
func (w *writer) WriteFrames(frames ...*wire.Frame) error {
	w.outlet.begin()
	defer w.outlet.end()
	if !w.begun {
		w.begun = true
		if err := w.stream.Send(frames[0]); err != nil {
			return err
		}
		frames = frames[1:]
	}
	for _, f := range frames {
		b, err := w.enveloped(f)
		if err != nil {
			return err
		}
		if _, err := w.outlet.Write(b); err != nil {
			return fmt.Errorf("%w: %w", errGone, err)
		}
	}
	if err := w.outlet.Flush(); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}
