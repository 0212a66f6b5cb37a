package app

import (
	"github.com/ovation-live/ovation/server/visit"
)

// buildVisits wires the use cases of visits, and has everything that is built after it tell
// them who comes and goes.
func (a *App) buildVisits() *visit.Service {
	s := visit.New(a.store.Set, visit.Config{
		Node: a.node, MaxWaiting: a.config.VisitMaxWaiting, Keep: a.config.VisitRetention,
		Logger: a.logger, Metrics: visit.NewMetrics(a.metrics.registry),
	})
	a.store.Presence = s.Presence(a.store.Presence)
	return s
}
