package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/wire"
)

// feedHandler is FeedService, but for Subscribe and Pull, whose answers are shared.
type feedHandler struct {
	ovationv1connect.UnimplementedFeedServiceHandler
	chat *chat.Service
}

// Send implements FeedService.
func (h *feedHandler) Send(ctx context.Context, req *ovationv1.SendRequest) (*ovationv1.SendResponse, error) {
	out := chat.Outgoing{
		Content:    wire.Content(req),
		OnBehalfOf: live.UserID(req.GetOnBehalfOf()),
		Name:       req.GetOnBehalfOfName(),
	}
	if req.GetBucket() != ovationv1.Bucket_BUCKET_UNSPECIFIED {
		b := wire.BucketFrom(req.GetBucket())
		out.Bucket = &b
	}
	sent, err := h.chat.Send(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()), out)
	if err != nil {
		return nil, err
	}
	return sendResponse(sent), nil
}

// sendResponse converts what became of a message.
func sendResponse(r chat.Sent) *ovationv1.SendResponse {
	res := &ovationv1.SendResponse{
		Status:    ovationv1.SendStatus_SEND_STATUS_ACCEPTED,
		Timestamp: int64(r.Place.Timestamp),
		Bucket:    wire.Bucket(r.Bucket),
		Sequence:  r.Place.Sequence,
		Duplicate: r.Duplicate,
		Epoch:     string(r.Epoch),

		AlteredText: r.Altered,
	}
	switch r.Outcome {
	case feed.Accepted:
		return res
	case feed.RateLimited:
		res.Status = ovationv1.SendStatus_SEND_STATUS_DROPPED_RATE_LIMITED
	case feed.SlowMode:
		res.Status = ovationv1.SendStatus_SEND_STATUS_DROPPED_SLOW_MODE
	}
	res.RetryAfter = durationpb.New(r.RetryAfter)
	return res
}

// RecallMessage implements FeedService.
func (h *feedHandler) RecallMessage(
	ctx context.Context, req *ovationv1.RecallMessageRequest,
) (*ovationv1.RecallMessageResponse, error) {
	err := h.chat.Recall(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()), live.Timestamp(req.GetTimestamp()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.RecallMessageResponse{}, nil
}

// ListHistory implements FeedService.
func (h *feedHandler) ListHistory(
	ctx context.Context, req *ovationv1.ListHistoryRequest,
) (*ovationv1.ListHistoryResponse, error) {
	messages, next, err := h.chat.History(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()), chat.Span{
		From:  live.Timestamp(req.GetFromAt()),
		Until: live.Timestamp(req.GetUntilAt()),
		Size:  page.Size(req.GetPageSize()),
		Token: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.ListHistoryResponse{Messages: wire.Messages(messages), NextPageToken: next}, nil
}

// SyncClock implements FeedService.
func (h *feedHandler) SyncClock(
	_ context.Context, req *ovationv1.SyncClockRequest,
) (*ovationv1.SyncClockResponse, error) {
	received := time.Now()
	return &ovationv1.SyncClockResponse{
		ClientSentAt: req.GetClientSentAt(),
		ReceivedAt:   received.UnixMicro(),
		SentAt:       time.Now().UnixMicro(),
	}, nil
}
