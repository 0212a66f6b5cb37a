package app

import (
	"net/http"
	"sync/atomic"
	"time"

	connectcors "connectrpc.com/cors"
	"connectrpc.com/grpchealth"
	"github.com/rs/cors"

	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/rpc"
	"github.com/ovation-live/ovation/server/web"
)

const (
	// compressBytes is the smallest answer that is compressed: gzip makes smaller
	// ones larger.
	compressBytes = 1 << 10
	// headerTimeout bounds how long a request's headers may take.
	headerTimeout = 10 * time.Second
	// idleTimeout is how long a connection without requests is kept.
	idleTimeout = 2 * time.Minute
	// readWithin is how long a call's request may take to arrive, once its headers have.
	readWithin = 30 * time.Second
	// writeWithin is how long a connection, and a stream, waits for its reader to take
	// anything of what was written.
	writeWithin = 30 * time.Second
	// pingAfter is how long a connection over HTTP/2 may be silent before it is asked
	// whether it lives, and pingWithin how long the answer may take.
	pingAfter  = 30 * time.Second
	pingWithin = 15 * time.Second
	// answerWithin is how long a call may take, long polls and slow readers included: from
	// its headers to its answer having been taken. Streams have no end.
	answerWithin = 5 * time.Minute
	// maxHeaderBytes bounds a request's headers.
	maxHeaderBytes = 64 << 10
	// maxStreams is how many requests one HTTP/2 connection has open at once: enough for
	// a proxy's or a backend's, which opens another beyond it, and a bound on what a
	// single connection costs.
	maxStreams = 250
)

// publicHandler returns everything that clients see, and what to set its health checks
// by.
func (a *App) publicHandler() (http.Handler, *grpchealth.StaticChecker) {
	mux := http.NewServeMux()
	limits := rpc.Limits{
		RequestBytes:  a.config.MaxRequestBytes,
		CompressBytes: compressBytes,
		ReadWithin:    readWithin,
		WriteWithin:   writeWithin,
	}
	rpc.Register(mux, a.services, limits, a.chain())
	rpc.RegisterReflection(mux)
	health := rpc.RegisterHealth(mux)
	a.addProbes(mux)
	mux.Handle("/", rpc.OrUnknown(web.Handler(a.places)))
	if a.config.Development() {
		mux.Handle("GET /dev/token", onlyLoopbackHosts(http.HandlerFunc(a.mintDevelopmentToken)))
	}
	edge := interceptor.Edge(a.logger, a.limits.Addresses, rpc.Translate)
	return interceptor.WithRequestID(a.withCORS(edge(mux))), health
}

// withCORS lets pages of other origins call.
func (a *App) withCORS(h http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: a.config.CORSOrigins,
		AllowedMethods: connectcors.AllowedMethods(),
		AllowedHeaders: append(connectcors.AllowedHeaders(), "Authorization", interceptor.RequestIDHeader),
		ExposedHeaders: append(connectcors.ExposedHeaders(), interceptor.RequestIDHeader),
		MaxAge:         int((2 * time.Hour).Seconds()),
	}).Handler(h)
}

// addProbes adds what says whether the process lives and whether it wants traffic.
func (a *App) addProbes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.Handle("GET /readyz", &a.ready)
}

// readiness says whether the server wants traffic. It depends on nothing but the
// server itself.
type readiness struct{ yes atomic.Bool }

func (r *readiness) set(yes bool) { r.yes.Store(yes) }

// ServeHTTP answers 200 or 503.
func (r *readiness) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if r.yes.Load() {
		answer(w, http.StatusOK, "ready\n")
		return
	}
	answer(w, http.StatusServiceUnavailable, "draining\n")
}

// answer writes a short text.
func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // whoever asked has gone
}
