package app_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

func TestProbes(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := http1.client(t, "")
	for _, base := range []string{n.url, n.internal} {
		if got := do(t, c, "GET", base+"/healthz", ""); got.status != 200 || got.body != "ok\n" {
			t.Errorf("%s/healthz: %d %s", base, got.status, got.body)
		}
		if got := do(t, c, "GET", base+"/readyz", ""); got.status != 200 || got.body != "ready\n" {
			t.Errorf("%s/readyz: %d %s", base, got.status, got.body)
		}
	}
	if got := do(t, c, "GET", n.internal+"/metrics", ""); got.status != 200 || !contains(got.body, `ovation_hub_subscribers{delivery="auto"} 0`) {
		t.Errorf("metrics: %d", got.status)
	}
}

// stall makes a call that does not end, and holds the drain up with it. It returns when
// the server has begun to read the call.
func (n *node) stall(t *testing.T) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// A call whose request never comes to its end is under way as long as it likes.
	_, err = conn.Write([]byte("POST /ovation.v1.FeedService/SyncClock HTTP/1.1\r\nHost: x\r\n" +
		"Authorization: " + bearer(t, live.RoleViewer, "r") + "\r\n" +
		"Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	begun, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !contains(begun, "100 Continue") {
		t.Fatalf("%q, %v", begun, err)
	}
}

// While it drains a server lives, and is not ready; it takes no more connections.
func TestDrainIsSeen(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.DrainTimeout = 3 * time.Second })
	n.stall(t)
	n.drain()
	c := http1.client(t, "")
	status := 200
	for begun := time.Now(); status == 200 && time.Since(begun) < 2*time.Second; time.Sleep(10 * time.Millisecond) {
		status = do(t, c, "GET", n.internal+"/readyz", "").status
	}
	if status != 503 {
		t.Errorf("readyz: %d", status)
	}
	if got := do(t, c, "GET", n.internal+"/healthz", ""); got.status != 200 {
		t.Errorf("healthz: %d", got.status)
	}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
		if err != nil {
			break
		}
		_ = conn.Close()
		if time.Since(begun) > 2*time.Second {
			t.Fatal("it still takes connections")
		}
	}
	if err := <-n.stopped; err != nil {
		t.Errorf("drained: %v", err)
	}
	if !contains(n.logs.String(), "did not end in time") {
		t.Errorf("nothing said of what was cut:\n%s", n.logs)
	}
}

func TestStreamsAreToldToReconnect(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	var streams []*connect.ServerStreamForClient[ovationv1.SubscribeResponse]
	for _, tr := range []transport{http1, h2c} {
		for _, delivery := range []ovationv1.Delivery{ovationv1.Delivery_DELIVERY_NOTIFY, ovationv1.Delivery_DELIVERY_INLINE} {
			c := n.clients(tr.client(t, bearer(t, live.RoleViewer, "r")))
			stream, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: "r", Delivery: delivery})
			if err != nil || !stream.Receive() {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = stream.Close() })
			streams = append(streams, stream)
		}
	}
	n.drain()
	for _, stream := range streams {
		frame, err := last(stream)
		told := frame.GetReconnect()
		if err != nil || told.GetAfter().AsDuration() != time.Second || told.GetJitter().AsDuration() != time.Second ||
			told.GetReason() != ovationv1.ReconnectReason_RECONNECT_REASON_DRAIN {
			t.Errorf("last frame %v, %v", frame, err)
		}
	}
	begun := time.Now()
	if err := <-n.stopped; err != nil || time.Since(begun) > 3*time.Second {
		t.Errorf("stopped after %v: %v", time.Since(begun), err)
	}
	if contains(n.logs.String(), "level=ERROR") || contains(n.logs.String(), "level=WARN") {
		t.Errorf("logged:\n%s", n.logs)
	}
}

// A viewer who vanishes is no error of the server's.
func TestVanishedViewers(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	backend := n.backend(t)
	for _, tr := range []transport{http1, h2c} {
		for range 5 {
			rt := tr.client(t, bearer(t, live.RoleViewer, "r"))
			stream, err := n.clients(rt).feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{
				RoomId: "r", Delivery: ovationv1.Delivery_DELIVERY_INLINE,
			})
			if err != nil || !stream.Receive() {
				t.Fatal(err)
			}
			go func() {
				for range 20 {
					_, _ = backend.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: strings.Repeat("x", 400)})
				}
			}()
			time.Sleep(20 * time.Millisecond)
			_ = stream.Close()
			rt.CloseIdleConnections()
		}
	}
	n.drain()
	<-n.stopped
	if contains(n.logs.String(), "level=ERROR") {
		t.Errorf("logged:\n%s", n.logs)
	}
}
