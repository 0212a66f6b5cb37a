package pushing

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/server/otlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// environment is one that is not the process's.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

// set sets the environment of a test, and nothing else of OpenTelemetry's.
func set(t *testing.T, e environment) {
	t.Helper()
	for _, name := range []string{
		"OTEL_SDK_DISABLED", "OTEL_METRICS_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
		"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT",
		"OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
	} {
		t.Setenv(name, e[name])
	}
}

// receive starts what metrics are sent to.
func receive(t *testing.T) (url string, received <-chan *collector.ExportMetricsServiceRequest) {
	t.Helper()
	got := make(chan *collector.ExportMetricsServiceRequest, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m := new(collector.ExportMetricsServiceRequest)
		if err := proto.Unmarshal(body, m); err != nil || r.URL.Path != "/v1/metrics" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		got <- m
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

// find returns a metric of a request.
func find(r *collector.ExportMetricsServiceRequest, name string) *metricspb.Metric {
	for _, from := range r.GetResourceMetrics() {
		for _, scope := range from.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				if m.GetName() == name {
					return m
				}
			}
		}
	}
	return nil
}

// gathered is a registry of a counter and a histogram.
func gathered() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ovation_a_total", Help: "a"}, []string{"kind"})
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "ovation_b_seconds", Help: "b", Buckets: []float64{1, 2}})
	registry.MustRegister(counter, histogram)
	counter.WithLabelValues("x").Add(3)
	histogram.Observe(1.5)
	return registry
}

// What /metrics shows is sent as it is, every so often and in the end.
//
//nolint:paralleltest // the environment is the process's
func TestMetricsReachTheirReceiver(t *testing.T) {
	url, received := receive(t)
	set(t, environment{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": url + "/v1/metrics", "OTEL_METRIC_EXPORT_INTERVAL": "50", "OTEL_SERVICE_NAME": "stage-left"})
	p, err := FromEnvironment(t.Context(), gathered(), slog.New(slog.DiscardHandler))
	if err != nil || p == nil {
		t.Fatal(p, err)
	}
	got := <-received // before it is closed
	p.Close(t.Context())
	counter, histogram := find(got, "ovation_a_total"), find(got, "ovation_b_seconds")
	if point := counter.GetSum().GetDataPoints(); len(point) != 1 || point[0].GetAsDouble() != 3 ||
		!counter.GetSum().GetIsMonotonic() || point[0].GetAttributes()[0].GetKey() != "kind" {
		t.Errorf("a counter is sent as %v", counter)
	}
	if point := histogram.GetHistogram().GetDataPoints(); len(point) != 1 || point[0].GetCount() != 1 || point[0].GetSum() != 1.5 {
		t.Errorf("a histogram is sent as %v", histogram)
	}
	if from := got.GetResourceMetrics()[0].GetResource().String(); !strings.Contains(from, "stage-left") {
		t.Errorf("they are said to be from %s", from)
	}
}

// A server that stops sends what it has counted since it last did.
//
//nolint:paralleltest // the environment is the process's
func TestCloseSendsWhatIsLeft(t *testing.T) {
	url, received := receive(t)
	set(t, environment{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": url})
	p, err := FromEnvironment(t.Context(), gathered(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.Close(t.Context())
	if find(<-received, "ovation_a_total") == nil {
		t.Error("they were not sent")
	}
}

// A receiver that does not answer holds nobody up for longer than they wait.
//
//nolint:paralleltest // the environment is the process's
func TestCloseIsBounded(t *testing.T) {
	asked, release := make(chan struct{}, 10), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-release
	}))
	defer s.Close()
	defer close(release)
	set(t, environment{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": s.URL})
	logs := new(testkit.Output)
	p, err := FromEnvironment(t.Context(), gathered(), slog.New(slog.NewTextHandler(logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		p.Close(ctx)
	}()
	<-asked
	cancel()
	<-closed
	if !strings.Contains(logs.String(), "the last metrics were not sent") {
		t.Errorf("logged %q", logs)
	}
}

//nolint:paralleltest // the environment is the process's
func TestNothingIsSentUnasked(t *testing.T) {
	set(t, environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:9"}) // that is for traces
	p, err := FromEnvironment(t.Context(), gathered(), slog.New(slog.DiscardHandler))
	if p != nil || err != nil {
		t.Errorf("%v, %v", p, err)
	}
	p.Close(t.Context())
}

func TestSound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env   environment
		fault string
	}{
		"nothing":        {nil, ""},
		"an interval":    {environment{"OTEL_METRIC_EXPORT_INTERVAL": " 5000 "}, ""},
		"with a unit":    {environment{"OTEL_METRIC_EXPORT_INTERVAL": "5s"}, "OTEL_METRIC_EXPORT_INTERVAL is \"5s\", must be a number of milliseconds"},
		"never":          {environment{"OTEL_METRIC_EXPORT_TIMEOUT": "0"}, "OTEL_METRIC_EXPORT_TIMEOUT"},
		"no address":     {environment{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "collector:4318"}, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"},
		"none of theirs": {environment{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "collector"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			switch err := sound(otlp.Environment(tt.env.get)); {
			case tt.fault == "" && err != nil, tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)):
				t.Errorf("%v, not %q", err, tt.fault)
			}
		})
	}
}

// Nothing starts with metrics that would go nowhere.
//
//nolint:paralleltest // the environment is the process's
func TestNothingStartsUnsound(t *testing.T) {
	for _, e := range []environment{
		{"OTEL_METRICS_EXPORTER": "prometheus"},
		{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"},
		{"OTEL_METRICS_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "udp"},
	} {
		set(t, e)
		if p, err := FromEnvironment(t.Context(), gathered(), slog.New(slog.DiscardHandler)); err == nil {
			p.Close(t.Context())
			t.Errorf("it starts with %v", e)
		}
	}
}
