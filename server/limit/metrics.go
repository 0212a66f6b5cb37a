package limit

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what is refused, and the connections that are open.
type Metrics struct {
	hits        *prometheus.CounterVec
	connections prometheus.Gauge
	cut         prometheus.Counter
}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "ovation", "limit"
	m := &Metrics{
		hits: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "hit_total",
			Help: "Calls, requests and connections over a limit, by the limit.",
		}, []string{"limit"}),
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "connections",
			Help: "Connections that are open on the public address, those over a limit apart.",
		}),
		cut: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "connections_cut_total",
			Help: "Connections over a limit that were closed without an answer.",
		}),
	}
	for _, name := range names {
		m.hits.WithLabelValues(string(name)) // 0 from the start
	}
	if reg != nil {
		reg.MustRegister(m.hits, m.connections, m.cut)
	}
	return m
}

// exceeded counts a hit, and returns what is told of it.
func (m *Metrics) exceeded(limit Name, retry time.Duration) *ExceededError {
	m.hits.WithLabelValues(string(limit)).Inc()
	return &ExceededError{Limit: limit, RetryAfter: retry}
}
