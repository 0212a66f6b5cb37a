package interceptor

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// restWithin is how long a caller who was refused over HTTP/1.1 may take to send the
// rest of the request: net/http reads it before it answers, to keep the connection.
const restWithin = time.Second

type outcomeKey struct{}

// outcome is what became of a request. It is for the request's goroutine.
type outcome struct {
	reported bool   // an interceptor has logged it
	unread   error  // why it could not be read
	hurry    func() // bounds the wait for the rest of it
}

// outcomeOf returns the outcome of the request that a context belongs to.
func outcomeOf(ctx context.Context) *outcome {
	if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		return o
	}
	return &outcome{hurry: func() {}}
}

// Unread notes why the request that a context belongs to could not be read. Nobody
// waits for the rest of it.
func Unread(ctx context.Context, why error) {
	o := outcomeOf(ctx)
	o.unread = why
	o.hurry()
}

// Requests surrounds the requests of all RPCs, read or not. Those that no interceptor
// sees, because they could not be read, it logs at level Debug: they are faults of
// callers.
func Requests(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			o := &outcome{hurry: func() {
				if r.ProtoMajor == 1 {
					_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(restWithin)) // without it, it waits
				}
			}}
			ctx := context.WithValue(r.Context(), outcomeKey{}, o)
			next.ServeHTTP(w, r.WithContext(ctx))
			if !o.reported {
				logger.LogAttrs(ctx, slog.LevelDebug, "unreadable request",
					slog.String("procedure", r.URL.Path),
					slog.String("peer", r.RemoteAddr),
					slog.String("request_id", RequestID(ctx)),
					slog.Any("error", o.unread))
			}
		})
	}
}
