package hostile

import (
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// Viewers who open a stream and never read it, a third each: over HTTP/1.1, over HTTP/2 with
// as large a window as there is, and with none. The room is loud: kernels' buffers fill.
func TestReadersWhoNeverRead(t *testing.T) {
	wanted := connections(t, size(300, 1000))
	attack{name: fmt.Sprintf("%d readers who never read", wanted), most: 64 + wanted/4, do: func(t *testing.T, s *server) {
		each(wanted, 50, func(i int) {
			d := dialer(i)
			d.Control = narrow
			conn, err := d.DialContext(t.Context(), "tcp", s.address)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			ignore(conn, i%3, bearer(t, fmt.Sprintf("ignorant-%d", i)))
		})
		eventually(t, "all have begun", func() bool {
			return strings.Contains(s.operate(t, "/metrics"), fmt.Sprintf(`ovation_hub_subscribers{delivery="inline"} %d`, wanted+steadyViewers/2))
		})
		s.shout(t, size(100, 500))
	}}.run(t)
}

// narrow makes what the kernel keeps of what is not read as little as it can be.
func narrow(_, _ string, c syscall.RawConn) (err error) {
	failed := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
	})
	if failed != nil {
		return failed
	}
	return err
}

// ignore subscribes in one of three ways, and leaves it at that.
func ignore(conn net.Conn, which int, authorization string) {
	const procedure, contentType = "FeedService/Subscribe", "application/connect+json"
	body := envelope(`{"roomId":"steady","delivery":"DELIVERY_INLINE"}`)
	switch which {
	case 0:
		_, _ = fmt.Fprintf(conn, "POST /ovation.v1.%s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nAuthorization: %s\r\nContent-Length: %d\r\n\r\n%s",
			procedure, contentType, authorization, len(body), body)
	case 1:
		p := newPeer(conn, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
		p.note(p.framer.WriteWindowUpdate(0, 1<<30))
		p.call(1, procedure, contentType, authorization, body)
	default:
		p := newPeer(conn, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		p.call(1, procedure, contentType, authorization, body)
		go func() { _, _ = io.Copy(io.Discard, conn) }() // it lives, and takes no message
	}
}

// shout sends large messages into the steady room, about fifty a second, whose bucket is not
// that of the steady ones.
func (s *server) shout(t *testing.T, messages int) {
	t.Helper()
	backend := s.honest(t, token.Claims{User: "loud", Role: live.RoleBackend, Rooms: []live.RoomID{token.AnyRoom}})
	text := strings.Repeat("loud", 120)
	payload := make([]byte, 4<<10)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range messages {
		_, err := backend.Feed().Send(t.Context(), &ovationv1.SendRequest{
			RoomId: steadyRoom, Text: text, Payload: payload, Bucket: ovationv1.Bucket_BUCKET_WHITELIST,
		})
		if err != nil {
			t.Error(err)
			return
		}
		<-ticker.C
	}
}
