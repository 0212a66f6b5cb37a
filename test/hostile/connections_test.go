package hostile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Nothing: what the steady room costs by itself, for comparison.
func TestNothing(t *testing.T) {
	attack{name: "none, for a second", most: 64, do: func(t *testing.T, _ *server) {
		select {
		case <-time.After(time.Second):
		case <-t.Context().Done():
		}
	}}.run(t)
}

// Connections that do nothing cost memory, and that alone: of those that never said a
// word, those that made a request over HTTP/1.1, and those that opened HTTP/2, a third each.
func TestIdleConnections(t *testing.T) {
	wanted := connections(t, size(3000, 10_000))
	attack{name: fmt.Sprintf("%d idle connections", wanted), most: 64 + wanted/10, do: func(t *testing.T, s *server) {
		var open atomic.Int64
		each(wanted, 50, func(i int) {
			conn, err := dialer(i).DialContext(t.Context(), "tcp", s.address)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			if err := idle(conn, i%3); err != nil {
				t.Errorf("connection %d: %v", i, err)
			}
			open.Add(1)
		})
		eventually(t, "all are open", func() bool { return s.metric(t, "ovation_limit_connections") >= float64(open.Load()) })
	}}.run(t)
}

// idle makes a connection one of the three.
func idle(conn net.Conn, which int) error {
	_ = conn.SetDeadline(time.Now().Add(patience))
	switch which {
	case 1:
		if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		return res.Body.Close()
	case 2:
		p := &peer{Conn: conn}
		p.greet()
		_, err := io.CopyN(io.Discard, conn, 9) // its settings have begun to come
		return errors.Join(p.err, err)
	default:
		return nil
	}
}

// An address that opens connections as fast as it can is refused, and told so.
func TestConnectionFlood(t *testing.T) {
	wanted := size(2000, 10_000)
	rate := []string{"OVATION_ADDRESS_CONNECT_RATE=50"} // which the slowest machine is over
	attack{name: fmt.Sprintf("%d connections from one address", wanted), env: rate, most: 96, do: func(t *testing.T, s *server) {
		var served, refused, cut atomic.Int64
		var authorizations []string // users have limits of their own
		for i := range 100 {
			authorizations = append(authorizations, bearer(t, fmt.Sprintf("flooder-%d", i)))
		}
		each(wanted, 100, func(i int) {
			c := s.caller(t, 0, 1, authorizations[i%100])
			got := c.call(t, "RoomService/GetRoom", `{"roomId":"`+steadyRoom+`"}`)
			c.client.CloseIdleConnections()
			switch {
			case got.status == 0:
				cut.Add(1) // closed without a word: more than 256 refused ones were open
			case got.reason == "LIMIT_EXCEEDED" && strings.Contains(got.body, "address_connect_rate"):
				refused.Add(1)
			case got.status == http.StatusOK:
				served.Add(1)
			default:
				t.Errorf("%d %s", got.status, got.body)
			}
		})
		t.Logf("%d served, %d refused, %d cut", served.Load(), refused.Load(), cut.Load())
		if served.Load() == 0 || refused.Load() == 0 {
			t.Errorf("%d were served, %d refused", served.Load(), refused.Load())
		}
	}}.run(t)
}

// Requests that come a byte at a time are cut: headers after 10 s, and what is after them
// after 30 s, with an error that says so.
func TestSlowRequests(t *testing.T) {
	wanted := connections(t, size(500, 2000))
	attack{name: fmt.Sprintf("%d requests, byte by byte", wanted), most: 96, do: func(t *testing.T, s *server) {
		head := "POST /ovation.v1.FeedService/SyncClock HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
			"Content-Length: 1000\r\nAuthorization: "
		each(wanted, wanted, func(i int) {
			conn, err := dialer(i).DialContext(t.Context(), "tcp", s.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			body := full() && i%2 == 0
			text, pace := head+strings.Repeat("x", 1000), 500*time.Millisecond
			if body {
				if _, err := io.WriteString(conn, head+bearer(t, fmt.Sprintf("slow-%d", i))+"\r\n\r\n"); err != nil {
					t.Error(err)
					return
				}
				text = strings.Repeat(" ", 1000)
			}
			if got := trickle(conn, text, pace); body && !strings.Contains(got, "ERROR_REASON_DEADLINE_EXCEEDED") {
				t.Errorf("connection %d: %q", i, got)
			}
		})
	}}.run(t)
}

// trickle sends a text a byte at a time, until the other side has had enough, and returns
// what that said.
func trickle(conn net.Conn, text string, pace time.Duration) string {
	var said []byte
	buf := make([]byte, 4<<10)
	for i := range len(text) {
		if _, err := conn.Write([]byte{text[i]}); err != nil {
			return string(said)
		}
		_ = conn.SetReadDeadline(time.Now().Add(pace))
		n, err := conn.Read(buf)
		said = append(said, buf[:n]...)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return string(said)
		}
	}
	return string(said) + " and it was never cut"
}
