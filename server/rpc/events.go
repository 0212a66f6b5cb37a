package rpc

import (
	"context"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/events"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// eventHandler is EventService.
type eventHandler struct {
	ovationv1connect.UnimplementedEventServiceHandler
	events   *events.Service
	patience time.Duration // with the reader of a stream
}

// StreamEvents implements EventService.
func (h *eventHandler) StreamEvents(
	ctx context.Context, req *ovationv1.StreamEventsRequest, stream *connect.ServerStream[ovationv1.StreamEventsResponse],
) error {
	stream.ResponseHeader().Set("X-Accel-Buffering", "no") // proxies must not hold frames back
	opened, err := h.events.Stream(ctx, auth.From(ctx), events.Subscription{
		Consumer: req.GetConsumer(), EventFilter: filterFrom(req.GetFilter()), Start: startFrom(req.GetStart()),
		After: req.GetAfterCursor(), Ahead: int(req.GetMaxUnacknowledged()),
	})
	if err != nil {
		return err
	}
	out := newOutlet(interceptor.ResponseWriter(ctx), h.patience)
	out.unhurried()
	defer out.close()
	return opened.Serve(ctx, func(f events.Frame) error {
		res := &ovationv1.StreamEventsResponse{Consumer: consumerOf(f.Consumer), ServerAt: time.Now().UnixMicro()}
		for _, e := range f.Events {
			m, err := wire.Event(e, events.Cursor(e.Position))
			if err != nil {
				return err
			}
			res.Events = append(res.Events, m)
		}
		out.begin()
		defer out.end()
		return stream.Send(res)
	})
}

// AckEvents implements EventService.
func (h *eventHandler) AckEvents(
	ctx context.Context, req *ovationv1.AckEventsRequest,
) (*ovationv1.AckEventsResponse, error) {
	c, err := h.events.Acknowledge(ctx, auth.From(ctx), req.GetConsumer(), req.GetCursor())
	if err != nil {
		return nil, err
	}
	return &ovationv1.AckEventsResponse{Consumer: consumerOf(c)}, nil
}

// ListConsumers implements EventService.
func (h *eventHandler) ListConsumers(
	ctx context.Context, req *ovationv1.ListConsumersRequest,
) (*ovationv1.ListConsumersResponse, error) {
	found, next, err := h.events.List(ctx, auth.From(ctx), page.Size(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	res := &ovationv1.ListConsumersResponse{NextPageToken: next}
	for _, c := range found {
		res.Consumers = append(res.Consumers, consumerOf(c))
	}
	return res, nil
}

// DeleteConsumer implements EventService.
func (h *eventHandler) DeleteConsumer(
	ctx context.Context, req *ovationv1.DeleteConsumerRequest,
) (*ovationv1.DeleteConsumerResponse, error) {
	if err := h.events.Delete(ctx, auth.From(ctx), req.GetConsumer()); err != nil {
		return nil, err
	}
	return &ovationv1.DeleteConsumerResponse{}, nil
}

// PutWebhook implements EventService.
func (h *eventHandler) PutWebhook(
	ctx context.Context, req *ovationv1.PutWebhookRequest,
) (*ovationv1.PutWebhookResponse, error) {
	w := req.GetWebhook()
	hook := store.Webhook{
		URL: w.GetUrl(), Secret: w.GetSecret(), EventFilter: filterFrom(w.GetFilter()), Timeout: w.GetTimeout().AsDuration(),
		GiveUpAfter: events.DefaultGiveUpAfter, Paused: w.GetPaused(),
	}
	if w.GetGiveUpAfter() != nil {
		hook.GiveUpAfter = w.GetGiveUpAfter().AsDuration()
	}
	c, err := h.events.Put(ctx, auth.From(ctx), w.GetConsumer(), hook, startFrom(w.GetStart()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.PutWebhookResponse{Consumer: consumerOf(c)}, nil
}

// ListDeadLetters implements EventService.
func (h *eventHandler) ListDeadLetters(
	ctx context.Context, req *ovationv1.ListDeadLettersRequest,
) (*ovationv1.ListDeadLettersResponse, error) {
	found, next, err := h.events.DeadLetters(ctx, auth.From(ctx),
		req.GetConsumer(), page.Size(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	res := &ovationv1.ListDeadLettersResponse{NextPageToken: next}
	for _, l := range found {
		m, err := letterOf(l)
		if err != nil {
			return nil, err
		}
		res.DeadLetters = append(res.DeadLetters, m)
	}
	return res, nil
}

// RetryDeadLetters implements EventService.
func (h *eventHandler) RetryDeadLetters(
	ctx context.Context, req *ovationv1.RetryDeadLettersRequest,
) (*ovationv1.RetryDeadLettersResponse, error) {
	n, err := h.events.Retry(ctx, auth.From(ctx), req.GetDeadLetterIds())
	if err != nil {
		return nil, err
	}
	return &ovationv1.RetryDeadLettersResponse{Retried: int64(n)}, nil
}

// filterFrom converts a filter.
func filterFrom(m *ovationv1.EventFilter) (f store.EventFilter) {
	for _, kind := range m.GetKinds() {
		f.Kinds = append(f.Kinds, store.EventKind(kind)) //nolint:gosec // validated: defined only
	}
	for _, id := range m.GetRoomIds() {
		f.Rooms = append(f.Rooms, live.RoomID(id))
	}
	return f
}

// startFrom converts a start.
func startFrom(s ovationv1.EventStart) store.EventStart {
	if s == ovationv1.EventStart_EVENT_START_EARLIEST {
		return store.StartEarliest
	}
	return store.StartLatest
}

// consumerOf converts a consumer; nothing in it is secret.
func consumerOf(c store.EventConsumer) *ovationv1.EventConsumer {
	out := &ovationv1.EventConsumer{
		Consumer: c.Name, Cursor: events.Cursor(c.Acknowledged), Lag: c.Lag, OldestAt: int64(c.Oldest),
		Dropped: c.Dropped, Active: c.Active,
	}
	if w := c.Webhook; w != nil {
		out.Webhook = &ovationv1.Webhook{
			Consumer: c.Name, Url: events.Shown(w.URL), Filter: wire.EventFilter(w.EventFilter),
			Timeout: durationpb.New(w.Timeout), GiveUpAfter: durationpb.New(w.GiveUpAfter), Paused: w.Paused,
		}
	}
	return out
}

// letterOf converts a dead letter.
func letterOf(l store.DeadLetter) (*ovationv1.DeadLetter, error) {
	e, err := wire.Event(l.Event, events.Cursor(l.Event.Position))
	return &ovationv1.DeadLetter{
		DeadLetterId: events.LetterID(l.ID),
		Consumer:     l.Consumer,
		Event:        e,
		Attempts:     uint32(l.Attempts),   //nolint:gosec // a small count
		LastStatus:   uint32(l.LastStatus), //nolint:gosec // a code
		LastError:    l.LastError,
		GivenUpAt:    int64(l.GivenUp),
	}, err
}
