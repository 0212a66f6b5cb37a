package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"log"
	"log/slog"
	"net"
	"net/http"
	"slices"

	"github.com/ovation-live/ovation/server/certificate"
	"github.com/ovation-live/ovation/server/http2"
	"github.com/ovation-live/ovation/server/limit"
)

// newServer returns a server for HTTP/1.1 and cleartext HTTP/2. It has no read timeout, and
// streams lift its write timeout, which would cut them: rpc.Limits bounds how long a request may take to arrive,
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
			SendPingTimeout:      pingAfter,
			PingTimeout:          pingWithin,
			WriteByteTimeout:     writeByteTimeout,
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

// server is an http.Server as it serves here: over TLS or not, HTTP/2 by net/http or by
// our own.
type server struct {
	*http.Server
	encrypted bool
	lean      *http2.Server // nil: net/http's
}

// serve makes an http.Server serve, over TLS if there is a pair.
func (a *App) serve(s *http.Server, pair *certificate.Pair) (*server, error) {
	made := &server{Server: s, encrypted: pair != nil}
	if made.encrypted {
		secure(s, pair)
	}
	if !a.config.LeanHTTP2() {
		return made, nil
	}
	var err error
	made.lean, err = http2.Configure(s, http2.Config{
		MaxConcurrentStreams: maxStreams,
		PingAfter:            pingAfter,
		PingWithin:           pingWithin,
		WriteWithin:          writeWithin,
		Detached:             true,
		Unwrap:               limit.Unwrap,
	})
	return made, err
}

// secure makes a server one for TLS: HTTP/2 and HTTP/1.1, as clients negotiate.
func secure(s *http.Server, pair *certificate.Pair) {
	s.Protocols.SetHTTP2(true)
	s.Protocols.SetUnencryptedHTTP2(false)
	s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: pair.Get}
}

// listen serves who comes, until the server is shut down or closed.
func (s *server) listen(l net.Listener) error {
	if s.encrypted {
		return s.ServeTLS(l, "", "")
	}
	return s.Serve(l)
}

// Shutdown ends the server when all that it does has ended.
func (s *server) Shutdown(ctx context.Context) error {
	err := s.Server.Shutdown(ctx)
	if s.lean == nil || err != nil {
		return err
	}
	return s.lean.Wait(ctx)
}

// Close ends the server at once.
func (s *server) Close() error {
	err := s.Server.Close()
	if s.lean != nil {
		s.lean.Close()
	}
	return err
}
