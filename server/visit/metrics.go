package visit

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// Metrics counts what a node does for visits.
type Metrics struct {
	reported [sources]prometheus.Counter
	noted    prometheus.Gauge
	putOff   prometheus.Counter
	waiting  prometheus.Gauge
	oldest   prometheus.Gauge
	events   prometheus.Counter
	batch    prometheus.Histogram
	step     prometheus.Histogram
	halved   prometheus.Counter
	aside    [visit.TooMany + 1]prometheus.Counter
	closed   prometheus.Counter
}

// source is where events come from.
type source uint8

const (
	fromSessions source = iota
	fromCallers
	sources
)

var sourceNames = [sources]string{"sessions", "callers"}

var reasonNames = [visit.TooMany + 1]string{
	visit.Malformed: "malformed", visit.RoomNotFound: "room_not_found", visit.InFuture: "in_future",
	visit.TooOld: "too_old", visit.MergeFailed: "merge_failed",
	visit.TooMany: "too_many",
}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "ovation", "visit"
	b := promauto.With(reg)
	gauge := func(name, help string) prometheus.Gauge {
		return b.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return b.NewCounter(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
	}
	m := &Metrics{
		noted:   gauge("noted_sessions", "Sessions of which something is yet to be put into the queue of visits by this node."),
		putOff:  counter("put_off_total", "Sessions that ended and were left to be reported later, because too many wait to be."),
		waiting: gauge("waiting_events", "Events of visits in the queue, as this node last saw it."),
		oldest:  gauge("waiting_seconds", "How long the oldest event of visits has been in the queue, as this node last saw it."),
		events:  counter("merged_events_total", "Events of visits that this node has merged."),
		batch: b.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "batch_events",
			Help: "Events of visits that were merged together.", Buckets: []float64{1, 10, 100, 500, 1000, 2000, 5000, 10000, 20000},
		}),
		step: b.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "merge_seconds",
			Help: "How long merging events of visits took.", Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15},
		}),
		halved: counter("halved_total", "Batches of events of visits that failed and were tried in halves."),
		closed: counter("closed_by_end_total", "Visits that this node has closed because their rooms ended."),
	}
	reported := b.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "reported_events_total",
		Help: "Events of visits that this node has put into the queue, by where they are from.",
	}, []string{"source"})
	for i, name := range sourceNames {
		m.reported[i] = reported.WithLabelValues(name)
	}
	aside := b.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "set_aside_events_total",
		Help: "Events of visits that this node has set aside, by reason.",
	}, []string{"reason"})
	for i, name := range reasonNames {
		if name != "" {
			m.aside[i] = aside.WithLabelValues(name)
		}
	}
	return m
}

// waits notes what is in the queue.
func (m *Metrics) waits(n int64, oldest live.Timestamp) {
	m.waiting.Set(float64(n))
	if oldest == 0 {
		m.oldest.Set(0)
		return
	}
	m.oldest.Set(max(0, now().Sub(oldest).Seconds()))
}

// merged counts a step.
func (m *Metrics) merged(n int, took time.Duration) {
	m.events.Add(float64(n))
	m.batch.Observe(float64(n))
	m.step.Observe(took.Seconds())
}

// setAside counts events that were set aside.
func (m *Metrics) setAside(all []store.AsideVisit) {
	for _, a := range all {
		if int(a.Reason) < len(m.aside) && m.aside[a.Reason] != nil {
			m.aside[a.Reason].Inc()
		}
	}
}
