package app

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"net/http"
	"slices"
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

// newServer returns a server for HTTP/1.1 and cleartext HTTP/2; encrypt makes one for
// TLS of it, with the same bounds. It has no read timeout, and streams lift its write
// timeout, which would cut them: rpc.Limits bounds how long a request may take to arrive,
// dead peers are found by pings and by writes that make no progress, on streams over
// HTTP/1.1 too. The write timeout is for those who answer pings and open no window.
func (a *App) newServer(h http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           h,
		Protocols:         protocols,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      answerWithin,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(complaints{a.logger}, "", 0),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,

			SendPingTimeout:  30 * time.Second,
			PingTimeout:      15 * time.Second,
			WriteByteTimeout: writeByteTimeout,
		},
	}
}

// complaints logs what a server says of connections.
type complaints struct{ logger *slog.Logger }

// ofPeers is how those begin that are about what the other end does, or no longer does:
// scanners, clients that do not trust the certificate, and phones in tunnels would fill
// the log.
var ofPeers = [][]byte{
	[]byte("http: TLS handshake error"),
	[]byte("http2: server: error reading preface"),
	[]byte("http2: server connection error"),
	[]byte("http2: server closing client connection"),
	[]byte("http2: received GOAWAY"),
	[]byte("timeout waiting for PING response"),
	[]byte("timeout waiting for SETTINGS frames"),
}

// Write implements io.Writer.
func (c complaints) Write(p []byte) (int, error) {
	level := slog.LevelWarn
	if slices.ContainsFunc(ofPeers, func(begins []byte) bool { return bytes.HasPrefix(p, begins) }) {
		level = slog.LevelDebug
	}
	c.logger.Log(context.Background(), level, "HTTP server", "error", string(bytes.TrimSpace(p)))
	return len(p), nil
}

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
	mux.Handle("/", rpc.OrUnknown(web.Handler()))
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
