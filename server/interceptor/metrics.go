package interceptor

import (
	"errors"
	"time"

	"connectrpc.com/connect"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
)

// Metrics counts RPCs and says how long they take. Its labels are the contract's
// procedures, the codes of errors and the reasons for which callers are refused.
type Metrics struct {
	requests   *prometheus.CounterVec
	inFlight   *prometheus.GaugeVec
	took       *prometheus.HistogramVec
	open       *prometheus.GaugeVec
	lasted     *prometheus.HistogramVec
	refusals   map[string]prometheus.Counter
	unreadable prometheus.Counter
	panics     prometheus.Counter
}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "ovation", "rpc"
	factory := promauto.With(reg)
	m := &Metrics{
		requests: factory.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "requests_total",
			Help: "RPCs that are over, streams included, by how they ended.",
		}, []string{"procedure", "code"}),
		inFlight: factory.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "in_flight_requests", Help: "Unary RPCs that are under way.",
		}, []string{"procedure"}),
		took: factory.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "duration_seconds",
			Help:    "How long unary RPCs took, from the request having been read to the answer; long polls wait in it.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"procedure"}),
		open: factory.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "open_streams", Help: "Streaming RPCs that are under way.",
		}, []string{"procedure"}),
		lasted: factory.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "stream_duration_seconds", Help: "How long streaming RPCs lasted.",
			Buckets: []float64{1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200},
		}, []string{"procedure"}),
		unreadable: factory.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "unreadable_requests_total",
			Help: "Requests that no RPC came of: of a procedure, a type or an encoding that there is not, or broken off.",
		}),
		panics: factory.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "panics_total", Help: "Panics of handlers that were caught.",
		}),
		refusals: make(map[string]prometheus.Counter),
	}
	refusals := factory.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: "auth", Name: "failures_total", Help: "RPCs that were refused because of who called.",
	}, []string{"reason"})
	for _, name := range refusalNames {
		m.refusals[name] = refusals.WithLabelValues(name)
	}
	return m
}

// begin counts a call as under way.
func (m *Metrics) begin(call *Call) *underWay {
	u := &underWay{metrics: m, procedure: call.Spec.Procedure, begun: time.Now(), gauge: m.inFlight, took: m.took}
	if call.Spec.StreamType != connect.StreamTypeUnary {
		u.gauge, u.took = m.open, m.lasted
	}
	u.gauge.WithLabelValues(u.procedure).Inc()
	return u
}

// underWay is a call that is counted.
type underWay struct {
	metrics   *Metrics
	procedure string
	begun     time.Time
	gauge     *prometheus.GaugeVec
	took      *prometheus.HistogramVec
	ended     bool
}

// end counts the call as over. The first time counts.
func (u *underWay) end(code string) {
	if u.ended {
		return
	}
	u.ended = true
	u.gauge.WithLabelValues(u.procedure).Dec()
	u.took.WithLabelValues(u.procedure).Observe(time.Since(u.begun).Seconds())
	u.metrics.requests.WithLabelValues(u.procedure, code).Inc()
}

// turnedAway counts a call that was refused before it began.
func (m *Metrics) turnedAway(call *Call, code string) {
	m.requests.WithLabelValues(call.Spec.Procedure, code).Inc()
}

// otherRefusal is the reason of refusals that have no name here.
const otherRefusal = "other"

// refusalNames are the reasons for which callers are refused.
var refusalNames = []string{
	"token_missing", "token_invalid", "token_expired", "room_forbidden", "role_forbidden", "banned", "muted", otherRefusal,
}

// refused counts a call that was refused because of who called.
func (m *Metrics) refused(code connect.Code, err error) {
	if code == connect.CodeUnauthenticated || code == connect.CodePermissionDenied {
		m.refusals[refusalOf(err)].Inc()
	}
}

// refusalOf returns the reason for which a caller is refused.
func refusalOf(err error) string {
	switch {
	case errors.Is(err, auth.ErrTokenMissing):
		return "token_missing"
	case errors.Is(err, auth.ErrTokenExpired):
		return "token_expired"
	case errors.Is(err, auth.ErrTokenInvalid):
		return "token_invalid"
	case errors.Is(err, auth.ErrRoomForbidden):
		return "room_forbidden"
	case errors.Is(err, auth.ErrRoleForbidden):
		return "role_forbidden"
	case isA[*moderation.BannedError](err):
		return "banned"
	case isA[*moderation.MutedError](err):
		return "muted"
	default:
		return otherRefusal
	}
}

// isA says whether an error is of a type.
func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}
