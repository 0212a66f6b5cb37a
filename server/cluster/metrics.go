package cluster

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/store"
)

// Metrics counts nodes, and viewers that are moved between them.
type Metrics struct {
	nodes    [states]prometheus.Gauge
	moved    prometheus.Counter
	failures [tasks]prometheus.Counter
}

// state is how a node is.
type state uint8

const (
	open state = iota
	draining
	states
)

var stateNames = [states]string{"open", "draining"}

// stateOf returns how a node is.
func stateOf(n store.Node) state {
	if n.Draining {
		return draining
	}
	return open
}

// task is what a node does over and over.
type task uint8

const (
	announcing task = iota
	reading
	tasks
)

var taskNames = [tasks]string{"announce", "read"}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "ovation", "cluster"
	factory := promauto.With(reg)
	m := &Metrics{moved: factory.NewCounter(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "moved_viewers_total",
		Help: "Viewers whose streams this node ended because another is the place for them.",
	})}
	nodes := factory.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "nodes", Help: "Nodes that this node knows of, itself included.",
	}, []string{"state"})
	for i, name := range stateNames {
		m.nodes[i] = nodes.WithLabelValues(name)
	}
	failures := factory.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "failures_total",
		Help: "Times that the store did not let this node announce itself, or read who is there.",
	}, []string{"task"})
	for i, name := range taskNames {
		m.failures[i] = failures.WithLabelValues(name)
	}
	return m
}

// know sets how many nodes there are.
func (m *Metrics) know(count [states]int) {
	for i, n := range count {
		m.nodes[i].Set(float64(n))
	}
}
