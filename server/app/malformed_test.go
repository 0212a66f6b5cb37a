package app_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

// gzipped compresses a body.
func gzipped(t *testing.T, body string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever is wrong with a request, its caller is told which failure it is, in our
// words, and the log has it.
func TestUnreadableRequests(t *testing.T) {
	t.Parallel()
	const json, proto = "application/json", "application/proto"
	const invalid, limit = "ERROR_REASON_INVALID_FIELD", "ERROR_REASON_LIMIT_EXCEEDED"
	long := `{"roomId":"r","text":"` + strings.Repeat("x", 4<<10) + `"}`
	for name, tt := range map[string]struct {
		contentType, encoding, body string
		status                      int
		reason, says                string
	}{
		"not JSON":          {json, "", "}{", 400, invalid, "unexpected token }"},
		"another type":      {json, "", `{"roomId":5}`, 400, invalid, "roomId"},
		"not protobuf":      {proto, "", "\xff", 400, invalid, "cannot parse"},
		"not UTF-8":         {proto, "", "\x0a\x01\xff", 400, invalid, "UTF-8"},
		"too long":          {json, "", long, 429, limit, `"1024"`},
		"not gzip":          {json, "gzip", "{}", 400, invalid, "gzip"},
		"half of gzip":      {json, "gzip", gzipped(t, "{}")[:15], 400, invalid, "gzip"},
		"too long once out": {json, "gzip", gzipped(t, long), 429, limit, `"1024"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := start(t, func(c *config.Config) { c.MaxRequestBytes = 1 << 10 })
			for _, procedure := range []string{"Send", "Pull"} {
				header := []string{"Content-Type", tt.contentType, "X-Request-Id", "seen-" + procedure}
				if tt.encoding != "" {
					header = append(header, "Content-Encoding", tt.encoding)
				}
				got := do(t, http1.client(t, bearer(t, live.RoleViewer, "r")), "POST",
					n.url+"/ovation.v1.FeedService/"+procedure, tt.body, header...)
				if got.status != tt.status || strings.Count(got.body, `"reason":"`+tt.reason) != 1 || !contains(got.body, tt.says) {
					t.Errorf("%s: %d %s", procedure, got.status, got.body)
				}
				for _, leak := range []string{"ovationv1", "*", "configured max"} {
					if contains(got.body, leak) {
						t.Errorf("%s: %q is in %s", procedure, leak, got.body)
					}
				}
				if strings.Count(n.logs.String(), "seen-"+procedure) != 1 {
					t.Errorf("%s: logged\n%s", procedure, n.logs)
				}
			}
			if contains(n.logs.String(), "level=ERROR") || contains(n.logs.String(), "level=WARN") {
				t.Errorf("logged\n%s", n.logs)
			}
		})
	}
}

// A request of just the size that is read is read, whatever its protocol adds.
func TestRequestsOfTheLargestSize(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.MaxRequestBytes = 1 << 10 })
	n.create(t, "r")
	everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
		c := n.clients(tr.client(t, bearer(t, live.RoleViewer, "r")), opts...)
		_, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r", SessionId: strings.Repeat("x", 900)})
		if reason(err) == ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED {
			t.Errorf("told %v", err)
		}
	})
}

// Who may not call is answered before anything of the body has come.
func TestCallersAreKnownBeforeTheirRequestIsRead(t *testing.T) {
	t.Parallel()
	n := start(t)
	for _, contentType := range []string{"application/json", "application/grpc-web+proto", "application/connect+proto"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		procedure := "Send"
		if strings.Contains(contentType, "connect+") {
			procedure = "Subscribe"
		}
		_, err = io.WriteString(conn, "POST /ovation.v1.FeedService/"+procedure+" HTTP/1.1\r\nHost: x\r\n"+
			"Content-Type: "+contentType+"\r\nContent-Length: 100\r\n\r\n")
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		buf := make([]byte, 4<<10)
		read, err := conn.Read(buf)
		if err != nil || !bytes.Contains(buf[:read], []byte("no token")) && !bytes.Contains(buf[:read], []byte("no%20token")) {
			t.Errorf("%s: %q, %v", contentType, buf[:read], err)
		}
	}
	if got := strings.Count(n.logs.String(), "code=unauthenticated"); got != 3 {
		t.Errorf("%d of 3 are logged:\n%s", got, n.logs)
	}
}

// A call that ran out of time says so with a reason.
func TestDeadlineHasAReason(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	got := do(t, http1.client(t, bearer(t, live.RoleViewer, "r")), http.MethodPost, n.url+"/ovation.v1.FeedService/Pull",
		`{"roomId":"r","wait":"5s","cursor":{}}`, "Content-Type", "application/json", "Connect-Timeout-Ms", "100")
	if !contains(got.body, "ERROR_REASON_DEADLINE_EXCEEDED") {
		t.Errorf("%d %s", got.status, got.body)
	}
}
