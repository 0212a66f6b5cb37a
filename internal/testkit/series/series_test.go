package series_test

import (
	"maps"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/internal/testkit/series"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOf(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	factory := promauto.With(registry)
	factory.NewGauge(prometheus.GaugeOpts{Name: "level"}).Set(-2)
	counters := factory.NewCounterVec(prometheus.CounterOpts{Name: "done_total"}, []string{"what", "how"})
	counters.WithLabelValues("a", "well").Add(3)
	counters.WithLabelValues("b", "badly").Inc()
	took := factory.NewHistogram(prometheus.HistogramOpts{Name: "took", Buckets: []float64{1}})
	took.Observe(1)
	took.Observe(4)
	got, err := series.Of(registry)
	want := map[string]float64{
		"level": -2, `done_total{how="well",what="a"}`: 3, `done_total{how="badly",what="b"}`: 1, "took_count": 2, "took_sum": 5,
	}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}
