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

// AwaitEvents is not measured: how long it takes is up to what happens.
func (m measuredEvents) AwaitEvents(ctx context.Context, at store.EventPosition) (store.EventPosition, error) {
	return m.next.AwaitEvents(ctx, at)
}

func (m measuredEvents) PruneEvents(ctx context.Context, keep time.Duration, limit int) (_ int, err error) {
	defer m.calls.begin(pruneEvents).end(&err)
	return m.next.PruneEvents(ctx, keep, limit)
}

// measuredConsumers measures store.Consumers.
type measuredConsumers struct {
	next  store.Consumers
	calls *Metrics
}

func (m measuredConsumers) OpenConsumer(ctx context.Context, o store.ConsumerOpening) (_ store.EventConsumer, err error) {
	defer m.calls.begin(openConsumer).end(&err)
	return m.next.OpenConsumer(ctx, o)
}

func (m measuredConsumers) KeepConsumer(
	ctx context.Context, name, owner string, lease time.Duration, passed store.EventPosition,
) (_ store.EventConsumer, err error) {
	defer m.calls.begin(keepConsumer).end(&err)
	return m.next.KeepConsumer(ctx, name, owner, lease, passed)
}

func (m measuredConsumers) CloseConsumer(ctx context.Context, name, owner string) (err error) {
	defer m.calls.begin(closeConsumer).end(&err)
	return m.next.CloseConsumer(ctx, name, owner)
}

func (m measuredConsumers) EventConsumer(ctx context.Context, name string) (_ store.EventConsumer, err error) {
	defer m.calls.begin(eventConsumer).end(&err)
	return m.next.EventConsumer(ctx, name)
}

func (m measuredConsumers) EventConsumers(
	ctx context.Context, after string, limit int,
) (_ []store.EventConsumer, err error) {
	defer m.calls.begin(eventConsumers).end(&err)
	return m.next.EventConsumers(ctx, after, limit)
}

func (m measuredConsumers) AcknowledgeEvents(
	ctx context.Context, name string, upTo store.EventPosition,
) (_ store.EventConsumer, err error) {
	defer m.calls.begin(acknowledgeEvents).end(&err)
	return m.next.AcknowledgeEvents(ctx, name, upTo)
}

func (m measuredConsumers) DeleteConsumer(ctx context.Context, name string) (err error) {
	defer m.calls.begin(deleteConsumer).end(&err)
	return m.next.DeleteConsumer(ctx, name)
}

// measuredWebhooks measures store.Webhooks.
type measuredWebhooks struct {
	next  store.Webhooks
	calls *Metrics
}

func (m measuredWebhooks) PutWebhook(
	ctx context.Context, name string, w store.Webhook, start store.EventStart,
) (_ store.EventConsumer, err error) {
	defer m.calls.begin(putWebhook).end(&err)
	return m.next.PutWebhook(ctx, name, w, start)
}

func (m measuredWebhooks) ClaimWebhooks(
	ctx context.Context, node store.NodeID, limit int, lease time.Duration,
) (_ []store.ClaimedWebhook, err error) {
	defer m.calls.begin(claimWebhooks).end(&err)
	return m.next.ClaimWebhooks(ctx, node, limit, lease)
}

func (m measuredWebhooks) HeldDeliveries(ctx context.Context, name string) (_ []store.Delivery, err error) {
	defer m.calls.begin(heldDeliveries).end(&err)
	return m.next.HeldDeliveries(ctx, name)
}

func (m measuredWebhooks) SettleDeliveries(ctx context.Context, s store.Settlement) (err error) {
	defer m.calls.begin(settleDeliveries).end(&err)
	return m.next.SettleDeliveries(ctx, s)
}

func (m measuredWebhooks) DeadLetters(
	ctx context.Context, consumer string, after int64, limit int,
) (_ []store.DeadLetter, err error) {
	defer m.calls.begin(deadLetters).end(&err)
	return m.next.DeadLetters(ctx, consumer, after, limit)
}

func (m measuredWebhooks) RetryDeadLetters(ctx context.Context, ids []int64) (_ int, err error) {
	defer m.calls.begin(retryDeadLetters).end(&err)
	return m.next.RetryDeadLetters(ctx, ids)
}

func (m measuredWebhooks) PruneDeadLetters(ctx context.Context, keep, limit int) (_ int, err error) {
	defer m.calls.begin(pruneDeadLetters).end(&err)
	return m.next.PruneDeadLetters(ctx, keep, limit)
}
