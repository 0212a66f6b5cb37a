package interceptor

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/ovation-live/ovation/server/auth"
)

// WithContext returns a logger whose records say what their context knows: the
// request's id, the user who is known by a token, and the trace, where there are any.
func WithContext(logger *slog.Logger) *slog.Logger { return slog.New(contextHandler{logger.Handler()}) }

// contextHandler adds to records what their context knows.
type contextHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	attributes := make([]slog.Attr, 0, 3)
	if id := RequestID(ctx); id != "" {
		attributes = append(attributes, slog.String("request_id", id))
	}
	if user := auth.From(ctx).User; user != "" {
		attributes = append(attributes, slog.String("user_id", string(user)))
	}
	if span := trace.SpanContextFromContext(ctx); span.HasTraceID() {
		attributes = append(attributes, slog.String("trace_id", span.TraceID().String()))
	}
	if len(attributes) > 0 {
		r = r.Clone()
		r.AddAttrs(attributes...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}
