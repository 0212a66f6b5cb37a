package rpc

import (
	"context"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/visit"
	"github.com/ovation-live/ovation/server/wire"
)

// audienceHandler is AudienceService.
type audienceHandler struct {
	ovationv1connect.UnimplementedAudienceServiceHandler
	visits *visit.Service
}

// ReportVisits implements AudienceService.
func (h *audienceHandler) ReportVisits(
	ctx context.Context, req *ovationv1.ReportVisitsRequest,
) (*ovationv1.ReportVisitsResponse, error) {
	events := make([]rules.Event, len(req.GetEvents()))
	for i, e := range req.GetEvents() {
		events[i] = wire.VisitEventFrom(e)
	}
	accepted, aside, err := h.visits.Report(ctx, auth.From(ctx), events)
	if err != nil {
		return nil, err
	}
	return &ovationv1.ReportVisitsResponse{Accepted: int64(accepted), SetAside: wire.SetAsideVisits(aside)}, nil
}

// GetWatchTime implements AudienceService.
func (h *audienceHandler) GetWatchTime(
	ctx context.Context, req *ovationv1.GetWatchTimeRequest,
) (*ovationv1.GetWatchTimeResponse, error) {
	w, err := h.visits.Watch(ctx, auth.From(ctx), visit.WatchQuery{
		Room: live.RoomID(req.GetRoomId()), User: live.UserID(req.GetUserId()),
		From: live.Timestamp(req.GetFromAt()), Until: live.Timestamp(req.GetUntilAt()),
		ByDay: req.GetByDay(), Zone: req.GetTimeZone(),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.GetWatchTimeResponse{WatchTime: wire.WatchTime(w)}, nil
}

// ListVisits implements AudienceService.
func (h *audienceHandler) ListVisits(
	ctx context.Context, req *ovationv1.ListVisitsRequest,
) (*ovationv1.ListVisitsResponse, error) {
	found, next, err := h.visits.List(ctx, auth.From(ctx), visit.Query{
		Room: live.RoomID(req.GetRoomId()), User: live.UserID(req.GetUserId()),
		From: live.Timestamp(req.GetFromAt()), Until: live.Timestamp(req.GetUntilAt()),
		OnlyAnomalies: req.GetOnlyAnomalies(), OnlyOpen: req.GetOnlyOpen(),
		Size: page.Size(req.GetPageSize()), Token: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.ListVisitsResponse{Visits: wire.Visits(found, live.At(time.Now())), NextPageToken: next}, nil
}

// GetAttendance implements AudienceService.
func (h *audienceHandler) GetAttendance(
	ctx context.Context, req *ovationv1.GetAttendanceRequest,
) (*ovationv1.GetAttendanceResponse, error) {
	a, err := h.visits.Attendance(ctx, auth.From(ctx), visit.AttendanceQuery{
		Room: live.RoomID(req.GetRoomId()), Curve: req.GetWithCurve(), Retention: req.GetWithRetention(),
		From: live.Timestamp(req.GetCurveFromAt()), Until: live.Timestamp(req.GetCurveUntilAt()),
	})
	if err != nil {
		return nil, err
	}
	out := wire.Attendance(a.Attendance)
	out.Online = wire.Online(a.Online)
	return &ovationv1.GetAttendanceResponse{Attendance: out}, nil
}

// ListSetAsideVisits implements AudienceService.
func (h *audienceHandler) ListSetAsideVisits(
	ctx context.Context, req *ovationv1.ListSetAsideVisitsRequest,
) (*ovationv1.ListSetAsideVisitsResponse, error) {
	found, next, err := h.visits.Aside(ctx, auth.From(ctx),
		live.RoomID(req.GetRoomId()), page.Size(req.GetPageSize()), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	return &ovationv1.ListSetAsideVisitsResponse{SetAside: wire.SetAsideVisits(found), NextPageToken: next}, nil
}

// ReplaySetAsideVisits implements AudienceService.
func (h *audienceHandler) ReplaySetAsideVisits(
	ctx context.Context, req *ovationv1.ReplaySetAsideVisitsRequest,
) (*ovationv1.ReplaySetAsideVisitsResponse, error) {
	merged, again, err := h.visits.Replay(ctx, auth.From(ctx), req.GetSetAsideIds())
	if err != nil {
		return nil, err
	}
	return &ovationv1.ReplaySetAsideVisitsResponse{Merged: int64(merged), SetAside: wire.SetAsideVisits(again)}, nil
}
