package observed

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/store"
)

// measuredEvents measures store.Events.
type measuredEvents struct {
	next  store.Events
	calls *Metrics
}

func (m measuredEvents) AppendEvents(ctx context.Context, events []store.Event) (err error) {
	defer m.calls.begin(appendEvents).end(&err)
	return m.next.AppendEvents(ctx, events)
}

func (m measuredEvents) Events(ctx context.Context, q store.EventQuery) (_ store.EventPage, err error) {
	defer m.calls.begin(readEvents).end(&err)
	return m.next.Events(ctx, q)
}

func (m measuredEvents) EventConsumer(ctx context.Context, name string) (_ store.EventConsumer, err error) {
	defer m.calls.begin(eventConsumer).end(&err)
	return m.next.EventConsumer(ctx, name)
}

func (m measuredEvents) AcknowledgeEvents(ctx context.Context, name string, upTo store.EventPosition) (_ store.EventPosition, err error) {
	defer m.calls.begin(acknowledgeEvents).end(&err)
	return m.next.AcknowledgeEvents(ctx, name, upTo)
}

func (m measuredEvents) PruneEvents(ctx context.Context, keep time.Duration, limit int) (_ int, err error) {
	defer m.calls.begin(pruneEvents).end(&err)
	return m.next.PruneEvents(ctx, keep, limit)
}
