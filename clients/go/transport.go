package ovation

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// newTransport returns a pool of connections for a base URL, which a dialer opens.
func newTransport(base string, dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		Protocols:           protocolsFor(base),
		Proxy:               proxyFor,
		DialContext:         dial,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     90 * time.Second,
		HTTP2: &http.HTTP2Config{
			// What a slow reader leaves unread waits at the server, which
			// drops the oldest, and not here.
			MaxReceiveBufferPerStream: 256 << 10,
			// Longer than a heartbeat: only a dead connection is ever asked.
			SendPingTimeout:  30 * time.Second,
			PingTimeout:      10 * time.Second,
			WriteByteTimeout: 20 * time.Second,
		},
	}
}

// protocolsFor chooses HTTP/2 with prior knowledge for cleartext, which a transport
// only speaks where HTTP/1 is not allowed, and whatever is negotiated for TLS.
func protocolsFor(base string) *http.Protocols {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	if strings.HasPrefix(base, "https:") {
		protocols.SetHTTP1(true)
	} else {
		protocols.SetUnencryptedHTTP2(true)
	}
	return protocols
}

// proxyFor leaves cleartext out: proxies do not speak HTTP/2 with prior knowledge.
func proxyFor(request *http.Request) (proxy *url.URL, err error) {
	if request.URL.Scheme == "https" {
		proxy, err = http.ProxyFromEnvironment(request)
	}
	return proxy, err
}

// connections are those that a client has open. A transport by itself closes only
// the idle ones, and one whose last call was just cancelled is not idle yet.
type connections struct {
	mu   sync.Mutex
	open map[*connection]struct{}
}

// connection is one of them.
type connection struct {
	net.Conn
	of *connections
}

// dial opens a connection.
func (cs *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	inner, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := &connection{inner, cs}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.open == nil {
		cs.open = map[*connection]struct{}{}
	}
	cs.open[conn] = struct{}{}
	return conn, nil
}

// Close closes it.
func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// closeAll closes what is open.
func (cs *connections) closeAll() {
	cs.mu.Lock()
	open := slices.Collect(maps.Keys(cs.open))
	cs.mu.Unlock()
	for _, conn := range open {
		_ = conn.Close()
	}
}
