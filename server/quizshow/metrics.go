package quizshow

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics counts what a follower does.
type Metrics struct {
	rooms    prometheus.Gauge
	mended   prometheus.Counter
	failures [failures]prometheus.Counter
}

// failure is what the store failed to do.
type failure uint8

const (
	askFailed failure = iota
	readFailed
	standingsFailed
	notesFailed
	deliveredFailed
	countsFailed
	failures
)

var failureNames = [failures]string{"ask", "read", "standings", "notes", "delivered", "counts"}

// String returns the name of what failed.
func (f failure) String() string { return failureNames[f] }

const namespace, subsystem = "ovation", "quizshow"

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	b := promauto.With(reg)
	m := &Metrics{
		rooms: b.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "rooms", Help: "Followed rooms in which something of a quiz is shown.",
		}),
		mended: b.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "mended_total",
			Help: "Changes of quizzes that were seen by asking, because the publication was lost or late.",
		}),
	}
	failed := b.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "failures_total",
		Help: "Calls of the store that failed while quizzes were shown, by what was asked of it. All are repeated.",
	}, []string{"operation"})
	for i, name := range failureNames {
		m.failures[i] = failed.WithLabelValues(name)
	}
	return m
}
