// Package tracing sends spans to where the environment says, by OpenTelemetry's own
// variables: OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER and
// their like. Where it says nothing, there are no spans and nothing that makes any.
package tracing

import (
	"context"
	"log/slog"
	"os"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/ovation-live/ovation/server/otlp"
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
	wanted, err := otlp.Environment(os.Getenv).Wanted(otlp.Traces)
	if !wanted || err != nil {
		return nil, err
	}
	if err := sound(os.Getenv); err != nil {
		return nil, err
	}
	otlp.LogTo(logger)
	exporter, err := newExporter(ctx, os.Getenv)
	if err != nil {
		return nil, err
	}
	from, err := otlp.Resource(ctx)
	if err != nil {
		return nil, err
	}
	return &Provider{trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(from)), logger}, nil
}

// newExporter returns what sends spans by the protocol that an environment asks for.
func newExporter(ctx context.Context, getenv otlp.Environment) (trace.SpanExporter, error) {
	overGRPC, err := getenv.GRPC(otlp.Traces)
	switch {
	case err != nil:
		return nil, err
	case overGRPC:
		return otlptracegrpc.New(ctx)
	default:
		return otlptracehttp.New(ctx)
	}
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
