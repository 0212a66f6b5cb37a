package interceptor

import (
	"context"
	"log/slog"

	"connectrpc.com/connect"
	"connectrpc.com/otelconnect"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Observer is who is told of RPCs. Every field has a default.
type Observer struct {
	// Logger gets every RPC when it is over. Default: slog's.
	Logger *slog.Logger
	// Metrics counts. Default: nowhere registered.
	Metrics *Metrics
	// Traces takes a span of every RPC. Default: nobody makes spans.
	Traces trace.TracerProvider
}

// withDefaults returns the observer with what is not set filled in.
func (o Observer) withDefaults() Observer {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	return o
}

// traceContext is how callers say what trace a call belongs to.
var traceContext = propagation.TraceContext{}

// spans returns what makes a span of every RPC, none if nobody takes them. A stream is
// one span, whatever it carries. A trace that a caller names is linked to, and not
// continued: anybody could fill it, or have everything sampled. (Whom the gate trusts
// is an exception.)
func (o Observer) spans() []connect.Interceptor {
	if o.Traces == nil {
		return nil
	}
	spans, err := otelconnect.NewInterceptor(
		otelconnect.WithTracerProvider(o.Traces),
		otelconnect.WithPropagator(traceContext),
		otelconnect.WithoutMetrics())
	if err != nil {
		panic(err) // its options are wrong
	}
	return []connect.Interceptor{spans}
}

// trusted returns a context in which the trace that a trusted caller names goes on.
func (o Observer) trusted(ctx context.Context, header map[string][]string) context.Context {
	if o.Traces == nil {
		return ctx
	}
	return traceContext.Extract(ctx, propagation.HeaderCarrier(header))
}
