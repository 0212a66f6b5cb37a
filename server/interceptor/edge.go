package interceptor

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/server/limit"
)

// Edge surrounds every HTTP request: it turns away those that come over a connection
// that is one too many, or too often from one address. Calls are answered with an error of
// their protocol, everything else with 503 and Retry-After.
func Edge(
	logger *slog.Logger, addresses *limit.Addresses, translate func(context.Context, error) *connect.Error,
) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return &edge{next, logger, addresses, translate, connect.NewErrorWriter()}
	}
}

type edge struct {
	next      http.Handler
	logger    *slog.Logger
	addresses *limit.Addresses
	translate func(context.Context, error) *connect.Error
	writer    *connect.ErrorWriter
}

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if let := e.let(w, r); let != nil {
		e.next.ServeHTTP(w, let)
	}
}

// let returns a request that may go on, or refuses it.
func (e *edge) let(w http.ResponseWriter, r *http.Request) *http.Request {
	if err := limit.Refused(r.Context()); err != nil {
		w.Header().Set("Connection", "close") // over HTTP/2, GOAWAY
		e.refuse(w, r, err)
		return nil
	}
	let, err := e.addresses.Request(r)
	if err != nil {
		e.refuse(w, r, err)
		return nil
	}
	return let
}

// refuse answers a request that is turned away.
func (e *edge) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e.logger.LogAttrs(r.Context(), slog.LevelDebug, "turned away",
		slog.String("procedure", r.URL.Path),
		slog.String("peer", r.RemoteAddr),
		slog.Any("error", err))
	if later := new(limit.ExceededError); errors.As(err, &later) {
		w.Header().Set("Retry-After", seconds(later.RetryAfter))
	}
	exchangeOf(r.Context()).discardRest()
	if e.isCall(r) {
		_ = e.writer.Write(w, r, e.translate(r.Context(), err)) // whoever asked has gone
		return
	}
	http.Error(w, "too many requests or connections: try again later", http.StatusServiceUnavailable)
}

// isCall says whether a request is an RPC: a POST in the content type of a protocol, or
// Connect's GET.
func (e *edge) isCall(r *http.Request) bool {
	if !e.writer.IsSupported(r) {
		return false
	}
	return r.Method == http.MethodPost || r.URL.Query().Has("message")
}

// seconds writes a wait in whole ones, at least 1.
func seconds(d time.Duration) string { return strconv.Itoa(max(int(math.Ceil(d.Seconds())), 1)) }
