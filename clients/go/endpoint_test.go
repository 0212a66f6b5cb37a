package ovation

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
)

// network is hosts that are all the same fake, some of which cannot be reached.
type network struct {
	*fake

	mu    sync.Mutex
	dead  map[string]bool     // refuses connections
	still map[string]bool     // takes them, and never answers
	calls map[string][]string // the hosts that each procedure was called at
	conns map[string][]net.Conn
}

func newNetwork(f *fake) *network {
	n := &network{fake: f, dead: map[string]bool{}, still: map[string]bool{}, calls: map[string][]string{}, conns: map[string][]net.Conn{}}
	f.wrap = func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.mu.Lock()
			name := path.Base(r.URL.Path)
			n.calls[name] = append(n.calls[name], r.Host)
			n.mu.Unlock()
			inner.ServeHTTP(w, r)
		})
	}
	return n
}

// join enters the room by way of http://fake.
func (n *network) join(t *testing.T) *Room {
	t.Helper()
	n.start()
	transport := newTransport(n.base, n.dial)
	t.Cleanup(transport.CloseIdleConnections)
	return n.joinWith(n.client(WithHTTPClient(&http.Client{Transport: transport})))
}

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	dead, still := n.dead[host], n.still[host]
	n.mu.Unlock()
	switch {
	case dead:
		return nil, errors.New("connection refused")
	case still:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	conn, err := n.listener.dial(ctx, network, address)
	if err == nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.conns[host] = append(n.conns[host], conn)
	}
	return conn, err
}

// kill has a host die.
func (n *network) kill(host string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dead[host] = true
	for _, conn := range n.conns[host] {
		_ = conn.Close()
	}
}

// at returns the hosts that a procedure was called at, and forgets them.
func (n *network) at(procedure string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	hosts := n.calls[procedure]
	delete(n.calls, procedure)
	return hosts
}

// wantAt fails unless a procedure was called at these hosts, one after the other.
func (n *network) wantAt(t *testing.T, procedure string, want ...string) {
	t.Helper()
	if got := n.at(procedure); !slices.Equal(got, want) {
		t.Errorf("%s at %q, want %q", procedure, got, want)
	}
}

// sendAndSee sends a text and waits for it.
func sendAndSee(t *testing.T, room *Room, text string) {
	t.Helper()
	if _, err := room.SendText(t.Context(), text); err != nil {
		t.Error(err)
	}
	if got := read(t, room, 1); got[0] != text {
		t.Errorf("got %q", got)
	}
}

// The endpoint that JoinRoom names is where the feed comes from, and goes to.
func TestJoinsEndpoint(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		n := newNetwork(f)
		f.endpoint = "http://node-2/"
		room := n.join(t)
		next[*Connected](t, room)
		sendAndSee(t, room, "hello")
		n.wantAt(t, "JoinRoom", "fake")
		n.wantAt(t, "Subscribe", "node-2")
		n.wantAt(t, "Send", "node-2")
		n.wantAt(t, "Pull", "node-2")
	})
}

// Where it cannot be reached the address that the client was given serves as well, and
// streams: that nothing answers there says nothing of the network here.
func TestEndpointThatCannotBeReached(t *testing.T) {
	for name, fail := range map[string]func(*network){
		"refuses": func(n *network) { n.dead["node-2"] = true },
		"silent":  func(n *network) { n.still["node-2"] = true },
	} {
		t.Run(name, func(t *testing.T) {
			scenario(t, func(t *testing.T, f *fake) {
				n := newNetwork(f)
				f.endpoint = "http://node-2"
				fail(n)
				room := n.join(t)
				begun := time.Now()
				if c := next[*Connected](t, room); c.Polling {
					t.Error("it polls")
				}
				if took := time.Since(begun); took > 10*time.Second {
					t.Errorf("it took %v", took)
				}
				n.wantAt(t, "Subscribe", "fake")
				sendAndSee(t, room, "hello")
			})
		})
	}
}

// A stream's last frame sends the client to another node, with its session and its
// place; when that dies, it comes back the way it came.
func TestReconnectsEndpoint(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		n := newNetwork(f)
		f.onSubscribe = func(count int, s *subscription) error {
			if count == 0 {
				if err := s.welcome(f, notifying); err != nil {
					return err
				}
				return s.stream.Send(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Reconnect{
					Reconnect: &ovationv1.Reconnect{
						Endpoint: "http://node-3", Jitter: durationpb.New(time.Second),
						Reason: ovationv1.ReconnectReason_RECONNECT_REASON_MOVE,
					},
				}})
			}
			if s.request.GetSessionId() != "s1" || s.request.GetCursor().GetEpoch() == "" {
				t.Errorf("resumed with %v", s.request)
			}
			return f.plainStream(s)
		}
		f.say(feed.Low, "before")
		room := n.join(t)
		read(t, room, 1)
		next[*Connected](t, room)
		next[*Connected](t, room)
		sendAndSee(t, room, "hello")
		n.wantAt(t, "Subscribe", "fake", "node-3")
		n.wantAt(t, "Send", "node-3")
		n.kill("node-3")
		if _, err := room.SendText(t.Context(), "while it is away"); err != nil {
			t.Error(err)
		}
		if got := read(t, room, 1); got[0] != "while it is away" {
			t.Errorf("got %q", got)
		}
		n.wantAt(t, "Subscribe", "fake")
		n.wantAt(t, "Send", "fake")
	})
}
