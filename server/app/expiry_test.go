package app_test

import (
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// A token that expires while its streams are open ends them, and says what to do. It is
// refused from then on: nobody comes back with it for a moment.
func TestTokenExpiresUnderStreams(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	expires := time.Now().Add(2 * time.Second).Truncate(time.Second)
	signed := mint(t, token.Claims{User: "u", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}, Expires: expires})
	var streams []*connect.ServerStreamForClient[ovationv1.SubscribeResponse]
	for _, tr := range []transport{http1, h2c} {
		for _, opts := range [][]connect.ClientOption{nil, {connect.WithGRPC()}, {connect.WithGRPCWeb()}} {
			for delivery := range ovationv1.Delivery_name {
				c := n.clients(tr.client(t, "Bearer "+signed), opts...)
				stream, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{
					RoomId: "r", Delivery: ovationv1.Delivery(delivery),
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = stream.Close() })
				streams = append(streams, stream)
			}
		}
	}
	ended := n.clients(h2c.client(t, "Bearer "+signed))
	for _, stream := range streams {
		frame, err := last(stream)
		kicked := frame.GetKicked()
		if err != nil || kicked.GetReason() != ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED ||
			!kicked.GetMayReconnect() || kicked.GetMessage() == "" {
			t.Errorf("last frame %v, %v", frame, err)
		}
		if early := time.Until(expires); early > 0 {
			t.Errorf("%v too early", early)
		}
		_, err = ended.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"})
		if got := reason(err); got != ovationv1.ErrorReason_ERROR_REASON_TOKEN_EXPIRED {
			t.Errorf("then told %v", err)
		}
	}
}
