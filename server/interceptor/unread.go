package interceptor

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// A caller who is refused may send the rest of a small request, and soon, before it is
// answered: net/http waits for it to keep an HTTP/1.1 connection, and over HTTP/2 some
// clients take an answer that comes before it for a broken stream.
const (
	restWithin = time.Second
	restBytes  = 256 << 10
)

// Unread notes why the request that a context belongs to could not be read. Nobody
// waits for the rest of it.
func Unread(ctx context.Context, why error) {
	e := exchangeOf(ctx)
	e.unread = why
	if e.body != nil {
		e.discardRest()
	}
}

// Requests surrounds the requests of all RPCs, read or not; it is within WithRequestID.
// Those that no interceptor sees, because they could not be read, it counts, and logs at
// level Debug: they are faults of callers.
func Requests(o Observer) func(http.Handler) http.Handler {
	o = o.withDefaults()
	return func(next http.Handler) http.Handler { return &reading{next, o} }
}

type reading struct {
	next     http.Handler
	observer Observer
}

// ServeHTTP implements http.Handler.
func (h *reading) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	growStack()
	e := exchangeOf(r.Context())
	defer e.over()
	h.next.ServeHTTP(w, r)
	if !e.reported {
		h.report(r, e)
	}
}

// report counts and logs a request that no interceptor has seen.
func (h *reading) report(r *http.Request, e *exchange) {
	h.observer.Metrics.unreadable.Inc()
	h.observer.Logger.LogAttrs(r.Context(), slog.LevelDebug, "unreadable request",
		slog.String("procedure", r.URL.Path),
		slog.String("peer", r.RemoteAddr),
		slog.Any("error", e.unread))
}

// discardRest lets the rest of a request come, to nobody.
func (e *exchange) discardRest() {
	if err := http.NewResponseController(e.writer).SetReadDeadline(time.Now().Add(restWithin)); err != nil {
		return // it might take for ever
	}
	if e.major > 1 {
		_, _ = io.CopyN(io.Discard, e.body, restBytes) // whatever comes of it
	}
}
