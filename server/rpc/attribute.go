package rpc

import (
	"context"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/attributes"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/wire"
)

// attributeHandler is AttributeService.
type attributeHandler struct{ attributes *attributes.Service }

// UpdateAttributes implements AttributeService.
func (h *attributeHandler) UpdateAttributes(
	ctx context.Context, req *ovationv1.UpdateAttributesRequest,
) (*ovationv1.UpdateAttributesResponse, error) {
	at, err := h.attributes.Update(ctx, auth.From(ctx),
		live.RoomID(req.GetRoomId()), wire.AttributeUpdates(req.GetUpdates()), req.GetRequestId())
	if err != nil {
		return nil, err
	}
	return &ovationv1.UpdateAttributesResponse{Timestamp: int64(at.Timestamp), Epoch: string(at.Epoch)}, nil
}

// GetAttributes implements AttributeService.
func (h *attributeHandler) GetAttributes(
	ctx context.Context, req *ovationv1.GetAttributesRequest,
) (*ovationv1.GetAttributesResponse, error) {
	got, err := h.attributes.Get(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()), req.GetKeys())
	if err != nil {
		return nil, err
	}
	return &ovationv1.GetAttributesResponse{Snapshot: wire.AttributeSnapshot(*got.Snapshot, got.Epoch)}, nil
}

// PullAttributes implements AttributeService.
func (h *attributeHandler) PullAttributes(
	ctx context.Context, req *ovationv1.PullAttributesRequest,
) (*ovationv1.PullAttributesResponse, error) {
	delta, err := h.attributes.Pull(ctx, auth.From(ctx),
		live.RoomID(req.GetRoomId()), live.Epoch(req.GetEpoch()), live.Timestamp(req.GetAfter()))
	if err != nil {
		return nil, err
	}
	res := &ovationv1.PullAttributesResponse{Epoch: string(delta.Epoch)}
	if delta.Changes != nil {
		res.Result = &ovationv1.PullAttributesResponse_Changes{Changes: wire.AttributeChanges(*delta.Changes)}
	} else {
		snapshot := wire.AttributeSnapshot(*delta.Snapshot, delta.Epoch)
		res.Result = &ovationv1.PullAttributesResponse_Snapshot{Snapshot: snapshot}
	}
	return res, nil
}
