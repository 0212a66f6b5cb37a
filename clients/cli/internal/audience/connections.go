package audience

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// connections is the HTTP client of one viewer, with connections that nobody else
// uses and that can be broken.
type connections struct {
	dialer net.Dialer

	mu   sync.Mutex
	open map[net.Conn]struct{}
}

func newConnections() *connections {
	return &connections{
		dialer: net.Dialer{Timeout: 20 * time.Second, KeepAlive: 30 * time.Second},
		open:   make(map[net.Conn]struct{}),
	}
}

// client returns an HTTP client over the connections: HTTP/2, without TLS too, but past
// proxies then, which do not speak that.
func (c *connections) client(server string) *http.Client {
	transport := &http.Transport{
		Protocols:           new(http.Protocols),
		ForceAttemptHTTP2:   true,
		DialContext:         c.dial,
		TLSHandshakeTimeout: 20 * time.Second,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerConnection: 1 << 20,
			MaxReceiveBufferPerStream:     256 << 10,
			SendPingTimeout:               60 * time.Second,
			PingTimeout:                   20 * time.Second,
		},
	}
	transport.Protocols.SetHTTP2(true)
	if strings.HasPrefix(server, "https://") {
		transport.Protocols.SetHTTP1(true)
		transport.Proxy = http.ProxyFromEnvironment
	} else {
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	return &http.Client{Transport: transport}
}

func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	raw, err := c.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := &connection{Conn: raw, owner: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[conn] = struct{}{}
	return conn, nil
}

// kill breaks what is open, without a word to either side. It reports whether there
// was anything.
func (c *connections) kill() bool {
	c.mu.Lock()
	victims := make([]net.Conn, 0, len(c.open))
	for conn := range c.open {
		victims = append(victims, conn)
	}
	c.mu.Unlock()
	for _, conn := range victims {
		_ = conn.Close()
	}
	return len(victims) > 0
}

// connection tells its owner when it is closed.
type connection struct {
	net.Conn
	owner *connections
}

func (c *connection) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.open, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}
