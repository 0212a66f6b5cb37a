package hub

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/wire"
)

// Metrics counts what a hub does. Every series is made at once: what counts allocates
// nothing and looks nothing up.
type Metrics struct {
	rooms       prometheus.Gauge
	subscribers [deliveries]prometheus.Gauge
	rounds      prometheus.Counter
	messages    prometheus.Histogram
	wait, lag   prometheus.Histogram
	notices     [fates]prometheus.Counter
	frames      [wire.FrameKinds]prometheus.Counter
	bytes       [wire.FrameKinds]prometheus.Counter
	lost        [ways][feed.Buckets]prometheus.Counter
	pulls       [sources][results]prometheus.Counter
	waiting     prometheus.Gauge
	polls       [pollEndings]prometheus.Counter

	catchUps, mends, epochs prometheus.Counter
}

// fate is what became of a notification that a round meant for a viewer.
type fate uint8

const (
	made   fate = iota // it is the viewer's next frame
	merged             // part of one that was not yet taken
	held               // the viewer was notified, and has not pulled
	fates
)

var fateNames = [fates]string{"made", "merged", "held"}

// way is how readers are told that messages are lost to them.
type way uint8

const (
	byRound way = iota
	byCatchUp
	byPull
	ways
)

var wayNames = [ways]string{"round", "catch_up", "pull"}

// source is where a pull was answered from.
type source uint8

const (
	fromMemory source = iota
	fromStore
	sources
)

var sourceNames = [sources]string{"memory", "store"}

// result is what a pull brought.
type result uint8

const (
	someMessages result = iota
	nothing
	begunAnew
	results
)

var resultNames = [results]string{"messages", "empty", "resync"}

// pollEnding is why a long poll stopped waiting.
type pollEnding uint8

const (
	pollAnswered pollEnding = iota
	pollTimedOut
	pollDrained
	pollGone
	pollEndings
)

var pollEndingNames = [pollEndings]string{"answered", "timeout", "drained", "gone"}

// deliveryNames are what viewers ask for.
var deliveryNames = [deliveries]string{Auto: "auto", Notified: "notify", Inline: "inline"}

// The upper bounds of the histograms.
var (
	lagBuckets     = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	messageBuckets = []float64{0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000}
)

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	b := metricsBuilder{promauto.With(reg)}
	m := &Metrics{
		rooms:    b.gauge("followed_rooms", "Rooms that the node follows."),
		rounds:   b.counter("rounds_total", "Rounds of delivery, of all rooms."),
		messages: b.histogram("round_messages", "Messages that one round brought.", messageBuckets),
		wait: b.histogram("round_wait_seconds",
			"From the room timestamp of a round's oldest message to the cut of the round. The timestamp is of the store's clock.",
			lagBuckets),
		lag: b.histogram("frame_lag_seconds",
			"From the cut of a round to a frame that tells of it having been written to one stream.", lagBuckets),
		waiting:  b.gauge("long_polls_waiting", "Long polls that wait."),
		catchUps: b.counter("catch_ups_total", "Batches made for one subscriber that had fallen behind the shared rounds."),
		mends:    b.counter("mends_total", "Times that lost publications were read from the log."),
		epochs:   b.counter("epoch_changes_total", "Times that a followed room's log had begun anew."),
	}
	m.buildLabelled(b)
	return m
}

// buildLabelled makes every series of the metrics that have labels.
func (m *Metrics) buildLabelled(b metricsBuilder) {
	subscribers := b.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "subscribers", Help: "Streams that are open, by the delivery asked for.",
	}, []string{"delivery"})
	for i, name := range deliveryNames {
		m.subscribers[i] = subscribers.WithLabelValues(name)
	}
	b.fill(m.notices[:], fateNames[:], b.counters("notifications_total",
		"Notifications that rounds meant for viewers, by what became of them.", "fate"))
	frames := b.counters("frames_total", "Frames written to streams.", "kind")
	bytes := b.counters("frame_bytes_total", "Bytes of frames written to streams, before transport and encryption.", "kind")
	for kind := range wire.FrameKind(wire.FrameKinds) {
		if kind == wire.KindAnswer { // on no stream
			continue
		}
		m.frames[kind] = frames.WithLabelValues(kind.String())
		m.bytes[kind] = bytes.WithLabelValues(kind.String())
	}
	lost := b.counters("lost_messages_total",
		"Messages that were overwritten before a reader took them, as reported to readers; in a round once for all of them.",
		"bucket", "via")
	for i, name := range wayNames {
		for bucket := range feed.Bucket(feed.Buckets) {
			m.lost[i][bucket] = lost.WithLabelValues(bucket.String(), name)
		}
	}
	pulls := b.counters("pulls_total", "Pulls answered, by where from and what they brought.", "source", "result")
	for i, from := range sourceNames {
		for j, what := range resultNames {
			m.pulls[i][j] = pulls.WithLabelValues(from, what)
		}
	}
	b.fill(m.polls[:], pollEndingNames[:], b.counters("long_polls_total", "Long polls, by why they stopped waiting.", "outcome"))
}

const namespace, subsystem = "ovation", "hub"

// metricsBuilder makes the hub's metrics.
type metricsBuilder struct{ promauto.Factory }

func (b metricsBuilder) gauge(name, help string) prometheus.Gauge {
	return b.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
}

func (b metricsBuilder) counter(name, help string) prometheus.Counter {
	return b.NewCounter(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
}

func (b metricsBuilder) counters(name, help string, labels ...string) *prometheus.CounterVec {
	return b.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, labels)
}

func (b metricsBuilder) histogram(name, help string, buckets []float64) prometheus.Histogram {
	return b.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Subsystem: subsystem, Name: name, Help: help, Buckets: buckets,
	})
}

// fill makes the series of a counter with one label.
func (metricsBuilder) fill(series []prometheus.Counter, names []string, of *prometheus.CounterVec) {
	for i, name := range names {
		series[i] = of.WithLabelValues(name)
	}
}

// Wrote counts frames that were written to a stream, just now.
func (h *Hub) Wrote(frames ...*wire.Frame) {
	for _, f := range frames {
		h.config.Metrics.wrote(f)
	}
}

func (m *Metrics) wrote(f *wire.Frame) {
	m.frames[f.Kind()].Inc()
	m.bytes[f.Kind()].Add(float64(f.Size()))
	if cut := f.Cut(); !cut.IsZero() {
		m.lag.Observe(time.Since(cut).Seconds())
	}
}

// tally is what one round brought, as it is counted. It is for one goroutine.
type tally struct {
	at       time.Time
	messages int
	oldest   live.Timestamp // of the messages; 0: there are none
	lost     [feed.Buckets]uint64
	notices  [fates]int
}

// add takes in a batch of the round. What a log holds that has begun anew is no news.
func (t *tally) add(b feed.Batch) {
	if b.Resync {
		return
	}
	t.messages += len(b.Messages)
	for _, m := range b.Messages {
		if t.oldest == 0 || m.Timestamp < t.oldest {
			t.oldest = m.Timestamp
		}
	}
	for bucket, n := range b.Dropped {
		t.lost[bucket] += n
	}
}

// delivered counts a round that was offered to everyone.
func (m *Metrics) delivered(t *tally) {
	m.rounds.Inc()
	m.messages.Observe(float64(t.messages))
	if t.oldest != 0 {
		m.wait.Observe(max(0, live.At(t.at).Sub(t.oldest).Seconds()))
	}
	m.lose(byRound, t.lost)
	m.noticed(t)
}

// noticed counts notifications.
func (m *Metrics) noticed(t *tally) {
	for i, n := range t.notices {
		m.notices[i].Add(float64(n))
	}
}

// lose counts what readers are told is lost.
func (m *Metrics) lose(by way, dropped [feed.Buckets]uint64) {
	if dropped == [feed.Buckets]uint64{} {
		return
	}
	for bucket, n := range dropped {
		m.lost[by][bucket].Add(float64(n))
	}
}

// pulled counts the answer to a pull.
func (m *Metrics) pulled(from source, b feed.Batch) {
	what := someMessages
	switch {
	case b.Resync:
		what = begunAnew
	case len(b.Messages) == 0:
		what = nothing
	}
	m.pulls[from][what].Inc()
	m.lose(byPull, b.Dropped)
}
