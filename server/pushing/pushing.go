// Package pushing sends metrics to where the environment says, by OpenTelemetry's own
// variables: OTEL_METRICS_EXPORTER, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
// OTEL_METRIC_EXPORT_INTERVAL and their like. They are those that /metrics shows, under the
// same names. Where it says nothing, nothing is sent.
package pushing

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/ovation-live/ovation/server/otlp"
)

// flushWithin bounds how long the last metrics may take to be sent.
const flushWithin = 5 * time.Second

// Pusher sends metrics every so often. Make one with FromEnvironment; end it with Close.
type Pusher struct {
	provider *metric.MeterProvider
	logger   *slog.Logger
}

// FromEnvironment begins to send what is gathered, if the environment asks for that; else it
// returns nil.
func FromEnvironment(ctx context.Context, from prometheus.Gatherer, logger *slog.Logger) (*Pusher, error) {
	getenv := otlp.Environment(os.Getenv)
	wanted, err := getenv.Wanted(otlp.Metrics)
	if !wanted || err != nil {
		return nil, err
	}
	if err := sound(getenv); err != nil {
		return nil, err
	}
	otlp.LogTo(logger)
	exporter, err := newExporter(ctx, getenv)
	if err != nil {
		return nil, err
	}
	whose, err := otlp.Resource(ctx)
	if err != nil {
		return nil, err
	}
	reader := metric.NewPeriodicReader(exporter, metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(from))))
	return &Pusher{metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(whose)), logger}, nil
}

// sound says what is wrong with what an environment says of metrics.
func sound(getenv otlp.Environment) error {
	if err := getenv.Sound(otlp.Metrics); err != nil {
		return err
	}
	for _, name := range []string{"OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT"} {
		value := strings.TrimSpace(getenv(name))
		if value == "" {
			continue
		}
		if n, err := strconv.Atoi(value); err != nil || n <= 0 {
			return fmt.Errorf("%s is %q, must be a number of milliseconds", name, value)
		}
	}
	return nil
}

// newExporter returns what sends metrics by the protocol that an environment asks for.
func newExporter(ctx context.Context, getenv otlp.Environment) (metric.Exporter, error) {
	overGRPC, err := getenv.GRPC(otlp.Metrics)
	switch {
	case err != nil:
		return nil, err
	case overGRPC:
		return otlpmetricgrpc.New(ctx)
	default:
		return otlpmetrichttp.New(ctx)
	}
}

// Close sends the metrics as they are now, within a bound, and ends the pusher. Closing none
// does nothing.
func (p *Pusher) Close(ctx context.Context) {
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushWithin)
	defer cancel()
	if err := p.provider.Shutdown(ctx); err != nil {
		p.logger.WarnContext(ctx, "the last metrics were not sent", "error", err)
	}
}
