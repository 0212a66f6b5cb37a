// Package tracing sends spans to where the environment says, by OpenTelemetry's own
// variables: OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER and
// their like. Where it says nothing, there are no spans and nothing that makes any.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/ovation-live/ovation/internal/version"
)

// flushWithin bounds how long the last spans may take to be sent.
const flushWithin = 5 * time.Second

// Provider makes spans and sends them, in batches. Make one with FromEnvironment; end
// it with Close.
type Provider struct {
	*trace.TracerProvider

	logger *slog.Logger
}

// FromEnvironment returns what the environment asks for; nil if that is no spans.
func FromEnvironment(ctx context.Context, logger *slog.Logger) (*Provider, error) {
	wanted, err := wanted(os.Getenv)
	if !wanted || err != nil {
		return nil, err
	}
	if err := sound(os.Getenv); err != nil {
		return nil, err
	}
	otel.SetLogger(logr.FromSlogHandler(logger.Handler()))
	exporter, err := newExporter(ctx, os.Getenv)
	if err != nil {
		return nil, err
	}
	from, err := describe(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot make out where spans come from: %w; check OTEL_RESOURCE_ATTRIBUTES", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Warn("spans were not sent", "error", err)
	}))
	return &Provider{trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(from)), logger}, nil
}

// wanted says whether an environment asks for spans: it names an exporter, or where to
// send them.
func wanted(getenv func(string) string) (bool, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch exporter := getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "otlp":
		return true, nil
	case "none":
		return false, nil
	case "":
		return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "", nil
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q, must be otlp or none", exporter)
	}
}

// newExporter returns what sends spans by the protocol that an environment asks for.
func newExporter(ctx context.Context, getenv func(string) string) (trace.SpanExporter, error) {
	protocol := getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
	if protocol == "" {
		protocol = getenv("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	switch protocol {
	case "", "http/protobuf":
		return otlptracehttp.New(ctx)
	case "grpc":
		return otlptracegrpc.New(ctx)
	default:
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q, must be http/protobuf or grpc", protocol)
	}
}

// describe says which program spans come from. What the environment says wins.
func describe(ctx context.Context) (*resource.Resource, error) {
	return resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(
			attribute.String("service.name", "ovation"),
			attribute.String("service.version", version.Of().Version)),
		resource.WithFromEnv())
}

// Close sends what was not sent yet, within a bound, and ends the provider. Closing
// none does nothing.
func (p *Provider) Close(ctx context.Context) {
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	if err := p.Shutdown(ctx); err != nil {
		p.logger.WarnContext(ctx, "the last spans were not sent", "error", err)
	}
}
