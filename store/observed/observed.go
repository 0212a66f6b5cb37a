// Package observed measures a store: how long every call of every role took, by what
// became of it, and how many are under way.
package observed

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/store"
)

// Wrap returns a set whose calls are those of s, and are measured. A role that s does not
// have it does not have either. Of Follow only the call is measured, and not what is heard, and
// AwaitEvents is not.
func Wrap(s store.Set, m *Metrics) store.Set {
	return store.Set{
		Rooms:      role(s.Rooms, func(next store.Rooms) store.Rooms { return measuredRooms{next, m} }),
		Log:        role(s.Log, func(next store.Log) store.Log { return measuredLog{next, m} }),
		Attributes: role(s.Attributes, func(next store.Attributes) store.Attributes { return measuredAttributes{next, m} }),
		Presence:   role(s.Presence, func(next store.Presence) store.Presence { return measuredPresence{next, m} }),
		Sanctions:  role(s.Sanctions, func(next store.Sanctions) store.Sanctions { return measuredSanctions{next, m} }),
		Bus:        role(s.Bus, func(next store.Bus) store.Bus { return measuredBus{next, m} }),
		Words:      role(s.Words, func(next store.Words) store.Words { return measuredWords{next, m} }),
		History:    role(s.History, func(next store.History) store.History { return measuredHistory{next, m} }),
		Nodes:      role(s.Nodes, func(next store.Nodes) store.Nodes { return measuredNodes{next, m} }),
		Events:     role(s.Events, func(next store.Events) store.Events { return measuredEvents{next, m} }),
		Consumers:  role(s.Consumers, func(next store.Consumers) store.Consumers { return measuredConsumers{next, m} }),
		Webhooks:   role(s.Webhooks, func(next store.Webhooks) store.Webhooks { return measuredWebhooks{next, m} }),
		Quizzes:    role(s.Quizzes, func(next store.Quizzes) store.Quizzes { return measuredQuizzes{next, m} }),
		Answers:    role(s.Answers, func(next store.Answers) store.Answers { return measuredAnswers{next, m} }),
		Ledger:     role(s.Ledger, func(next store.Ledger) store.Ledger { return measuredLedger{next, m} }),
		Gifts:      role(s.Gifts, func(next store.Gifts) store.Gifts { return measuredGifts{next, m} }),
		Visits:     role(s.Visits, func(next store.Visits) store.Visits { return measuredVisits{next, m} }),
		Reports:    role(s.Reports, func(next store.Reports) store.Reports { return measuredReports{next, m} }),
		Clock:      s.Clock,
	}
}

// role wraps a role, if it is there.
func role[T comparable](next T, wrap func(T) T) T {
	var none T
	if next == none {
		return none
	}
	return wrap(next)
}

// Metrics measures calls. Counting a call allocates nothing and takes no lock, but for the
// first of an operation and outcome.
type Metrics struct {
	took   *prometheus.HistogramVec
	series [operations][outcomes]atomic.Pointer[prometheus.Observer]
	under  prometheus.Gauge
}

// buckets reach from the embedded store, a few microseconds, to the time after which a
// backend counts as away.
var buckets = []float64{.000005, .00002, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .5, 2.5}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil. Series of
// an operation and outcome are there from the first such call on: all of them together
// would be several thousand.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "ovation", "store"
	factory := promauto.With(reg)
	return &Metrics{
		took: factory.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "operation_seconds",
			Help: "How long calls of the store took, by what became of them.", Buckets: buckets,
		}, []string{"operation", "outcome"}),
		under: factory.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "in_flight_operations", Help: "Calls of the store that are under way.",
		}),
	}
}

// outcome is what became of a call.
type outcome uint8

const (
	done        outcome = iota
	refused             // by a rule: there is no such room, the value has changed, ...
	unavailable         // the backend could not be reached
	canceled            // the caller had gone, or had no more time
	outcomes
)

var outcomeNames = [outcomes]string{"ok", "refused", "unavailable", "canceled"}

// outcomeOf says what an error of a store means.
func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return done
	case errors.Is(err, store.ErrUnavailable): // which may be for want of time
		return unavailable
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return canceled
	default:
		return refused
	}
}

// call is one that is under way.
type call struct {
	of    *Metrics
	what  operation
	begun time.Time
}

// begin notes that a call begins.
func (m *Metrics) begin(what operation) call {
	m.under.Inc()
	return call{m, what, time.Now()}
}

// end notes what became of it. It is deferred: err is read when the call is over.
func (c call) end(err *error) { //nolint:gocritic // see above
	c.of.under.Dec()
	c.of.observer(c.what, outcomeOf(*err)).Observe(time.Since(c.begun).Seconds())
}

// observer returns the series of an operation and outcome.
func (m *Metrics) observer(what operation, became outcome) prometheus.Observer {
	if made := m.series[what][became].Load(); made != nil {
		return *made
	}
	made := m.took.WithLabelValues(what.String(), outcomeNames[became])
	m.series[what][became].Store(&made)
	return made
}
