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

type outcomeKey struct{}

// outcome is what became of a request. It is for the request's goroutine.
type outcome struct {
	reported bool   // an interceptor has logged it
	unread   error  // why it could not be read
	hurry    func() // bounds the wait for the rest of it
	leave    func() // gives back what it holds; nil: nothing
}

// outcomeOf returns the outcome of the request that a context belongs to.
func outcomeOf(ctx context.Context) *outcome {
	if o, ok := ctx.Value(outcomeKey{}).(*outcome); ok {
		return o
	}
	return &outcome{hurry: func() {}}
}

// over gives back what the request holds.
func (o *outcome) over() {
	if o.leave != nil {
		o.leave()
	}
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
			o := &outcome{hurry: func() { discardRest(w, r) }}
			ctx := context.WithValue(r.Context(), outcomeKey{}, o)
			defer o.over()
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

// discardRest lets the rest of a request come, to nobody.
func discardRest(w http.ResponseWriter, r *http.Request) {
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(restWithin)); err != nil {
		return // it might take for ever
	}
	if r.ProtoMajor > 1 {
		_, _ = io.CopyN(io.Discard, r.Body, restBytes) // whatever comes of it
	}
}
