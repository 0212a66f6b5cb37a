package app_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/server/app"
	"github.com/ovation-live/ovation/server/certificate"
)

// single is a listener that accepts one connection, and then none until it is closed.
type single struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Accept implements net.Listener.
func (s *single) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (s *single) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// Addr implements net.Listener.
func (*single) Addr() net.Addr { return &net.TCPAddr{} }

// noted is a connection that says when it is closed.
type noted struct {
	net.Conn
	closed chan struct{}
	once   sync.Once
}

// Close implements net.Conn.
func (n *noted) Close() error {
	n.once.Do(func() { close(n.closed) })
	return n.Conn.Close()
}

// preface is how a client opens HTTP/2: with empty settings.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// A peer that is dead answers no pings, or takes nothing. Either is found long before
// an idle connection is closed, over TLS as in cleartext.
func TestDeadPeersAreFound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ encrypted, reads bool }{
		"cleartext, answers no pings": {false, true},
		"cleartext, takes nothing":    {false, false},
		"TLS, answers no pings":       {true, true},
		"TLS, takes nothing":          {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { deadPeer(t, tt.encrypted, tt.reads) })
		})
	}
}

func deadPeer(t *testing.T, encrypted, reads bool) {
	t.Helper()
	ours, theirs := net.Pipe()
	conn := &noted{Conn: theirs, closed: make(chan struct{})}
	l := &single{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.conns <- conn
	client := ours
	var pair *certificate.Pair
	if encrypted {
		pair = loadPair(t)
		client = tls.Client(ours, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	}
	server := app.ServeOn(l, http.NotFoundHandler(), pair)
	if _, err := client.Write([]byte(preface)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if reads {
		go func() { _, _ = io.Copy(io.Discard, client) }()
	}
	<-conn.closed
	if took := time.Since(begun); took < 25*time.Second || took > 70*time.Second {
		t.Errorf("found after %v", took)
	}
	_ = ours.Close()
	_ = server.Close()
}

// loadPair loads a certificate of its own.
func loadPair(t *testing.T) *certificate.Pair {
	t.Helper()
	files := certificate.Files{Cert: filepath.Join(t.TempDir(), "cert.pem"), Key: filepath.Join(t.TempDir(), "key.pem")}
	cert, key := testkit.Certificate(t, "peer", time.Now().Add(365*24*time.Hour))
	for path, text := range map[string][]byte{files.Cert: cert, files.Key: key} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := certificate.Load(t.Context(), files, slog.New(slog.DiscardHandler), certificate.NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
