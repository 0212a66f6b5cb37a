package chat

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

// Metrics counts what becomes of messages and of streams.
type Metrics struct {
	appends [outcomes][feed.Buckets]prometheus.Counter
	took    prometheus.Histogram
	endings [endings]prometheus.Counter
}

// outcome is what became of a message that was well made.
type outcome uint8

const (
	accepted outcome = iota
	duplicate
	rateLimited
	slowMode
	shed    // as rateLimited, without asking the store
	refused // the room is over
	failed
	outcomes
)

var outcomeNames = [outcomes]string{"accepted", "duplicate", "rate_limited", "slow_mode", "shed", "refused", "failed"}

// ending is why a stream is over.
type ending uint8

const (
	disconnected ending = iota
	writeFailed
	offline
	replaced
	departed
	tokenExpired
	drained
	moved
	roomEnded
	endings
)

var endingNames = [endings]string{
	"disconnected", "write_failed", "offline", "replaced", "departed", "token_expired", "drained", "moved", "room_ended",
}

// String returns the ending's name, as metrics and logs carry it.
func (e ending) String() string { return endingNames[e] }

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "ovation", "chat"
	factory := promauto.With(reg)
	m := &Metrics{took: factory.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "append_seconds", Help: "How long the store took to append a message, or to refuse.",
		Buckets: []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
	})}
	appends := factory.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "appends_total",
		Help: "Messages that were to be appended to a room's log, by what became of them.",
	}, []string{"bucket", "outcome"})
	for i, name := range outcomeNames {
		for bucket := range feed.Bucket(feed.Buckets) {
			m.appends[i][bucket] = appends.WithLabelValues(bucket.String(), name)
		}
	}
	ended := factory.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Subsystem: subsystem, Name: "stream_endings_total", Help: "Streams that are over, by why.",
	}, []string{"reason"})
	for i, name := range endingNames {
		m.endings[i] = ended.WithLabelValues(name)
	}
	return m
}

// appended counts what the store made of a draft that was handed to it at asked.
func (m *Metrics) appended(d feed.Draft, r feed.Receipt, err error, asked time.Time) {
	m.took.Observe(time.Since(asked).Seconds())
	switch {
	case err == nil:
		m.appends[outcomeOf(r)][r.Bucket].Inc()
	case errors.Is(err, store.ErrRoomEnded), errors.Is(err, store.ErrRoomNotFound):
		m.appends[refused][d.Bucket].Inc()
	default:
		m.appends[failed][d.Bucket].Inc()
	}
}

// outcomeOf returns what a receipt says.
func outcomeOf(r feed.Receipt) outcome {
	switch {
	case r.Duplicate:
		return duplicate
	case r.Outcome == feed.RateLimited:
		return rateLimited
	case r.Outcome == feed.SlowMode:
		return slowMode
	default:
		return accepted
	}
}

// endingOf says why a stream is over that the server ended for a reason, or that ended
// with gone, the end of its context, or with a failed write.
func endingOf(why hub.Ending, gone bool) ending {
	switch why {
	case hub.Offline:
		return offline
	case hub.Replaced:
		return replaced
	case hub.Left:
		return departed
	case hub.Expired:
		return tokenExpired
	case hub.Drained:
		return drained
	case hub.Moved:
		return moved
	case hub.RoomOver:
		return roomEnded
	case hub.Open:
	}
	if gone {
		return disconnected
	}
	return writeFailed
}
