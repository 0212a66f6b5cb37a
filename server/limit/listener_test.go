package limit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// listening accepts connections under limits, and hands them to the test.
type listening struct {
	address  string
	accepted chan *Conn
}

func listen(t *testing.T, a *Addresses) listening {
	t.Helper()
	var lc net.ListenConfig
	raw, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := listening{raw.Addr().String(), make(chan *Conn, 1000)}
	limited := a.Listen(raw)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := limited.Accept()
			if err != nil {
				return
			}
			l.accepted <- c.(*Conn)
		}
	})
	t.Cleanup(func() {
		_ = limited.Close()
		group.Wait()
		close(l.accepted)
		for c := range l.accepted {
			_ = c.Close()
		}
	})
	return l
}

// dial opens a connection, closed when the test ends.
func (l listening) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// isCut opens a connection and says whether it is closed without a word.
func (l listening) isCut(t *testing.T) bool {
	t.Helper()
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		return true
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	_, err = conn.Read(make([]byte, 1))
	var timeout net.Error
	return err != nil && (!errors.As(err, &timeout) || !timeout.Timeout())
}

// Of the connections over a limit a few are kept to be told so, and the rest are closed
// at once; each counts until it is closed, however often that is.
func TestConnectionsOverALimit(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	a := NewAddresses(AddressLimits{Connections: 2}, NewMetrics(reg))
	l := listen(t, a)
	var let []*Conn
	for range 2 {
		l.dial(t)
		c := <-l.accepted
		if c.refused != nil {
			t.Fatalf("refused: %v", c.refused)
		}
		let = append(let, c)
	}
	for range toldAtOnce {
		l.dial(t)
		c := <-l.accepted
		if c.refused == nil || c.refused.Limit != AddressConnections {
			t.Fatalf("refused: %v", c.refused)
		}
		let = append(let, c)
	}
	if !l.isCut(t) {
		t.Error("one more is not closed at once")
	}
	for _, c := range let {
		_ = c.Close()
		_ = c.Close()
	}
	if open, refused := a.open.Load(), a.refused.Load(); open != 0 || refused != 0 || a.table.size() != 0 {
		t.Errorf("%d are open, %d refused, %d addresses known", open, refused, a.table.size())
	}
	if got := hits(t, reg, AddressConnections); got != toldAtOnce+1 {
		t.Errorf("%v counted", got)
	}
	l.dial(t)
	if c := <-l.accepted; c.refused != nil {
		t.Errorf("refused: %v", c.refused)
	}
}

// A connection that is refused has its time, whatever the server gives it.
func TestRefusedConnectionsEnd(t *testing.T) {
	t.Parallel()
	a := NewAddresses(AddressLimits{Total: 1}, NewMetrics(nil))
	l := listen(t, a)
	l.dial(t)
	<-l.accepted
	l.dial(t)
	c := <-l.accepted
	for _, set := range []func(time.Time) error{c.SetDeadline, c.SetReadDeadline, c.SetWriteDeadline} {
		if err := set(time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Read(make([]byte, 1))
	if timeout, ok := err.(net.Error); !ok || !timeout.Timeout() { //nolint:errorlint // as net returns it
		t.Errorf("it ends with %v", err)
	}
}

// A connection is known to its requests, through whatever wraps it.
func TestWithConn(t *testing.T) {
	t.Parallel()
	a := NewAddresses(AddressLimits{Total: 1}, NewMetrics(nil))
	l := listen(t, a)
	l.dial(t)
	first := <-l.accepted
	l.dial(t)
	second := <-l.accepted
	for _, c := range []net.Conn{first, secure{first, first}} {
		ctx := WithConn(t.Context(), c)
		if err := Refused(ctx); err != nil || ClientOf(ctx) != netip.MustParseAddr("127.0.0.1") {
			t.Errorf("%v from %v", err, ClientOf(ctx))
		}
	}
	if err := Refused(WithConn(t.Context(), second)); over(t, err) != MaxConnections {
		t.Errorf("refused: %v", err)
	}
	if got := ClientOf(context.Background()); got.IsValid() {
		t.Errorf("nobody's request comes from %v", got)
	}
}

// secure is a connection wrapped as TLS wraps it.
type secure struct {
	net.Conn
	inner net.Conn
}

func (s secure) NetConn() net.Conn { return s.inner }

func TestAddresses(t *testing.T) {
	t.Parallel()
	exempt, proxy := netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("10.0.0.0/8")
	a := NewAddresses(AddressLimits{
		Connections: 1, Connects: 1, Requests: 1, BadTokens: 1,
		Exempt: []netip.Prefix{exempt}, Proxies: []netip.Prefix{proxy},
	}, NewMetrics(nil))
	a.table.now = func() time.Duration { return 0 }
	for address, held := range map[string]bool{
		"203.0.113.1": true, "2001:db8::1": true, "192.0.2.9": false, "10.1.1.1": true,
	} {
		addr := netip.MustParseAddr(address)
		var requests, guesses error
		for range 6 {
			requests, guesses = a.request(addr), a.Guess(addr)
			a.Guessed(addr)
		}
		if (over(t, requests) == AddressRequestRate) != held || (over(t, guesses) == AddressBadTokenRate) != held {
			t.Errorf("%s: %v, %v", address, requests, guesses)
		}
	}
	if over(t, a.request(netip.MustParseAddr("2001:db8::ffff:0:0:1"))) == "" {
		t.Error("a network's other address is another's")
	}
	if err := a.request(netip.MustParseAddr("2001:db8:0:1::1")); err != nil {
		t.Errorf("another network: %v", err)
	}
	if err := a.request(netip.Addr{}); err != nil {
		t.Errorf("from nowhere: %v", err)
	}
	for range 10 {
		if name, _ := a.connect(netip.MustParseAddr("10.1.1.1")); name != "" {
			t.Errorf("a proxy's connection: %s", name)
		}
	}
	var nobody *Addresses
	if _, err := nobody.Request(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)); err != nil {
		t.Error(err)
	}
	if err := nobody.Guess(netip.MustParseAddr("203.0.113.1")); err != nil {
		t.Error(err)
	}
	nobody.Guessed(netip.MustParseAddr("203.0.113.1"))
}

// A proxy is believed whom it calls for, in requests served over its connection.
func TestClientOfAProxy(t *testing.T) {
	t.Parallel()
	a := NewAddresses(AddressLimits{Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, NewMetrics(nil))
	client := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, ClientOf(r.Context())) })
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		let, err := a.Request(r)
		if err != nil {
			t.Error(err)
			return
		}
		client.ServeHTTP(w, let)
	}))
	server.Listener = a.Listen(server.Listener)
	server.Config.ConnContext = WithConn
	server.Start()
	defer server.Close()
	for header, want := range map[string]string{"203.0.113.5": "203.0.113.5", "": "127.0.0.1"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			req.Header.Set("X-Forwarded-For", header)
		}
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || string(b) != want {
			t.Errorf("%q: from %s, %v", header, b, err)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	a := NewAddresses(AddressLimits{
		Requests: 1_000_000_000, Exempt: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}, NewMetrics(nil))
	addresses := make([]netip.Addr, 10_000)
	for i := range addresses {
		addresses[i] = netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := a.request(addresses[i%len(addresses)]); err != nil {
			b.Fatal(err)
		}
	}
}
