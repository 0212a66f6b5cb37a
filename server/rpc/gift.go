package rpc

import (
	"context"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/gift"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/wire"
)

// giftHandler is GiftService.
type giftHandler struct {
	ovationv1connect.UnimplementedGiftServiceHandler
	gifts *gift.Service
}

// PutGift implements GiftService.
func (h *giftHandler) PutGift(ctx context.Context, req *ovationv1.PutGiftRequest) (*ovationv1.PutGiftResponse, error) {
	g, err := h.gifts.Put(ctx, auth.From(ctx), wire.GiftFrom(req.GetGift()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.PutGiftResponse{Gift: wire.Gift(g)}, nil
}

// ListGifts implements GiftService.
func (h *giftHandler) ListGifts(
	ctx context.Context, req *ovationv1.ListGiftsRequest,
) (*ovationv1.ListGiftsResponse, error) {
	found, next, err := h.gifts.List(ctx, auth.From(ctx), gift.Listing{
		Room: live.RoomID(req.GetRoomId()), Retired: req.GetWithRetired(),
		Size: page.Size(req.GetPageSize()), Token: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.ListGiftsResponse{Gifts: wire.Gifts(found), NextPageToken: next}, nil
}

// SendGift implements GiftService.
func (h *giftHandler) SendGift(
	ctx context.Context, req *ovationv1.SendGiftRequest,
) (*ovationv1.SendGiftResponse, error) {
	done, err := h.gifts.Send(ctx, auth.From(ctx), orderFrom(req))
	if err != nil {
		return nil, err
	}
	return &ovationv1.SendGiftResponse{
		TransactionId: done.Transaction, Coins: done.Sent.Coins(), Balance: done.Balance, SentAt: int64(done.Sent.At),
		ComboId: done.Sent.Combo.ID, ComboCount: done.Sent.Combo.Count, Duplicate: done.Repeated,
	}, nil
}

// orderFrom returns what a request wants to give.
func orderFrom(req *ovationv1.SendGiftRequest) gift.Order {
	return gift.Order{
		Room: live.RoomID(req.GetRoomId()), Gift: rules.ID(req.GetGiftId()), Count: int64(req.GetCount()),
		Receiver: live.UserID(req.GetReceiverId()), ExpectedPrice: req.GetExpectedPrice(),
		RequestID: req.GetRequestId(), OnBehalfOf: live.UserID(req.GetOnBehalfOf()), Name: req.GetOnBehalfOfName(),
	}
}

// Repeats says whether a caller's request is for gifts that were paid before.
func (s Services) Repeats(ctx context.Context, p auth.Principal, message any) (bool, error) {
	req, gives := message.(*ovationv1.SendGiftRequest)
	if !gives {
		return false, nil
	}
	return s.Gifts.Repeats(ctx, p, orderFrom(req))
}

// GetGiftTotals implements GiftService.
func (h *giftHandler) GetGiftTotals(
	ctx context.Context, req *ovationv1.GetGiftTotalsRequest,
) (*ovationv1.GetGiftTotalsResponse, error) {
	totals, err := h.gifts.Totals(ctx, auth.From(ctx),
		live.RoomID(req.GetRoomId()), live.UserID(req.GetReceiverId()), int(req.GetTop()))
	if err != nil {
		return nil, err
	}
	return wire.GiftTotals(totals), nil
}

// PutGoal implements GiftService.
func (h *giftHandler) PutGoal(ctx context.Context, req *ovationv1.PutGoalRequest) (*ovationv1.PutGoalResponse, error) {
	g, err := h.gifts.PutGoal(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()), wire.GoalFrom(req.GetGoal()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.PutGoalResponse{Goal: wire.Goal(g)}, nil
}
