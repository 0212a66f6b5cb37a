package paired

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what happens between the backends.
type Metrics struct {
	begun    prometheus.Counter
	owed     prometheus.Counter
	paid     prometheus.Counter
	mended   prometheus.Counter
	dirty    prometheus.Gauge
	archived prometheus.Counter
	missed   prometheus.Counter
	failures prometheus.Counter
}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	factory := promauto.With(reg)
	counter := func(name, help string) prometheus.Counter {
		return factory.NewCounter(prometheus.CounterOpts{Namespace: "ovation", Subsystem: "store", Name: name, Help: help})
	}
	return &Metrics{
		begun:  counter("rooms_begun_total", "Rooms that Redis did not know and that began anew there as Postgres has them."),
		owed:   counter("handovers_failed_total", "Changes that are made in Postgres and could not be handed to Redis at once."),
		paid:   counter("debts_paid_total", "Changes that this node has seen to be in Redis, a moment after they were made in Postgres."),
		mended: counter("copies_mended_total", "Rooms whose copies in Redis this node has compared with Postgres and brought up to date."),
		dirty: factory.NewGauge(prometheus.GaugeOpts{
			Namespace: "ovation", Subsystem: "store", Name: "archive_rooms",
			Help: "Rooms of which this node does not know that all of their messages are archived.",
		}),
		archived: counter("archived_messages_total", "Messages that this node has archived."),
		missed:   counter("archive_missed_total", "Messages that the log dropped before they could be archived."),
		failures: counter("archive_failures_total", "Times that a room could not be archived when it was due."),
	}
}
