package failure

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// How the balancer asks nodes how they are: after so many silences in a row a node is down.
const (
	askEvery = 250 * time.Millisecond
	askLimit = time.Second
	silences = 2
)

// balancer spreads connections over nodes, as a load balancer does before a deployment: those
// that are ready get new ones in turn, and those that do not answer lose theirs.
type balancer struct {
	listener net.Listener
	asking   *http.Client
	tasks    sync.WaitGroup

	mu       sync.Mutex
	backends []*backend
	turn     int
	closed   bool
}

// backend is a node as the balancer sees it.
type backend struct {
	address string
	ready   bool
	silent  int                   // answers that did not come, in a row
	conns   map[net.Conn]struct{} // those that go through
}

// balance starts a balancer, until the test ends.
func balance(t *testing.T) *balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	b := &balancer{listener: l, asking: &http.Client{Transport: transport, Timeout: askLimit}}
	b.tasks.Go(b.accept)
	t.Cleanup(func() {
		b.close()
		b.tasks.Wait()
		transport.CloseIdleConnections()
	})
	return b
}

// url returns the balancer's address.
func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

// add has the balancer serve by a node too, until the test ends.
func (b *balancer) add(t *testing.T, n *node) {
	t.Helper()
	e := &backend{address: n.address, conns: map[net.Conn]struct{}{}}
	b.mu.Lock()
	b.backends = append(b.backends, e)
	b.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	b.tasks.Go(func() { b.follow(ctx, e) })
	eventually(t, "the balancer finds the node ready", func() bool { return b.isReady(e) })
}

func (b *balancer) isReady(e *backend) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return e.ready
}

// follow asks a node how it is, again and again.
func (b *balancer) follow(ctx context.Context, e *backend) {
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		b.ask(ctx, e)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (b *balancer) ask(ctx context.Context, e *backend) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.address+"/readyz", http.NoBody)
	if err != nil {
		panic(err) // the address is one
	}
	response, err := b.asking.Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		e.silent, e.ready = 0, response.StatusCode == http.StatusOK
		return
	}
	if e.silent++; e.silent < silences {
		return
	}
	e.ready = false
	for conn := range e.conns {
		_ = conn.Close()
	}
}

// accept takes connections until the balancer is closed.
func (b *balancer) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.tasks.Go(func() { b.carry(conn) })
	}
}

// carry carries a connection to a node and back.
func (b *balancer) carry(client net.Conn) {
	defer client.Close()
	for range 3 {
		e := b.next()
		if e == nil {
			return
		}
		server, err := net.DialTimeout("tcp", e.address, askLimit)
		if err != nil {
			continue
		}
		if b.enter(e, client, server) {
			b.join(client, server)
		}
		b.leave(e, client, server)
		return
	}
}

// join copies both ways until one ends.
func (*balancer) join(client, server net.Conn) {
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			_ = client.Close()
			_ = server.Close()
		})
	}
	both.Wait()
}

// next returns the node whose turn it is; nil if none is ready.
func (b *balancer) next() *backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.backends {
		b.turn++
		if e := b.backends[b.turn%len(b.backends)]; e.ready {
			return e
		}
	}
	return nil
}

// enter notes connections, unless the balancer was closed meanwhile.
func (b *balancer) enter(e *backend, conns ...net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, conn := range conns {
		e.conns[conn] = struct{}{}
	}
	return !b.closed
}

// leave forgets and closes connections.
func (b *balancer) leave(e *backend, conns ...net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, conn := range conns {
		delete(e.conns, conn)
		_ = conn.Close()
	}
}

// close ends the balancer and all connections.
func (b *balancer) close() {
	_ = b.listener.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, e := range b.backends {
		for conn := range e.conns {
			_ = conn.Close()
		}
	}
}
