package attributes

import (
	"errors"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
)

// Metrics counts what becomes of updates.
type Metrics struct{ updates [outcomes]prometheus.Counter }

// outcome is what became of a batch of updates.
type outcome uint8

const (
	applied outcome = iota
	conflict
	owned
	limited
	refused // for another reason
	failed
	outcomes
)

var outcomeNames = [outcomes]string{"applied", "conflict", "owned", "limit", "refused", "failed"}

// NewMetrics returns metrics registered with reg, or with nothing if it is nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	updates := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Namespace: "ovation", Subsystem: "attributes", Name: "updates_total",
		Help: "Batches of attribute updates, by what became of them.",
	}, []string{"outcome"})
	m := new(Metrics)
	for i, name := range outcomeNames {
		m.updates[i] = updates.WithLabelValues(name)
	}
	return m
}

// updated counts what the store made of a batch.
func (m *Metrics) updated(err error) { m.updates[outcomeOf(err)].Inc() }

// outcomeOf says what an update came to.
func outcomeOf(err error) outcome {
	var (
		conflicting *attribute.ConflictError
		ownedBy     *attribute.OwnedError
		beyond      *attribute.LimitError
	)
	switch {
	case err == nil:
		return applied
	case errors.As(err, &conflicting):
		return conflict
	case errors.As(err, &ownedBy):
		return owned
	case errors.As(err, &beyond):
		return limited
	case isRefusal(err):
		return refused
	default:
		return failed
	}
}

// isRefusal says whether an error says no to an update, rather than that it failed.
func isRefusal(err error) bool {
	return slices.ContainsFunc([]error{
		attribute.ErrDuplicateKey, attribute.ErrReadOnly, attribute.ErrOwnerless,
		store.ErrRoomEnded, store.ErrRoomNotFound, store.ErrRequestReused,
	}, func(refusal error) bool { return errors.Is(err, refusal) })
}
