package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	connectcors "connectrpc.com/cors"
	"connectrpc.com/grpchealth"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/cors"

	"github.com/ovation-live/ovation/server/http2"
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
	// writeWithin is how long a connection, and a stream, waits for its reader to take
	// anything of what was written.
	writeWithin = 30 * time.Second
	// pingAfter is how long a connection over HTTP/2 may be silent before it is asked
	// whether it lives, and pingWithin how long the answer may take.
	pingAfter  = 30 * time.Second
	pingWithin = 15 * time.Second
	// maxHeaderBytes bounds a request's headers.
	maxHeaderBytes = 64 << 10
)

// newServer returns a server for HTTP/1.1 and cleartext HTTP/2. It has no read or
// write timeouts, which would cut long streams; dead peers are found by pings and by
// writes that make no progress, on streams over HTTP/1.1 too (rpc.Limits).
func (a *App) newServer(h http.Handler) (*edge, error) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{
		Handler:           h,
		Protocols:         protocols,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(a.logger.Handler(), slog.LevelWarn),
		HTTP2: &http.HTTP2Config{
			SendPingTimeout:  pingAfter,
			PingTimeout:      pingWithin,
			WriteByteTimeout: writeByteTimeout,
		},
	}
	if !a.config.LeanHTTP2() {
		return &edge{Server: s}, nil
	}
	lean, err := http2.Configure(s, http2.Config{
		PingAfter:   pingAfter,
		PingWithin:  pingWithin,
		WriteWithin: writeWithin,
		Detached:    true,
	})
	return &edge{s, lean}, err
}

// edge is a server, and what serves HTTP/2 for it where that is our own.
type edge struct {
	*http.Server
	lean *http2.Server
}

// Shutdown ends the server when all that it does has ended.
func (e *edge) Shutdown(ctx context.Context) error {
	err := e.Server.Shutdown(ctx)
	if e.lean == nil || err != nil {
		return err
	}
	return e.lean.Wait(ctx)
}

// Close ends the server at once.
func (e *edge) Close() error {
	err := e.Server.Close()
	if e.lean != nil {
		e.lean.Close()
	}
	return err
}

// publicHandler returns everything that clients see, and what to set its health checks
// by.
func (a *App) publicHandler() (http.Handler, *grpchealth.StaticChecker) {
	mux := http.NewServeMux()
	limits := rpc.Limits{RequestBytes: a.config.MaxRequestBytes, CompressBytes: compressBytes, WriteWithin: writeWithin}
	rpc.Register(mux, a.services, limits, a.chain())
	rpc.RegisterReflection(mux)
	health := rpc.RegisterHealth(mux)
	a.addProbes(mux)
	mux.Handle("/", web.Handler())
	if a.config.Development() {
		mux.HandleFunc("GET /dev/token", a.mintDevelopmentToken)
	}
	return interceptor.WithRequestID(a.withCORS(mux)), health
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

// internalHandler is what operators see. It has the probes too: the public address
// takes no new connections from the moment a drain begins, this one does to its end.
func (a *App) internalHandler() http.Handler {
	mux := http.NewServeMux()
	a.addProbes(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{Registry: a.metrics}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
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
