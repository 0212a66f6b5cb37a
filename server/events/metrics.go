package events

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// Metrics counts what other systems get, and how far they are.
type Metrics struct {
	streams                 prometheus.Gauge
	streamed                prometheus.Counter
	delivered, failed, dead prometheus.Counter
	lettersDropped          prometheus.Counter
	took                    prometheus.Histogram

	lag, oldest, dropped, letters *prometheus.GaugeVec
	told                          map[string]bool // consumers that there are series of
}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "ovation", "events"
	b := promauto.With(reg)
	deliveries := b.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "deliveries_total", Help: "Events sent to webhooks, by what became of them.",
	}, []string{"result"})
	of := func(name, help string) *prometheus.GaugeVec {
		return b.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, []string{"consumer"})
	}
	return &Metrics{
		streams: b.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "streams", Help: "Streams of events that are open.",
		}),
		streamed: b.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "streamed_total", Help: "Events sent by streams.",
		}),
		delivered: deliveries.WithLabelValues("delivered"),
		failed:    deliveries.WithLabelValues("failed"),
		dead:      deliveries.WithLabelValues("dead"),
		lettersDropped: b.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "dead_letters_dropped_total",
			Help: "Dead letters that were dropped, as their webhooks had too many.",
		}),
		took: b.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "delivery_seconds", Help: "How long webhooks took to answer.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}),
		lag:     of("consumer_lag", "Events after a consumer's cursor."),
		oldest:  of("consumer_oldest_seconds", "Age of the oldest event after a consumer's cursor."),
		dropped: of("consumer_dropped", "Events that were forgotten before a consumer was done with them."),
		letters: of("consumer_dead_letters", "Dead letters of a consumer."),
		told:    make(map[string]bool),
	}
}

// tell tells how far consumers are. It is for one goroutine.
func (m *Metrics) tell(all []store.EventConsumer, now live.Timestamp) {
	there := make(map[string]bool, len(all))
	for _, c := range all {
		there[c.Name] = true
		m.lag.WithLabelValues(c.Name).Set(float64(c.Lag))
		m.oldest.WithLabelValues(c.Name).Set(age(c, float64(now)/1e6))
		m.dropped.WithLabelValues(c.Name).Set(float64(c.Dropped))
		m.letters.WithLabelValues(c.Name).Set(float64(c.Dead))
	}
	for name := range m.told {
		if !there[name] {
			for _, of := range []*prometheus.GaugeVec{m.lag, m.oldest, m.dropped, m.letters} {
				of.DeleteLabelValues(name)
			}
		}
	}
	m.told = there
}
