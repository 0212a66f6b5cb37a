package main

import (
	"context"
	"errors"
	"time"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

// leaveLimit is how long leaving a room may take.
const leaveLimit = 2 * time.Second

// deliveries are the ways of getting messages, by flag.
var deliveries = map[string]ovationv1.Delivery{
	"auto":   ovationv1.Delivery_DELIVERY_UNSPECIFIED,
	"notify": ovationv1.Delivery_DELIVERY_NOTIFY,
	"inline": ovationv1.Delivery_DELIVERY_INLINE,
}

// stay joins a room as a viewer and hands each event to take, until the context ends,
// the room does, or take returns an error. Being interrupted is the usual way out and
// no error. It tells of reconnects on the way.
func (a *app) stay(
	ctx context.Context, room string, entered func(*ovation.Room) error, take func(ovation.Event) error,
	options ...ovation.JoinOption,
) error {
	client, err := ovation.New(a.Server,
		ovation.WithTokenSource(func(context.Context) (string, error) { return a.bearer(live.RoleViewer) }))
	if err != nil {
		return err
	}
	defer client.Close()
	joined, err := client.Join(ctx, room, options...)
	if err != nil {
		return err
	}
	defer leave(ctx, joined)
	if err := entered(joined); err != nil {
		return err
	}
	return a.follow(ctx, joined, take)
}

// follow reads events until something ends it.
func (a *app) follow(ctx context.Context, room *ovation.Room, take func(ovation.Event) error) error {
	for event, err := range room.Events(ctx) {
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ovation.ErrRoomEnded):
			a.note("the room has ended")
			return nil
		case err != nil:
			return err
		}
		a.tellConnection(event)
		if err := take(event); err != nil {
			return err
		}
	}
	return nil
}

// tellConnection tells of what happens to the connection.
func (a *app) tellConnection(event ovation.Event) {
	switch event := event.(type) {
	case *ovation.Reconnecting:
		a.note("disconnected (%s), try %d in %s", explain(event.Cause, a.Server), event.Attempt, event.After.Round(time.Millisecond))
	case *ovation.Connected:
		if event.Polling {
			a.note("connected, without a stream: polling")
			return
		}
		a.note("connected, delivery %s", short(event.Delivery, "DELIVERY_"))
	}
}

// leave leaves the room, even if the context has ended.
func leave(ctx context.Context, room *ovation.Room) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
	defer cancel()
	_ = room.Leave(ctx) // the server notices by itself
}
