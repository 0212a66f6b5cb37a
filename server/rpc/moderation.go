package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	sanction "github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/moderation"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/server/words"
	"github.com/ovation-live/ovation/store"
)

// moderationHandler is ModerationService.
type moderationHandler struct {
	ovationv1connect.UnimplementedModerationServiceHandler
	moderation *moderation.Service
	words      *words.Service
}

// order is what the requests that apply a sanction have in common. Of a room mute there
// is no user.
type order interface {
	GetRoomId() string
	GetDuration() *durationpb.Duration
	GetReason() string
	GetRequestId() string
}

// apply applies a sanction.
func (h *moderationHandler) apply(
	ctx context.Context, kind sanction.Kind, user string, req order,
) (*ovationv1.Sanction, error) {
	applied, err := h.moderation.Apply(ctx, auth.From(ctx), store.SanctionOrder{
		Order: sanction.Order{
			Kind:   kind,
			Room:   live.RoomID(req.GetRoomId()),
			User:   live.UserID(user),
			Reason: req.GetReason(),
			For:    req.GetDuration().AsDuration(),
		},
		RequestID: req.GetRequestId(),
	})
	if err != nil {
		return nil, err
	}
	return wire.Sanction(applied), nil
}

// lift lifts a sanction.
func (h *moderationHandler) lift(ctx context.Context, kind sanction.Kind, room, user string) error {
	return h.moderation.Lift(ctx, auth.From(ctx), store.SanctionLift{
		Kind: kind, Room: live.RoomID(room), User: live.UserID(user),
	})
}

// Ban implements ModerationService.
func (h *moderationHandler) Ban(ctx context.Context, req *ovationv1.BanRequest) (*ovationv1.BanResponse, error) {
	applied, err := h.apply(ctx, sanction.Ban, req.GetUserId(), req)
	if err != nil {
		return nil, err
	}
	return &ovationv1.BanResponse{Sanction: applied}, nil
}

// Unban implements ModerationService.
func (h *moderationHandler) Unban(ctx context.Context, req *ovationv1.UnbanRequest) (*ovationv1.UnbanResponse, error) {
	if err := h.lift(ctx, sanction.Ban, req.GetRoomId(), req.GetUserId()); err != nil {
		return nil, err
	}
	return &ovationv1.UnbanResponse{}, nil
}

// Mute implements ModerationService.
func (h *moderationHandler) Mute(ctx context.Context, req *ovationv1.MuteRequest) (*ovationv1.MuteResponse, error) {
	applied, err := h.apply(ctx, sanction.Mute, req.GetUserId(), req)
	if err != nil {
		return nil, err
	}
	return &ovationv1.MuteResponse{Sanction: applied}, nil
}

// Unmute implements ModerationService.
func (h *moderationHandler) Unmute(
	ctx context.Context, req *ovationv1.UnmuteRequest,
) (*ovationv1.UnmuteResponse, error) {
	if err := h.lift(ctx, sanction.Mute, req.GetRoomId(), req.GetUserId()); err != nil {
		return nil, err
	}
	return &ovationv1.UnmuteResponse{}, nil
}

// MuteRoom implements ModerationService.
func (h *moderationHandler) MuteRoom(
	ctx context.Context, req *ovationv1.MuteRoomRequest,
) (*ovationv1.MuteRoomResponse, error) {
	applied, err := h.apply(ctx, sanction.RoomMute, "", req)
	if err != nil {
		return nil, err
	}
	return &ovationv1.MuteRoomResponse{Sanction: applied}, nil
}

// UnmuteRoom implements ModerationService.
func (h *moderationHandler) UnmuteRoom(
	ctx context.Context, req *ovationv1.UnmuteRoomRequest,
) (*ovationv1.UnmuteRoomResponse, error) {
	if err := h.lift(ctx, sanction.RoomMute, req.GetRoomId(), ""); err != nil {
		return nil, err
	}
	return &ovationv1.UnmuteRoomResponse{}, nil
}

// Kick implements ModerationService.
func (h *moderationHandler) Kick(ctx context.Context, req *ovationv1.KickRequest) (*ovationv1.KickResponse, error) {
	sessions, err := h.moderation.Kick(ctx, auth.From(ctx), store.Departure{
		Room:    live.RoomID(req.GetRoomId()),
		User:    live.UserID(req.GetUserId()),
		Session: live.SessionID(req.GetSessionId()),
		Message: req.GetReason(),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.KickResponse{Sessions: uint32(sessions)}, nil //nolint:gosec // a count of devices
}

// Protect implements ModerationService.
func (h *moderationHandler) Protect(
	ctx context.Context, req *ovationv1.ProtectRequest,
) (*ovationv1.ProtectResponse, error) {
	applied, err := h.apply(ctx, sanction.Protect, req.GetUserId(), req)
	if err != nil {
		return nil, err
	}
	return &ovationv1.ProtectResponse{Sanction: applied}, nil
}

// Unprotect implements ModerationService.
func (h *moderationHandler) Unprotect(
	ctx context.Context, req *ovationv1.UnprotectRequest,
) (*ovationv1.UnprotectResponse, error) {
	if err := h.lift(ctx, sanction.Protect, req.GetRoomId(), req.GetUserId()); err != nil {
		return nil, err
	}
	return &ovationv1.UnprotectResponse{}, nil
}

// AddModerator implements ModerationService.
func (h *moderationHandler) AddModerator(
	ctx context.Context, req *ovationv1.AddModeratorRequest,
) (*ovationv1.AddModeratorResponse, error) {
	applied, err := h.apply(ctx, sanction.Appoint, req.GetUserId(), req)
	if err != nil {
		return nil, err
	}
	return &ovationv1.AddModeratorResponse{Sanction: applied}, nil
}

// RemoveModerator implements ModerationService.
func (h *moderationHandler) RemoveModerator(
	ctx context.Context, req *ovationv1.RemoveModeratorRequest,
) (*ovationv1.RemoveModeratorResponse, error) {
	if err := h.lift(ctx, sanction.Appoint, req.GetRoomId(), req.GetUserId()); err != nil {
		return nil, err
	}
	return &ovationv1.RemoveModeratorResponse{}, nil
}

// ListSanctions implements ModerationService.
func (h *moderationHandler) ListSanctions(
	ctx context.Context, req *ovationv1.ListSanctionsRequest,
) (*ovationv1.ListSanctionsResponse, error) {
	q := store.SanctionQuery{Room: live.RoomID(req.GetRoomId()), Query: sanction.Query{
		User:  live.UserID(req.GetUserId()),
		Kinds: wire.SanctionKindsFrom(req.GetKinds()),
		Past:  req.GetWithPast(),
		Limit: page.Size(req.GetPageSize()),
	}}
	found, next, err := h.moderation.List(ctx, auth.From(ctx), q, req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &ovationv1.ListSanctionsResponse{Sanctions: wire.Sanctions(found), NextPageToken: next}, nil
}
