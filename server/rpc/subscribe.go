package rpc

import (
	"context"
	"math"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/reflect/protoreflect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
)

// newSubscribeHandler returns FeedService's Subscribe: a handler of its own, because
// its responses are frames whose bytes are shared, and are not compressed for each
// subscriber.
func newSubscribeHandler(c *chat.Service, opts connect.HandlerOption) *connect.Handler {
	return connect.NewServerStreamHandler(
		ovationv1connect.FeedServiceSubscribeProcedure,
		func(ctx context.Context, req *connect.Request[ovationv1.SubscribeRequest],
			stream *connect.ServerStream[wire.Frame],
		) error {
			stream.ResponseHeader().Set("X-Accel-Buffering", "no") // proxies must not hold frames back
			return c.Subscribe(ctx, auth.From(ctx), chat.Stream{
				Room:     live.RoomID(req.Msg.GetRoomId()),
				Session:  live.SessionID(req.Msg.GetSessionId()),
				Delivery: deliveries[req.Msg.GetDelivery()],
				Cursor:   wire.CursorFrom(req.Msg.GetCursor()),
			}, writer{stream, patienceOf(ctx)})
		},
		shared("Subscribe", opts),
	)
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

// writer writes frames to a connect stream.
type writer struct {
	stream   *connect.ServerStream[wire.Frame]
	patience *patience
}

// WriteFrame implements hub.Writer.
func (w writer) WriteFrame(f *wire.Frame) error {
	w.patience.begin()
	defer w.patience.end()
	return w.stream.Send(f)
}
