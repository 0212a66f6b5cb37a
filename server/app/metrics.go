package app

import (
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/ovation-live/ovation/internal/version"
)

// metrics is what the server shows of itself; packages register theirs with it.
type metrics struct {
	registry *prometheus.Registry
	draining prometheus.Gauge
}

// schedulerLatency is how long goroutines wait to run: the first sign of a node with
// too much to do.
var schedulerLatency = regexp.MustCompile(`^/sched/latencies:seconds$`)

// newMetrics returns metrics of the process, and of the server as a whole.
func newMetrics() metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(
			collectors.GoRuntimeMetricsRule{Matcher: schedulerLatency})),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	factory := promauto.With(registry)
	build := version.Of()
	factory.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "ovation", Name: "build_info", Help: "1, labelled with what was built.",
	}, []string{"version", "revision", "goversion"}).WithLabelValues(build.Version, build.Revision, build.Go).Set(1)
	return metrics{registry, factory.NewGauge(prometheus.GaugeOpts{
		Namespace: "ovation", Name: "draining", Help: "1 from the moment the node drains.",
	})}
}
