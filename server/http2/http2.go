// Package http2 serves HTTP/2 for an http.Server in place of net/http's own code, with
// less work for each frame and less memory for each connection. A connection has one
// goroutine, which reads, and one more for each handler that runs. None is there to
// write: whoever has something to send appends it to what is pending, and whoever finds
// nobody writing writes all of it, in one call to the kernel that does not wait.
//
// It does not do server push, priorities, upgrades from HTTP/1.1, or CONNECT.
package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Config says how connections are served. Fields left zero take their defaults. What an
// http.Server says itself is taken from there: IdleTimeout, ReadHeaderTimeout,
// MaxHeaderBytes, ErrorLog, ConnState, and WriteTimeout, which is counted from when a
// response has to wait for the client for the first time.
type Config struct {
	// MaxConcurrentStreams bounds the handlers that run for one connection, those of
	// streams that were reset included. Default 250.
	MaxConcurrentStreams uint32
	// StreamWindow and ConnectionWindow bound the bytes of request bodies that wait to be
	// read, of one stream and of all. Default 256 KiB and 1 MiB, at least 64 KiB less 1.
	StreamWindow, ConnectionWindow int32
	// PingAfter is how long a connection may be silent before it is asked whether it
	// lives; it is up to twice as long before it is. Default: for ever.
	PingAfter time.Duration
	// PingWithin is how long it may take to answer. Default 15 s.
	PingWithin time.Duration
	// WriteWithin is how long a write may go on without any progress. Default: for ever.
	WriteWithin time.Duration
	// Detached takes connections in cleartext off the http.Server once they turn out to
	// be HTTP/2. It would keep 8 KiB of buffers and a deep stack for each. It then knows
	// nothing of them: its Shutdown asks them to end and does not wait, which Wait does,
	// and Close does not close them, which Close of Server does.
	Detached bool
	// Unwrap returns the connection that one from the listener writes to, if it only
	// counts or names it: what is written to the one may then go straight to the other. By
	// default connections of the net package alone are written to without waiting.
	Unwrap func(net.Conn) net.Conn
}

// unwrapped is Unwrap, if there is one.
func (c Config) unwrapped(nc net.Conn) net.Conn {
	if c.Unwrap == nil {
		return nc
	}
	return c.Unwrap(nc)
}

const (
	defaultWindow = 1<<16 - 1 // of the protocol, for streams and connections alike
	maxWindow     = 1<<31 - 1
	frameBytes    = 16 << 10 // the largest frame that is read, or written
	helloWithin   = 10 * time.Second
)

func (c Config) withDefaults() Config {
	if c.MaxConcurrentStreams == 0 {
		c.MaxConcurrentStreams = 250
	}
	if c.StreamWindow == 0 {
		c.StreamWindow = 256 << 10
	}
	if c.ConnectionWindow == 0 {
		c.ConnectionWindow = 1 << 20
	}
	if c.PingWithin == 0 {
		c.PingWithin = 15 * time.Second
	}
	return c
}

func (c Config) validate() error {
	var faults []error
	for name, window := range map[string]int32{"StreamWindow": c.StreamWindow, "ConnectionWindow": c.ConnectionWindow} {
		if window < defaultWindow {
			faults = append(faults, fmt.Errorf("http2: %s is %d, must be at least %d", name, window, defaultWindow))
		}
	}
	if min(c.PingAfter, c.PingWithin, c.WriteWithin) < 0 {
		faults = append(faults, errors.New("http2: durations must not be negative"))
	}
	return errors.Join(faults...)
}

// suits checks that an http.Server can do its part.
func (c Config) suits(s *http.Server) error {
	if c.Detached && s.Protocols != nil && s.Protocols.UnencryptedHTTP2() && !s.Protocols.HTTP1() {
		return errors.New("http2: Detached takes connections over from HTTP/1.1: Protocols must have it too")
	}
	return nil
}

// Server serves HTTP/2 for an http.Server. Make one with Configure.
type Server struct {
	config  Config
	http    *http.Server
	handler http.Handler // what detached connections are served by

	mu       sync.Mutex
	conns    map[*conn]struct{}
	arriving int // connections that are being taken over
	stopping bool
	changed  chan struct{} // closed when a connection has ended
}

// Configure makes s serve HTTP/2 by this package, over TLS and, where s.Protocols say so,
// in cleartext. It must be called when s has its handler, before s serves. Shutdown and
// Close of s work as before, unless Detached says otherwise.
func Configure(s *http.Server, c Config) (*Server, error) {
	c = c.withDefaults()
	if err := errors.Join(c.validate(), c.suits(s)); err != nil {
		return nil, err
	}
	srv := &Server{config: c, http: s, conns: make(map[*conn]struct{}), changed: make(chan struct{})}
	if s.TLSConfig == nil {
		s.TLSConfig = new(tls.Config) // MinVersion is the caller's; below TLS 1.2 a connection is refused
	}
	for _, protocol := range []string{"h2", "http/1.1"} {
		if !slices.Contains(s.TLSConfig.NextProtos, protocol) {
			s.TLSConfig.NextProtos = append(s.TLSConfig.NextProtos, protocol)
		}
	}
	if s.TLSNextProto == nil {
		s.TLSNextProto = make(map[string]func(*http.Server, *tls.Conn, http.Handler))
	}
	s.TLSNextProto["h2"] = func(_ *http.Server, c *tls.Conn, h http.Handler) { srv.serveTLS(c, h) }
	if c.Detached {
		srv.detach()
	} else {
		s.TLSNextProto["unencrypted_http2"] = func(_ *http.Server, c *tls.Conn, h http.Handler) { srv.serveCleartext(c, h) }
	}
	s.RegisterOnShutdown(srv.shutdown)
	return srv, nil
}

func (s *Server) serveTLS(nc *tls.Conn, h http.Handler) {
	state := nc.ConnectionState()
	s.newConn(nc, h, &state).serve()
}

// serveCleartext serves a connection that net/http has read the preface from. It comes
// within a *tls.Conn that is none, because the type of the hook asks for one.
func (s *Server) serveCleartext(wrapped *tls.Conn, h http.Handler) {
	unwrapped, ok := wrapped.NetConn().(interface{ UnencryptedNetConn() net.Conn })
	if !ok {
		s.logf("http2: a connection in cleartext came in an unknown wrapping")
		return
	}
	c := s.newConn(unwrapped.UnencryptedNetConn(), h, nil)
	c.rest = ""
	c.serve()
}

// baseContext returns the context of a connection's requests: net/http hands it over in
// a method of the handler.
func baseContext(h http.Handler) context.Context {
	if b, ok := h.(interface{ BaseContext() context.Context }); ok {
		return b.BaseContext()
	}
	return context.Background()
}

// maxHeaderBytes returns the bound on a list of header fields, as HTTP/2 counts them: 32
// bytes more for each, of which net/http takes ten for typical.
func (s *Server) maxHeaderBytes() uint32 {
	n := s.http.MaxHeaderBytes
	if n <= 0 {
		n = http.DefaultMaxHeaderBytes
	}
	return uint32(min(n, math.MaxInt32) + 320)
}

// headerTimeout bounds how long a connection's first frame and a block of header fields
// may take.
func (s *Server) headerTimeout() time.Duration {
	for _, d := range []time.Duration{s.http.ReadHeaderTimeout, s.http.ReadTimeout} {
		if d > 0 {
			return d
		}
	}
	return helloWithin
}

// idleTimeout is how long a connection without streams is kept; 0: for ever.
func (s *Server) idleTimeout() time.Duration {
	if s.http.IdleTimeout != 0 {
		return max(s.http.IdleTimeout, 0)
	}
	return max(s.http.ReadTimeout, 0)
}

func (s *Server) logf(format string, args ...any) {
	if s.http.ErrorLog != nil {
		s.http.ErrorLog.Printf(format, args...)
		return
	}
	log.Printf(format, args...)
}

// Wait waits until all connections have ended.
func (s *Server) Wait(ctx context.Context) error {
	for {
		s.mu.Lock()
		left, changed := len(s.conns)+s.arriving, s.changed
		s.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Close closes all connections at once.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for c := range s.conns {
		c.cut()
	}
}

// shutdown asks every connection to end when its streams have.
func (s *Server) shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopping = true
	for c := range s.conns {
		c.shutdown()
	}
}

// arrive notes that a connection is being taken over, which nobody else knows of then. The
// caller calls what it returns when the connection is one of ours, or lost.
func (s *Server) arrive() (arrived func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arriving++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.arriving--
		s.change()
	}
}

// add notes a connection, and says whether it is to end at once.
func (s *Server) add(c *conn) (stopping bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	return s.stopping
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.change()
}

// change wakes those who wait.
func (s *Server) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}
