package http2_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/server/http2"
)

// patience bounds waits for what must happen.
const patience = 30 * time.Second

// node is an HTTP server on a port of its own.
type node struct {
	server *http.Server
	lean   *http2.Server // nil for net/http's own
	addr   string
	secure bool
	logs   *testkit.Output
}

// way is how a server is served and reached.
type way struct {
	name     string
	lean     bool
	secure   bool
	detached bool
}

var (
	cleartext = way{"h2c", true, false, false}
	detached  = way{"h2c detached", true, false, true}
	encrypted = way{"TLS", true, true, false}
	standard  = way{"net/http", false, false, false}
)

// start serves h until the test ends.
func start(tb testing.TB, w way, h http.Handler, edits ...func(*http.Server, *http2.Config)) *node {
	tb.Helper()
	n := &node{secure: w.secure, logs: new(testkit.Output)}
	n.server = &http.Server{
		Handler:           h,
		Protocols:         new(http.Protocols),
		ReadHeaderTimeout: patience,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(n.logs, "", 0),
	}
	n.server.Protocols.SetHTTP1(true)
	n.server.Protocols.SetHTTP2(w.secure)
	n.server.Protocols.SetUnencryptedHTTP2(!w.secure)
	var config http2.Config
	for _, edit := range edits {
		edit(n.server, &config)
	}
	if w.lean {
		config.Detached = w.detached
		var err error
		if n.lean, err = http2.Configure(n.server, config); err != nil {
			tb.Fatal(err)
		}
	}
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	n.addr = l.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() {
		if w.secure {
			n.server.TLSConfig.Certificates = []tls.Certificate{certificate()}
			_ = n.server.ServeTLS(l, "", "")
			return
		}
		_ = n.server.Serve(l)
	})
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := n.shutdown(ctx); err != nil {
			tb.Errorf("the server did not end: %v", err)
			_ = n.server.Close()
		}
		serving.Wait()
	})
	return n
}

// shutdown ends the server when all that it does has ended.
func (n *node) shutdown(ctx context.Context) error {
	err := n.server.Shutdown(ctx)
	if n.lean == nil || err != nil {
		return err
	}
	return n.lean.Wait(ctx)
}

// url returns the address of a path.
func (n *node) url(path string) string {
	if n.secure {
		return "https://" + n.addr + path
	}
	return "http://" + n.addr + path
}

// client returns an HTTP/2 client of net/http's.
func (n *node) client(tb testing.TB) *http.Client {
	tb.Helper()
	rt := &http.Transport{
		Protocols:          new(http.Protocols),
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: true},
		DisableCompression: true,
	}
	rt.Protocols.SetHTTP2(n.secure)
	rt.Protocols.SetUnencryptedHTTP2(!n.secure)
	tb.Cleanup(rt.CloseIdleConnections)
	return &http.Client{
		Transport:     rt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// certificate is the servers'.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "127.0.0.1"},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// everyWay runs a test over cleartext and TLS.
func everyWay(t *testing.T, test func(t *testing.T, w way)) {
	t.Helper()
	for _, w := range []way{cleartext, detached, encrypted} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			test(t, w)
		})
	}
}
