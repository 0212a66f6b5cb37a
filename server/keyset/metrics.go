package keyset

import "github.com/prometheus/client_golang/prometheus"

// Metrics says how a key set is doing.
type Metrics struct {
	keys, readAt    prometheus.Gauge
	reads, failures prometheus.Counter
}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "ovation", Subsystem: "keyset", Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "ovation", Subsystem: "keyset", Name: name, Help: help})
	}
	m := &Metrics{
		keys:     gauge("keys", "Public keys that tokens are verified with."),
		readAt:   gauge("read_timestamp_seconds", "When the key set was last read, in Unix seconds."),
		reads:    counter("reads_total", "Readings of the key set."),
		failures: counter("read_failures_total", "Readings of the key set that failed."),
	}
	if reg != nil {
		reg.MustRegister(m.keys, m.readAt, m.reads, m.failures)
	}
	return m
}

// count counts a reading.
func (m *Metrics) count(current *Set, err error) {
	m.reads.Inc()
	if err != nil {
		m.failures.Inc()
		return
	}
	m.keys.Set(float64(len(current.keys)))
	m.readAt.SetToCurrentTime()
}
