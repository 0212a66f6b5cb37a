package hub

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what a hub does.
type Metrics struct {
	rooms, subscribers              prometheus.Gauge
	rounds, frames, catchUps, mends prometheus.Counter
}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "ovation", Subsystem: "hub", Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "ovation", Subsystem: "hub", Name: name, Help: help})
	}
	m := &Metrics{
		rooms:       gauge("followed_rooms", "Rooms that the node follows."),
		subscribers: gauge("subscribers", "Streams that are open."),
		rounds:      counter("rounds_total", "Rounds of delivery, of all rooms."),
		frames:      counter("frames_total", "Frames written to streams, heartbeats apart."),
		catchUps:    counter("catch_ups_total", "Batches made for one subscriber that had fallen behind the shared rounds."),
		mends:       counter("mends_total", "Times that lost publications were read from the log."),
	}
	if reg != nil {
		reg.MustRegister(m.rooms, m.subscribers, m.rounds, m.frames, m.catchUps, m.mends)
	}
	return m
}
