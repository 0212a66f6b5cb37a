package rooms

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// Metrics counts what a keeper does.
type Metrics struct {
	sessions [holders]prometheus.Gauge
	renewed  prometheus.Counter
	lost     [losses]prometheus.Counter
	expired  prometheus.Counter
	failures [tasks]prometheus.Counter
}

// holder is what a session is held by on this node.
type holder uint8

const (
	byStream holder = iota
	byPull
	holders
)

var holderNames = [holders]string{"stream", "pull"}

// loss is how a lease was lost.
type loss uint8

const (
	resumed loss = iota
	gone
	losses
)

var lossNames = [losses]string{"resumed", "gone"}

// task is what a keeper does over and over.
type task uint8

const (
	renewing task = iota
	expiring
	tasks
)

var taskNames = [tasks]string{"renew", "expire"}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	factory := promauto.With(reg)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return factory.NewCounterVec(prometheus.CounterOpts{Namespace: "ovation", Subsystem: "rooms", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		renewed: counter("leases_renewed_total", "Leases of sessions that this node extended.").WithLabelValues(),
		expired: counter("sessions_expired_total", "Sessions of any node that this node ended because their leases were over.").WithLabelValues(),
	}
	sessions := factory.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "ovation", Subsystem: "rooms", Name: "sessions",
		Help: "Sessions that this node keeps, as of its last renewal of leases, by what they are held by.",
	}, []string{"by"})
	for i, name := range holderNames {
		m.sessions[i] = sessions.WithLabelValues(name)
	}
	lost := counter("leases_lost_total", "Leases that could not be extended: the session was resumed elsewhere, or is gone.", "how")
	for i, name := range lossNames {
		m.lost[i] = lost.WithLabelValues(name)
	}
	failures := counter("keeper_failures_total", "Times that the store did not let this node do all that was due.", "task")
	for i, name := range taskNames {
		m.failures[i] = failures.WithLabelValues(name)
	}
	return m
}

// count counts a renewal of leases: how many there were, and what was lost of them.
func (m *Metrics) count(by holder, leases map[live.RoomID][]store.Lease, lost map[live.RoomID][]store.Lost, err error) {
	total, missed := 0, [losses]int{}
	for _, of := range leases {
		total += len(of)
	}
	for _, of := range lost {
		for _, l := range of {
			if l.Resumed {
				missed[resumed]++
			} else {
				missed[gone]++
			}
		}
	}
	m.sessions[by].Set(float64(total - missed[resumed] - missed[gone]))
	for i, n := range missed {
		m.lost[i].Add(float64(n))
	}
	if err != nil { // nobody says how many rooms were not reached
		m.failures[renewing].Inc()
		return
	}
	m.renewed.Add(float64(total - missed[resumed] - missed[gone]))
}
