// Package otlp reads OpenTelemetry's own environment variables: what is to be sent, where to
// and how. It is strict where OpenTelemetry goes on with a default, which is to send all
// there is, to this machine.
package otlp

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/ovation-live/ovation/internal/version"
)

// Environment returns the value of a variable, "" where it is not set: os.Getenv.
type Environment func(name string) string

// trimmed returns a value without the space around it.
func (e Environment) trimmed(name string) string { return strings.TrimSpace(e(name)) }

// Signal is a kind of thing that is sent.
type Signal struct {
	name string
	// asked: it is sent only if it is named, for there is another way to have it.
	asked bool
}

// The signals.
var (
	Traces  = Signal{name: "TRACES"}
	Metrics = Signal{name: "METRICS", asked: true} // a collector may scrape them
)

// exporter is the variable that names where a signal is sent.
func (s Signal) exporter() string { return "OTEL_" + s.name + "_EXPORTER" }

// endpoint and protocol are the variables of a signal of its own.
func (s Signal) endpoint() string { return "OTEL_EXPORTER_OTLP_" + s.name + "_ENDPOINT" }
func (s Signal) protocol() string { return "OTEL_EXPORTER_OTLP_" + s.name + "_PROTOCOL" }

// What is said for all signals.
const (
	anyEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	anyProtocol = "OTEL_EXPORTER_OTLP_PROTOCOL"
)

// Wanted says whether the environment asks for a signal, by naming an exporter or where to
// send it.
func (e Environment) Wanted(s Signal) (bool, error) {
	if strings.EqualFold(e("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch exporter := e(s.exporter()); exporter {
	case "otlp":
		return true, nil
	case "none":
		return false, nil
	case "":
		return e(s.endpoint()) != "" || !s.asked && e(anyEndpoint) != "", nil
	default:
		return false, fmt.Errorf("%s is %q, must be otlp or none", s.exporter(), exporter)
	}
}

// Sound says what is wrong with where a signal is to be sent.
func (e Environment) Sound(s Signal) error {
	for _, name := range []string{anyEndpoint, s.endpoint()} {
		endpoint := e.trimmed(name)
		if endpoint == "" {
			continue
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%s is %q, must be a URL as http://collector:4318", name, endpoint)
		}
	}
	return nil
}

// GRPC says whether a signal is to be sent over gRPC, else over HTTP.
func (e Environment) GRPC(s Signal) (bool, error) {
	protocol := e(s.protocol())
	if protocol == "" {
		protocol = e(anyProtocol)
	}
	switch protocol {
	case "", "http/protobuf":
		return false, nil
	case "grpc":
		return true, nil
	default:
		return false, fmt.Errorf("%s is %q, must be http/protobuf or grpc", anyProtocol, protocol)
	}
}

// Resource says which program signals come from. What the environment says wins.
func Resource(ctx context.Context) (*resource.Resource, error) {
	from, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(
			attribute.String("service.name", "ovation"),
			attribute.String("service.version", version.Of().Version)),
		resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("cannot make out where telemetry comes from: %w; check OTEL_RESOURCE_ATTRIBUTES", err)
	}
	return from, nil
}

// LogTo has OpenTelemetry say what it has to say, and what could not be sent, as everything
// else is said. It is the process's.
func LogTo(logger *slog.Logger) {
	otel.SetLogger(logr.FromSlogHandler(logger.Handler()))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logger.Warn("telemetry was not sent", "error", err)
	}))
}
