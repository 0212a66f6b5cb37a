package app

import (
	"github.com/ovation-live/ovation/server/events"
)

// buildEvents wires the use cases of events.
func (a *App) buildEvents() *events.Service {
	c := events.Config{
		Node: a.node, Retention: a.config.EventRetention, SignOfLife: a.config.Heartbeat,
		Logger: a.logger, Metrics: events.NewMetrics(a.metrics.registry),
	}
	if a.config.WebhookAddresses == "public" {
		c.Addresses = events.PublicOnly
	}
	return events.New(a.store.Set, c)
}
