package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/server/wire"
)

// roomHandler is RoomService.
type roomHandler struct {
	ovationv1connect.UnimplementedRoomServiceHandler
	rooms *rooms.Service
}

// CreateRoom implements RoomService.
func (h *roomHandler) CreateRoom(
	ctx context.Context, req *ovationv1.CreateRoomRequest,
) (*ovationv1.CreateRoomResponse, error) {
	r, err := h.rooms.Create(ctx, auth.From(ctx), rooms.Draft{
		ID:        live.RoomID(req.GetRoomId()),
		Title:     req.GetTitle(),
		Host:      live.UserID(req.GetHostId()),
		Settings:  wire.SettingsChange(req.GetSettings()),
		Labels:    req.GetLabels(),
		RequestID: req.GetRequestId(),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.CreateRoomResponse{Room: wire.Room(r)}, nil
}

// GetRoom implements RoomService.
func (h *roomHandler) GetRoom(
	ctx context.Context, req *ovationv1.GetRoomRequest,
) (*ovationv1.GetRoomResponse, error) {
	r, online, err := h.rooms.Get(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.GetRoomResponse{Room: wire.Room(r), Online: wire.Online(online)}, nil
}

// ListRooms implements RoomService.
func (h *roomHandler) ListRooms(
	ctx context.Context, req *ovationv1.ListRoomsRequest,
) (*ovationv1.ListRoomsResponse, error) {
	list, next, err := h.rooms.List(ctx, auth.From(ctx),
		wire.RoomStateFrom(req.GetState()), page.Size(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	res := &ovationv1.ListRoomsResponse{Rooms: make([]*ovationv1.Room, len(list)), NextPageToken: next}
	for i, r := range list {
		res.Rooms[i] = wire.Room(r)
	}
	return res, nil
}

// UpdateRoom implements RoomService.
func (h *roomHandler) UpdateRoom(
	ctx context.Context, req *ovationv1.UpdateRoomRequest,
) (*ovationv1.UpdateRoomResponse, error) {
	r, err := h.rooms.Update(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()), room.Change{
		Title:    req.Title,
		Settings: wire.SettingsChange(req.GetSettings()),
		Labels:   req.GetLabels(),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.UpdateRoomResponse{Room: wire.Room(r)}, nil
}

// EndRoom implements RoomService.
func (h *roomHandler) EndRoom(
	ctx context.Context, req *ovationv1.EndRoomRequest,
) (*ovationv1.EndRoomResponse, error) {
	r, err := h.rooms.End(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.EndRoomResponse{Room: wire.Room(r)}, nil
}

// JoinRoom implements RoomService.
func (h *roomHandler) JoinRoom(
	ctx context.Context, req *ovationv1.JoinRoomRequest,
) (*ovationv1.JoinRoomResponse, error) {
	j, err := h.rooms.Join(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()), live.SessionID(req.GetSessionId()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.JoinRoomResponse{
		Room:         wire.Room(j.Room),
		SessionId:    string(j.Session),
		SessionLease: durationpb.New(rooms.PollLease),
		Online:       wire.Online(j.Online),
		Latest:       wire.Batch(j.Latest),
		Attributes:   wire.AttributeSnapshot(*j.Attributes.Snapshot, j.Attributes.Epoch),
		QuizFrames:   wire.QuizFrames(j.Quiz),
		Gifts:        wire.Gifts(j.Gifts),
		GiftCounters: wire.GiftCounters(j.Given),
		Endpoint:     j.Endpoint,
		Role:         wire.Role(j.Role),
		ServerAt:     time.Now().UnixMicro(),
	}, nil
}

// LeaveRoom implements RoomService.
func (h *roomHandler) LeaveRoom(
	ctx context.Context, req *ovationv1.LeaveRoomRequest,
) (*ovationv1.LeaveRoomResponse, error) {
	err := h.rooms.Leave(ctx, auth.From(ctx), live.RoomID(req.GetRoomId()), live.SessionID(req.GetSessionId()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.LeaveRoomResponse{}, nil
}

// ListMembers implements RoomService.
func (h *roomHandler) ListMembers(
	ctx context.Context, req *ovationv1.ListMembersRequest,
) (*ovationv1.ListMembersResponse, error) {
	members, next, online, err := h.rooms.Members(ctx, auth.From(ctx),
		live.RoomID(req.GetRoomId()), page.Size(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	res := &ovationv1.ListMembersResponse{
		Members:       make([]*ovationv1.Member, len(members)),
		NextPageToken: next,
		Online:        wire.Online(online),
	}
	for i, m := range members {
		res.Members[i] = wire.Member(m)
	}
	return res, nil
}
