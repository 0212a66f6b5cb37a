package tracing

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// environment is one that is not the process's.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

// What would quietly be something else is said at the start.
func TestSound(t *testing.T) {
	t.Parallel()
	const endpoint, traces, sampler, argument = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
		"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"
	for name, tt := range map[string]struct {
		env   environment
		fault string
	}{
		"nothing":            {nil, ""},
		"an address":         {environment{endpoint: "http://collector:4318", traces: "https://[::1]:4318/v1/traces"}, ""},
		"no scheme":          {environment{endpoint: "collector:4318"}, endpoint},
		"another scheme":     {environment{traces: "grpc://collector:4317"}, traces},
		"no host":            {environment{traces: "http:///v1/traces"}, traces},
		"no address":         {environment{endpoint: ":::bad"}, endpoint},
		"a sampler":          {environment{sampler: "parentbased_always_off", argument: "unread"}, ""},
		"none there is":      {environment{sampler: "always"}, "always_on, always_off"},
		"a share":            {environment{sampler: " TraceIDRatio", argument: "0.01 "}, ""},
		"a share by default": {environment{sampler: "traceidratio"}, ""},
		"too large a share":  {environment{sampler: "traceidratio", argument: "2"}, argument},
		"no number":          {environment{sampler: "parentbased_traceidratio", argument: "NaN"}, argument},
		"in per cent":        {environment{sampler: "traceidratio", argument: "1%"}, argument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			switch err := sound(tt.env.get); {
			case tt.fault == "" && err != nil, tt.fault != "" && (err == nil || !strings.Contains(err.Error(), tt.fault)):
				t.Errorf("%v, not %q", err, tt.fault)
			}
		})
	}
}

// Nothing starts with spans that would go nowhere.
//
//nolint:paralleltest // the environment is the process's
func TestNothingStartsUnsound(t *testing.T) {
	set(t, environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_SAMPLER": "some"})
	if p, err := FromEnvironment(t.Context(), slog.New(slog.DiscardHandler)); err == nil {
		p.Close(t.Context())
		t.Error("it starts")
	}
}

// What OpenTelemetry has to say is said as everything else is.
//
//nolint:paralleltest // the environment is the process's
func TestOneLog(t *testing.T) {
	logs := new(testkit.Output)
	set(t, environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "https://localhost:9", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere/ca.pem"})
	p, err := FromEnvironment(t.Context(), slog.New(slog.NewTextHandler(logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	p.Close(t.Context())
	if !strings.Contains(logs.String(), "level=ERROR") || !strings.Contains(logs.String(), "/nowhere/ca.pem") {
		t.Errorf("logged %q", logs)
	}
}

func TestProtocols(t *testing.T) {
	t.Parallel()
	for protocol, good := range map[string]bool{"": true, "http/protobuf": true, "grpc": true, "http/json": false, "udp": false} {
		for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
			e, err := newExporter(t.Context(), environment{name: protocol}.get)
			if (err == nil) != good || !good && !strings.Contains(err.Error(), protocol) {
				t.Errorf("%s: %v", protocol, err)
			}
			if err == nil {
				_ = e.Shutdown(t.Context()) // nothing was sent
			}
		}
	}
	both := environment{"OTEL_EXPORTER_OTLP_PROTOCOL": "udp", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}
	e, err := newExporter(t.Context(), both.get)
	if err != nil {
		t.Fatalf("that of traces does not win: %v", err)
	}
	_ = e.Shutdown(t.Context())
}

// set sets the environment of a test, and nothing else of OpenTelemetry's.
func set(t *testing.T, e environment) {
	t.Helper()
	for _, name := range []string{
		"OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
		"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
		"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_EXPORTER_OTLP_CERTIFICATE",
	} {
		t.Setenv(name, e[name])
	}
}

//nolint:paralleltest // the environment is the process's
func TestNothingIsMadeUnasked(t *testing.T) {
	set(t, nil)
	p, err := FromEnvironment(t.Context(), slog.New(slog.DiscardHandler))
	if p != nil || err != nil {
		t.Errorf("%v, %v", p, err)
	}
	p.Close(t.Context())
}

// What was not sent when the provider is closed is sent then, and says whose it is.
//
//nolint:paralleltest // the environment is the process's
func TestCloseSendsWhatIsLeft(t *testing.T) {
	received := make(chan *collector.ExportTraceServiceRequest, 10)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m := new(collector.ExportTraceServiceRequest)
		if err := proto.Unmarshal(body, m); err != nil {
			t.Error(err)
		}
		received <- m
	}))
	defer s.Close()
	set(t, environment{
		"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL, "OTEL_SERVICE_NAME": "stage-left", "OTEL_RESOURCE_ATTRIBUTES": "zone=a",
	})
	p, err := FromEnvironment(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, span := p.Tracer("t").Start(t.Context(), "work", trace.WithSpanKind(trace.SpanKindServer))
	span.End()
	p.Close(t.Context())
	got := <-received
	if name := got.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName(); name != "work" {
		t.Errorf("received %v", got)
	}
	attributes := got.GetResourceSpans()[0].GetResource().String()
	for _, want := range []string{"stage-left", "zone", "service.version", "telemetry.sdk.name"} {
		if !strings.Contains(attributes, want) {
			t.Errorf("no %s in %s", want, attributes)
		}
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
	set(t, environment{"OTEL_EXPORTER_OTLP_ENDPOINT": s.URL})
	logs := new(testkit.Output)
	p, err := FromEnvironment(t.Context(), slog.New(slog.NewTextHandler(logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, span := p.Tracer("t").Start(t.Context(), "work")
	span.End()
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		p.Close(ctx)
	}()
	<-asked
	cancel()
	<-closed
	if !strings.Contains(logs.String(), "the last spans were not sent") {
		t.Errorf("logged %q", logs)
	}
}
