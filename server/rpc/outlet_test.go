package rpc_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/rpc"
	"github.com/ovation-live/ovation/token"
)

// deaf opens a stream over HTTP/1.1 that nobody ever reads.
func deaf(t *testing.T, url string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	minted, err := token.Mint("secret", token.Claims{User: "deaf", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}})
	if err != nil {
		t.Fatal(err)
	}
	message := "\x0a\x01r\x10\x02" // INLINE
	body := "\x00\x00\x00\x00" + string(rune(len(message))) + message
	_, err = fmt.Fprintf(conn, "POST /ovation.v1.FeedService/Subscribe HTTP/1.1\r\nHost: x\r\n"+
		"Content-Type: application/connect+proto\r\nContent-Length: %d\r\nAuthorization: Bearer %s\r\n\r\n%s",
		len(body), minted, body)
	if err != nil {
		t.Fatal(err)
	}
}

// A stream whose reader takes nothing ends, over either protocol; one that is read, and
// one that has nothing to say, do not.
func TestReadersWhoNeverRead(t *testing.T) {
	t.Parallel()
	const within = 500 * time.Millisecond
	client, url, h := startFeedWithin(t, within)
	backend := ovationv1connect.NewFeedServiceClient(client, url, as(t, "b", live.RoleBackend))
	rooms := ovationv1connect.NewRoomServiceClient(client, url, as(t, "b", live.RoleBackend))
	for _, id := range []string{"r", "quiet"} {
		if _, err := rooms.CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: id}); err != nil {
			t.Fatal(err)
		}
	}
	subscribe := func(user live.UserID, id string) func() bool {
		viewer := ovationv1connect.NewFeedServiceClient(client, url, as(t, user, live.RoleViewer))
		stream, err := viewer.Subscribe(t.Context(), &ovationv1.SubscribeRequest{
			RoomId: id, Delivery: ovationv1.Delivery_DELIVERY_INLINE,
		})
		if err != nil || !stream.Receive() {
			t.Fatalf("Subscribe: %v", err)
		}
		t.Cleanup(func() { _ = stream.Close() })
		return stream.Receive
	}
	subscribe("quiet", "quiet")
	subscribe("deaf over HTTP/2", "r")
	deaf(t, url)
	if receive := subscribe("reader", "r"); receive != nil {
		go func() {
			for receive() {
			}
		}()
	}
	for begun := time.Now(); len(h.Sessions()["r"]) < 3; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 5*time.Second {
			t.Fatalf("subscribed: %v", h.Sessions())
		}
	}
	payload := make([]byte, 4096)
	for begun := time.Now(); len(h.Sessions()["r"]) > 1; {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("still there: %v", h.Sessions())
		}
		_, err := backend.Send(t.Context(), &ovationv1.SendRequest{
			RoomId: "r", Kind: ovationv1.MessageKind_MESSAGE_KIND_SYSTEM, Payload: payload,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(2 * within)
	if got := h.Sessions(); len(got["r"]) != 1 || len(got["quiet"]) != 1 {
		t.Errorf("left: %v", got)
	}
}

// taking is a response of which a reader takes a few bytes at a time.
type taking struct {
	http.ResponseWriter // none

	each  int           // bytes
	after time.Duration // each
	cut   chan struct{}
	once  sync.Once
}

// Write implements http.ResponseWriter.
func (r *taking) Write(b []byte) (int, error) {
	for taken := 0; taken < len(b); taken += r.each {
		select {
		case <-time.After(r.after):
		case <-r.cut:
			return taken, os.ErrDeadlineExceeded
		}
	}
	return len(b), nil
}

// SetWriteDeadline is what an http.ResponseController calls.
func (r *taking) SetWriteDeadline(time.Time) error {
	r.once.Do(func() { close(r.cut) })
	return nil
}

// A reader who takes a large frame slowly is not cut, however long that is; one who
// takes next to nothing is.
func TestReadersWhoAreSlow(t *testing.T) {
	t.Parallel()
	const patience, frame = 30 * time.Second, 1 << 20
	for name, tt := range map[string]struct {
		each int
		cut  bool
	}{"a modem": {4 << 10, false}, "a drip": {1 << 10, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				n, err := rpc.WriteThrough(&taking{each: tt.each, after: time.Second, cut: make(chan struct{})}, patience, make([]byte, frame))
				took := time.Since(begun)
				if cut := err != nil; cut != tt.cut || cut && took > 2*patience || !cut && (n != frame || took < 4*patience) {
					t.Errorf("%d bytes in %v, %v", n, took, err)
				}
			})
		})
	}
}
