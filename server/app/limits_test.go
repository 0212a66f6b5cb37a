package app_test

import (
	"strings"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

// Every protocol tells of a request that is too large, and serves the next.
func TestOversizeRequests(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.MaxRequestBytes = 1 << 10 })
	n.create(t, "r")
	everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
		c := n.clients(tr.client(t, bearer(t, live.RoleViewer, "r")), opts...)
		_, err := c.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: strings.Repeat("x", 2<<10)})
		if connect.CodeOf(err) != connect.CodeResourceExhausted {
			t.Errorf("unary: %v", err)
		}
		if reason(err) != ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED || detail(err).GetMetadata()["max_request_bytes"] != "1024" {
			t.Errorf("told %v, %v", err, detail(err))
		}
		stream, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: strings.Repeat("x", 2<<10)})
		if err == nil {
			defer stream.Close()
			_, err = last(stream)
		}
		if connect.CodeOf(err) != connect.CodeResourceExhausted {
			t.Errorf("stream: %v", err)
		}
		if _, err := c.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "small"}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

func TestHugeHeaders(t *testing.T) {
	t.Parallel()
	n := start(t)
	got := do(t, http1.client(t, ""), "POST", n.url+"/ovation.v1.FeedService/SyncClock", "{}",
		"Content-Type", "application/json", "Authorization", "Bearer "+strings.Repeat("x", 100<<10))
	if got.status != 431 {
		t.Errorf("%d %s", got.status, got.body)
	}
}
