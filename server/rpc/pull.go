package rpc

import (
	"context"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
)

// newPullHandler returns FeedService's Pull: viewers who are notified together pull
// the same, and get the same bytes.
func newPullHandler(c *chat.Service, opts connect.HandlerOption) *connect.Handler {
	return connect.NewUnaryHandler(
		ovationv1connect.FeedServicePullProcedure,
		func(ctx context.Context, req *connect.Request[ovationv1.PullRequest]) (*connect.Response[wire.Frame], error) {
			pulled, err := c.Pull(ctx, auth.From(ctx), hub.Pull{
				Room:    live.RoomID(req.Msg.GetRoomId()),
				Session: live.SessionID(req.Msg.GetSessionId()),
				Cursor:  wire.CursorFrom(req.Msg.GetCursor()),
				Limit:   int(req.Msg.GetLimit()),
				Wait:    req.Msg.GetWait().AsDuration(),
			})
			if err != nil {
				return nil, err
			}
			return connect.NewResponse(pulled.Answer), nil
		},
		shared("Pull", opts),
	)
}
