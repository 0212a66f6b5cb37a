package gift

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
)

// Metrics counts what a node does for gifts.
type Metrics struct {
	sends       [outcomes]prometheus.Counter
	coins       prometheus.Counter
	batch       prometheus.Histogram
	messages    [messageFates]prometheus.Counter
	settlements [settleResults]prometheus.Counter
	settledSend prometheus.Counter
	aside       prometheus.Counter
	lag         prometheus.Histogram
}

// outcome is what became of a call that wanted to give.
type outcome uint8

const (
	paid outcome = iota
	repeated
	insufficient
	priceChanged
	notFound
	roomOver
	banned
	reused
	busy
	unavailable
	failed // or refused for another reason
	outcomes
)

var outcomeNames = [outcomes]string{
	"paid", "repeated", "insufficient_funds", "price_changed", "gift_not_found", "room_ended", "banned",
	"request_id_reused", "busy", "unavailable", "failed",
}

// messageFate is what became of a gift's message.
type messageFate uint8

const (
	messagePlaced messageFate = iota
	messageShed
	messageFailed
	messageFates
)

var messageFateNames = [messageFates]string{"placed", "shed", "failed"}

// settleResult is what became of asking the store to settle.
type settleResult uint8

const (
	settleDone settleResult = iota
	settleNothing
	settleNotNow
	settleFailed
	settleResults
)

var settleResultNames = [settleResults]string{"done", "nothing", "not_now", "failed"}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "ovation", "gift"
	b := promauto.With(reg)
	counter := func(name, help string) prometheus.Counter {
		return b.NewCounter(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help})
	}
	vector := func(name, help, label string) *prometheus.CounterVec {
		return b.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}, []string{label})
	}
	m := &Metrics{
		coins:       counter("coins_total", "Coins that gifts were paid with on this node."),
		settledSend: counter("settled_sends_total", "Payments of gifts that this node has settled."),
		aside:       counter("set_aside_total", "Payments of gifts that this node has set aside, as they cannot be settled."),
		batch: b.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "batch_sends",
			Help: "Payments that one call of the store carried.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512},
		}),
		lag: b.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "settle_lag_seconds",
			Help:    "From when the oldest gift of a settlement was paid to when it was settled.",
			Buckets: []float64{.1, .25, .5, 1, 2.5, 5, 7.5, 10, 15, 30, 60, 300},
		}),
	}
	sends := vector("sends_total", "Calls that wanted to give, by what became of them.", "outcome")
	for i, name := range outcomeNames {
		m.sends[i] = sends.WithLabelValues(name)
	}
	messages := vector("messages_total", "Messages of gifts, by what became of them.", "outcome")
	for i, name := range messageFateNames {
		m.messages[i] = messages.WithLabelValues(name)
	}
	settlements := vector("settlements_total", "Times that this node asked the store to settle, by what came of it.", "result")
	for i, name := range settleResultNames {
		m.settlements[i] = settlements.WithLabelValues(name)
	}
	return m
}

// sent counts a call that wanted to give.
func (m *Metrics) sent(r store.GiftResult, err error) {
	became := outcomeOf(r, err)
	m.sends[became].Inc()
	if became == paid {
		m.coins.Add(float64(r.Sent.Coins()))
	}
}

// outcomeOf says what became of a call that wanted to give.
func outcomeOf(r store.GiftResult, err error) outcome {
	var (
		poor    *ledger.InsufficientError
		price   *PriceChangedError
		out     *moderation.BannedError
		waiting *BusyError
	)
	switch {
	case err == nil && r.Repeated:
		return repeated
	case err == nil:
		return paid
	case errors.As(err, &poor):
		return insufficient
	case errors.As(err, &price):
		return priceChanged
	case errors.As(err, &out):
		return banned
	case errors.As(err, &waiting):
		return busy
	case errors.Is(err, store.ErrGiftNotFound):
		return notFound
	case errors.Is(err, store.ErrRoomEnded):
		return roomOver
	case errors.Is(err, store.ErrRequestReused):
		return reused
	case errors.Is(err, store.ErrUnavailable):
		return unavailable
	default:
		return failed
	}
}

// settled counts a time that the store was asked to settle.
func (m *Metrics) settled(done store.GiftSettling, err error) {
	m.aside.Add(float64(done.Aside))
	switch {
	case err != nil:
		m.settlements[settleFailed].Inc()
	case done.Busy:
		m.settlements[settleNotNow].Inc()
	case done.Sends == 0:
		m.settlements[settleNothing].Inc()
	default:
		m.settlements[settleDone].Inc()
		m.settledSend.Add(float64(done.Sends))
		m.lag.Observe(max(0, done.Lag.Seconds()))
	}
}
