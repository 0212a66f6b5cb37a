package http2

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"golang.org/x/net/http2"
)

// detach has the http.Server take HTTP/2 in cleartext for a request of HTTP/1.1, which the
// first half of the preface is made to look like, and its handler take the connection
// over.
func (s *Server) detach() {
	s.handler = s.http.Handler
	if s.handler == nil {
		s.handler = http.DefaultServeMux
	}
	s.http.Handler = http.HandlerFunc(s.takeOver)
}

// prefaceRest is what of the preface comes after what looks like a request.
var prefaceRest = http2.ClientPreface[len(http2.ClientPreface)-len("SM\r\n\r\n"):]

// takeOver takes over a connection that begins like HTTP/2. Its goroutine is another one:
// net/http's has had what it holds grow for HTTP/1.1.
func (s *Server) takeOver(w http.ResponseWriter, r *http.Request) {
	if r.Method != "PRI" || r.ProtoMajor != 2 || r.RequestURI != "*" || len(r.Header) > 0 {
		s.handler.ServeHTTP(w, r)
		return
	}
	if s.http.Protocols == nil || !s.http.Protocols.UnencryptedHTTP2() || r.TLS != nil {
		http.Error(w, "HTTP/2 is not served here", http.StatusHTTPVersionNotSupported)
		return
	}
	defer s.arrive()()
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.logf("http2: a connection could not be taken over: %v", err)
		return
	}
	came := make([]byte, buffered.Reader.Buffered())
	_, _ = io.ReadFull(buffered, came) // from memory
	c := s.newConn(nc, s.handler, nil)
	c.detached = true
	c.ctx = context.WithoutCancel(r.Context()) // net/http ends it when this returns
	c.in.Reset(io.MultiReader(bytes.NewReader(came), source{c}))
	c.rest = prefaceRest
	go c.serve() //nolint:contextcheck // requests have contexts of their own
}
