package app_test

import (
	"strings"
	"testing"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

// Whoever advertises gzip gets frames as they are: compressing them for each
// subscriber anew costs more than it saves.
func TestFramesAreNotCompressed(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	backend := n.backend(t)
	long := strings.Repeat("hello ", 60)
	for range 20 {
		if _, err := backend.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: long}); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct{ contentType, accept, request string }{
		"Connect JSON": {"application/connect+json", "Connect-Accept-Encoding", `{"roomId":"r","delivery":"DELIVERY_INLINE"}`},
		"Connect":      {"application/connect+proto", "Connect-Accept-Encoding", "\x0a\x01r\x10\x02"},
		"gRPC":         {"application/grpc", "Grpc-Accept-Encoding", "\x0a\x01r\x10\x02"},
		"gRPC-Web":     {"application/grpc-web+proto", "Grpc-Accept-Encoding", "\x0a\x01r\x10\x02"},
	} {
		for _, tr := range []transport{http1, h2c} {
			t.Run(name+" over "+tr.name, func(t *testing.T) {
				t.Parallel()
				c := tr.client(t, bearer(t, live.RoleViewer, "r"))
				stream := open(t, c, n.url+"/ovation.v1.FeedService/Subscribe", tt.request,
					"Content-Type", tt.contentType, tt.accept, "gzip", "Accept-Encoding", "gzip")
				if got := stream.header.Get("Content-Encoding"); got != "" {
					t.Errorf("Content-Encoding: %s", got)
				}
				flags, _ := stream.next(t)
				more, message := stream.next(t)
				if flags != 0 || more != 0 || !strings.Contains(message, "hello hello") {
					t.Errorf("flags %d, %d: %.40q", flags, more, message)
				}
			})
		}
	}
}

// Large answers to calls are compressed; small ones, and those whose bytes are shared,
// are not.
func TestLargeAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	backend := n.backend(t)
	c := http1.client(t, bearer(t, live.RoleViewer, "r"))
	call := func(procedure, body string) string {
		return do(t, c, "POST", n.url+"/ovation.v1."+procedure, body,
			"Content-Type", "application/json", "Accept-Encoding", "gzip").header.Get("Content-Encoding")
	}
	if got := call("FeedService/SyncClock", `{}`); got != "" {
		t.Errorf("a small answer: %q", got)
	}
	for range 20 {
		text := strings.Repeat("hello ", 60)
		if _, err := backend.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	if got := call("FeedService/ListHistory", `{"roomId":"r"}`); got != "gzip" {
		t.Errorf("a large answer: %q", got)
	}
	if got := call("FeedService/Pull", `{"roomId":"r"}`); got != "" {
		t.Errorf("an answer that many get: %q", got)
	}
}
