package ovation

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

type connKey struct{}

// resetting is a server that resets connections: at once, or after a message of the stream.
func resetting(t *testing.T) *Client {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") == "application/connect+proto" {
			w.Header().Set("Content-Type", "application/connect+proto")
			_, _ = w.Write([]byte{0, 0, 0, 0, 0})
			_ = http.NewResponseController(w).Flush()
		}
		conn := r.Context().Value(connKey{}).(*net.TCPConn) // as below
		_ = conn.SetLinger(0)
		_ = conn.Close()
	}))
	server.Config.Protocols = protocolsFor("http:")
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}
	server.Start()
	t.Cleanup(server.Close)
	c, err := New(server.URL, WithToken("token"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Whose connection breaks has not given up, and may try again.
func TestABrokenConnectionIsUnavailable(t *testing.T) {
	t.Parallel()
	c := resetting(t)
	if _, err := c.Rooms().GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"}); connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("a call: %v", err)
	}
	stream, err := c.Feed().Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: "r"})
	if err == nil {
		for stream.Receive() {
		}
		err = stream.Err()
		_ = stream.Close()
	}
	if connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("a stream: %v", err)
	}
}
