package ovation

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live/feed"
)

// Over real sockets: HTTP/2 in cleartext, and a connection for every client.
func TestCleartextHTTP2(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	mux := http.NewServeMux()
	mux.Handle(ovationv1connect.NewFeedServiceHandler(f))
	mux.Handle(ovationv1connect.NewRoomServiceHandler(f))
	mux.Handle(ovationv1connect.NewAttributeServiceHandler(f))
	var mu sync.Mutex
	connections := map[string]bool{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s over %s", r.URL.Path, r.Proto)
		}
		mux.ServeHTTP(w, r)
	}))
	server.Config.Protocols = protocolsFor("http:")
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(c net.Conn, _ http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		connections[c.RemoteAddr().String()] = true
	}
	server.Start()
	t.Cleanup(server.Close)
	const clients = 5
	for range clients {
		c, err := New(server.URL, WithToken("token"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		room, err := c.Join(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(room.Close)
		next[*Connected](t, room)
		text := c.base
		f.say(feed.Low, text)
		for got := ""; got != text; {
			for _, m := range next[*Messages](t, room).Messages {
				got = m.Text
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(connections) != clients {
		t.Errorf("%d connections of %d clients", len(connections), clients)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "localhost:8080", "ftp://host", "http://", "http://a b"} {
		if _, err := New(base); err == nil {
			t.Errorf("%q is taken", base)
		}
	}
}

// An endpoint that gives up encryption is not followed.
func TestMoveTo(t *testing.T) {
	t.Parallel()
	c, err := New("https://live.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	r := &Room{client: c, feed: c.feed, log: c.log}
	for _, step := range []struct{ to, want string }{
		{"http://node1.example.com", ""},
		{"https://node1.example.com/", "https://node1.example.com"},
		{"nonsense", "https://node1.example.com"},
		{"https://live.example.com", ""},
		{"https://node2.example.com", "https://node2.example.com"},
		{"", ""},
	} {
		if r.moveTo(step.to); r.endpoint != step.want {
			t.Errorf("to %q: at %q, want %q", step.to, r.endpoint, step.want)
		}
	}
}
