package http2_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/server/http2"
)

func TestConfigure(t *testing.T) {
	t.Parallel()
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	for name, tt := range map[string]struct {
		protocols *http.Protocols
		config    http2.Config
		want      string // "": sound
	}{
		"nothing said":      {},
		"small windows":     {config: http2.Config{StreamWindow: 1000, ConnectionWindow: 1000}, want: "ConnectionWindow is 1000, must be at least 65535"},
		"negative time":     {config: http2.Config{PingAfter: -time.Second}, want: "durations must not be negative"},
		"detached":          {config: http2.Config{Detached: true}},
		"nothing to detach": {protocols: only, config: http2.Config{Detached: true}, want: "Protocols must have it too"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := http2.Configure(&http.Server{Protocols: tt.protocols, ReadHeaderTimeout: patience}, tt.config)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// TestClose closes everything at once, handlers or not.
func TestClose(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		over := make(chan struct{})
		n := start(t, w, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(over)
		}))
		p := n.greet(t)
		p.request(1, true)
		p.alive()
		if err := n.server.Close(); err != nil {
			t.Error(err)
		}
		n.lean.Close()
		p.expectEnd()
		<-over
		if err := n.lean.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestNotServed asks for what is neither HTTP/1.1 nor HTTP/2 as it is served.
func TestNotServed(t *testing.T) {
	t.Parallel()
	n := start(t, detached, http.HandlerFunc(patient), func(s *http.Server, _ *http2.Config) { s.Protocols.SetUnencryptedHTTP2(false) })
	p := n.dial(t)
	p.raw([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	answer := make([]byte, 12)
	if _, err := p.conn.Read(answer); err != nil || string(answer) != "HTTP/1.1 505" {
		t.Errorf("%q, %v", answer, err)
	}
}
