package app_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

// encrypted is a server over TLS, whose certificate the test replaces.
type encrypted struct {
	*node
	cert, key string
	roots     *x509.CertPool
}

// replace puts another certificate in place, which clients then trust too.
func (e *encrypted) replace(t *testing.T, name string) {
	t.Helper()
	cert, key := testkit.Certificate(t, name, time.Now().Add(365*24*time.Hour))
	if !e.roots.AppendCertsFromPEM(cert) {
		t.Fatal("no certificate")
	}
	for path, text := range map[string][]byte{e.cert: cert, e.key: key} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// startTLS starts a server over TLS.
func startTLS(t *testing.T, edits ...func(*config.Config)) *encrypted {
	t.Helper()
	dir := t.TempDir()
	e := &encrypted{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), roots: x509.NewCertPool()}
	e.replace(t, "first")
	e.node = start(t, append(edits, func(c *config.Config) { c.TLSCert, c.TLSKey = e.cert, e.key })...)
	if !strings.HasPrefix(e.url, "https://127.0.0.1:") || !strings.HasPrefix(e.internal, "http://") {
		t.Errorf("public %s, internal %s", e.url, e.internal)
	}
	return e
}

// transports are the ways over TLS, which trust what the server had by now.
func (e *encrypted) transports() []transport {
	return []transport{
		{"HTTP1 over TLS", func(p *http.Protocols) { p.SetHTTP1(true) }},
		{"HTTP2 over TLS", func(p *http.Protocols) { p.SetHTTP2(true) }},
	}
}

// client returns a client over one of them.
func (e *encrypted) client(t *testing.T, tr transport, role live.Role) *http.Client {
	t.Helper()
	rt := &http.Transport{
		Protocols: new(http.Protocols), DisableCompression: true, TLSClientConfig: &tls.Config{RootCAs: e.roots.Clone()},
	}
	tr.setup(rt.Protocols)
	t.Cleanup(rt.CloseIdleConnections)
	return &http.Client{Transport: authorized{rt, bearer(t, role, "*")}}
}

func TestEveryProtocolOverTLS(t *testing.T) {
	t.Parallel()
	e := startTLS(t)
	backend := e.clients(e.client(t, e.transports()[1], live.RoleBackend))
	for name, opts := range map[string][]connect.ClientOption{
		"Connect": nil, "gRPC": {connect.WithGRPC()}, "gRPC-Web": {connect.WithGRPCWeb()},
	} {
		for _, tr := range e.transports() {
			t.Run(name+" over "+tr.name, func(t *testing.T) {
				t.Parallel()
				e.subscribe(t, backend, e.clients(e.client(t, tr, live.RoleViewer), opts...))
			})
		}
	}
}

func TestWhatIsNegotiated(t *testing.T) {
	t.Parallel()
	e := startTLS(t)
	for i, want := range []string{"HTTP/1.1", "HTTP/2.0"} {
		c := e.client(t, e.transports()[i], live.RoleViewer)
		for _, path := range []string{"/healthz", "/"} {
			got, err := c.Get(e.url + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = got.Body.Close()
			if got.Proto != want || got.StatusCode != http.StatusOK {
				t.Errorf("%s: %s %s", path, got.Proto, got.Status)
			}
		}
	}
	if got := do(t, http1.client(t, ""), "GET", strings.Replace(e.url, "https", "http", 1), ""); got.status != http.StatusBadRequest {
		t.Errorf("cleartext: %d", got.status)
	}
	old := &tls.Config{RootCAs: e.roots, MaxVersion: tls.VersionTLS11}
	if conn, err := tls.Dial("tcp", strings.TrimPrefix(e.url, "https://"), old); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

// Whoever does not trust the certificate does not fill the log.
func TestFailedHandshakesAreQuiet(t *testing.T) {
	t.Parallel()
	e := startTLS(t)
	if conn, err := tls.Dial("tcp", strings.TrimPrefix(e.url, "https://"), &tls.Config{RootCAs: x509.NewCertPool()}); err == nil {
		_ = conn.Close()
		t.Error("the certificate is trusted")
	}
	e.logs.Wait(t, "TLS handshake error")
	if contains(e.logs.String(), "level=WARN") {
		t.Errorf("logged\n%s", e.logs)
	}
}

// shown returns the name on the certificate that a new connection is shown.
func (e *encrypted) shown(t *testing.T) string {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(e.url, "https://"), &tls.Config{RootCAs: e.roots})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// A stream that is open outlives the certificate that it began with.
func TestCertificatesAreReplacedBeneathStreams(t *testing.T) {
	t.Parallel()
	e := startTLS(t)
	backend := e.clients(e.client(t, e.transports()[1], live.RoleBackend))
	if _, err := backend.rooms.CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: "r"}); err != nil {
		t.Fatal(err)
	}
	stream, err := e.clients(e.client(t, e.transports()[1], live.RoleViewer)).feed.Subscribe(t.Context(),
		&ovationv1.SubscribeRequest{RoomId: "r", Delivery: ovationv1.Delivery_DELIVERY_INLINE})
	if err != nil || !stream.Receive() {
		t.Fatalf("%v, %v", err, stream.Err())
	}
	defer stream.Close()
	e.replace(t, "second")
	e.reload(t.Context())
	if got := e.shown(t); got != "second" {
		t.Errorf("shown %s", got)
	}
	if err := os.WriteFile(e.key, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	e.reload(t.Context())
	if got := e.shown(t); got != "second" || !contains(e.logs.String(), "the one before stays in use") {
		t.Errorf("shown %s:\n%s", got, e.logs)
	}
	e.replace(t, "third") // is seen without being told
	for begun := time.Now(); e.shown(t) != "third"; {
		if time.Since(begun) > time.Minute {
			t.Fatalf("never shown:\n%s", e.logs)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if _, err := backend.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "still here"}); err != nil {
		t.Fatal(err)
	}
	heard := ""
	for heard == "" && stream.Receive() {
		for _, message := range stream.Msg().GetBatch().GetBatch().GetMessages() {
			heard = message.GetText()
		}
	}
	if heard != "still here" {
		t.Errorf("heard %q, %v", heard, stream.Err())
	}
}

func TestDrainOverTLS(t *testing.T) {
	t.Parallel()
	e := startTLS(t, func(c *config.Config) { c.DrainTimeout = time.Minute })
	backend := e.clients(e.client(t, e.transports()[1], live.RoleBackend))
	if _, err := backend.rooms.CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: "r"}); err != nil {
		t.Fatal(err)
	}
	var streams []*connect.ServerStreamForClient[ovationv1.SubscribeResponse]
	for _, tr := range e.transports() {
		stream, err := e.clients(e.client(t, tr, live.RoleViewer)).feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: "r"})
		if err != nil || !stream.Receive() {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = stream.Close() })
		streams = append(streams, stream)
	}
	e.drain()
	for _, stream := range streams {
		if frame, err := last(stream); err != nil || frame.GetReconnect() == nil {
			t.Errorf("last frame %v, %v", frame, err)
		}
	}
	if err := <-e.stopped; err != nil || contains(e.logs.String(), "did not end in time") {
		t.Errorf("%v:\n%s", err, e.logs)
	}
}

// Development on loopback has TLS too, and says where it is.
func TestDevelopmentOverTLS(t *testing.T) {
	t.Parallel()
	e := startTLS(t, development)
	got := do(t, e.client(t, e.transports()[1], live.RoleViewer), "GET", e.url+"/dev/token", "")
	if got.status != 200 || !contains(got.body, "guest-") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestCleartextForOthersIsSaid(t *testing.T) {
	t.Parallel()
	const says = "the public address is cleartext"
	if n := start(t, func(c *config.Config) { c.Listen = "0.0.0.0:0" }); !contains(n.logs.String(), says) {
		t.Errorf("logged\n%s", n.logs)
	}
	n := start(t)
	n.reload(context.Background())
	if contains(n.logs.String(), says) || !contains(n.logs.String(), "there is nothing to reload") {
		t.Errorf("logged\n%s", n.logs)
	}
	if e := startTLS(t, func(c *config.Config) { c.Listen = net.JoinHostPort("127.0.0.1", "0") }); contains(e.logs.String(), says) {
		t.Errorf("logged\n%s", e.logs)
	}
}
