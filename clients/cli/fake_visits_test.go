package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

// fakeVisits is the audience service of a fake: a book of one room. Its faults are fields.
type fakeVisits struct {
	ovationv1connect.UnimplementedAudienceServiceHandler
	busyEvery int  // calls of which every so many is refused
	forget    bool // it loses one event
	lieCurve  bool // it tells of one enter too many

	mu    sync.Mutex
	calls int
	book  *visit.Book
	aside []*ovationv1.SetAsideVisit
}

func newFakeVisits() *fakeVisits { return &fakeVisits{book: visit.NewBook("demo", 0)} }

// end ends the room, which closes what is open.
func (f *fakeVisits) end(at int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.book.End(live.Timestamp(at))
	for more := true; more; {
		_, more = f.book.Close()
	}
}

// ReportVisits implements AudienceService.
func (f *fakeVisits) ReportVisits(
	_ context.Context, req *ovationv1.ReportVisitsRequest,
) (*ovationv1.ReportVisitsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls++; f.busyEvery > 0 && f.calls%f.busyEvery == 0 {
		return nil, failure(connect.CodeResourceExhausted, "busy", &ovationv1.ErrorDetail{
			Reason: ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED, RetryAfter: durationpb.New(time.Millisecond),
		})
	}
	for _, e := range req.GetEvents() {
		if f.forget && e.GetUserId() == "ann" && e.GetVersion() == 2 {
			continue
		}
		f.book.Merge(live.UserID(e.GetUserId()), []visit.Event{{
			Room: "demo", User: live.UserID(e.GetUserId()), Session: live.SessionID(e.GetSessionId()),
			Version: visit.Version(e.GetVersion()), At: live.Timestamp(e.GetAt()),
		}})
	}
	return &ovationv1.ReportVisitsResponse{Accepted: int64(len(req.GetEvents()))}, nil
}

// spanOf is a span as it is sent.
func spanOf(s visit.Span) *durationpb.Duration {
	return durationpb.New(time.Duration(s) * time.Microsecond)
}

// GetWatchTime implements AudienceService.
func (f *fakeVisits) GetWatchTime(
	_ context.Context, req *ovationv1.GetWatchTimeRequest,
) (*ovationv1.GetWatchTimeResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	zone, err := time.LoadLocation(req.GetTimeZone())
	if err != nil || !req.GetByDay() {
		zone = nil
	}
	sum, users, now := visit.NewSummary(live.Timestamp(req.GetFromAt()), live.Timestamp(req.GetUntilAt()), zone), int64(0), live.At(time.Now())
	f.book.Each(func(user live.UserID, visits []visit.Visit) {
		if (req.GetUserId() == "" || string(user) == req.GetUserId()) && sum.Add(visits, now) {
			users++
		}
	})
	w := sum.Watch(users)
	from, until := max(live.Timestamp(req.GetFromAt()), w.First), w.Last
	if req.GetUntilAt() != 0 {
		until = min(until, live.Timestamp(req.GetUntilAt()))
	}
	if zone != nil && until-from > 366*24*3600*1_000_000 {
		return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("by_day needs a span of at most 366 days"))
	}
	out := &ovationv1.WatchTime{
		Total: spanOf(w.Total), Visits: w.Visits, Users: w.Users, Open: w.Open, Inferred: w.Inferred, Anomalies: w.Anomalies,
		FirstEnteredAt: int64(w.First), LastExitedAt: int64(w.Last),
	}
	for _, d := range w.Days {
		out.Days = append(out.Days, &ovationv1.DayWatchTime{Date: d.Date, WatchTime: spanOf(d.Total), Visits: d.Visits})
	}
	return &ovationv1.GetWatchTimeResponse{WatchTime: out}, nil
}

// ListVisits implements AudienceService.
func (f *fakeVisits) ListVisits(
	_ context.Context, req *ovationv1.ListVisitsRequest,
) (*ovationv1.ListVisitsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(f.book.All()), func(v visit.Visit) bool {
		return req.GetUserId() != "" && string(v.User) != req.GetUserId() || req.GetOnlyAnomalies() && v.Anomaly == visit.None ||
			req.GetOnlyOpen() && !v.Open()
	})
	from, _ := strconv.Atoi(req.GetPageToken())
	to, next := min(from+3, len(all)), ""
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	out := &ovationv1.ListVisitsResponse{NextPageToken: next}
	for _, v := range all[from:to] {
		out.Visits = append(out.Visits, &ovationv1.Visit{
			RoomId: "demo", UserId: string(v.User), SessionId: string(v.Session), Version: int64(v.Version), EnteredAt: int64(v.Entered),
			ExitedAt: int64(v.Exited), Inferred: v.Inferred, Anomaly: ovationv1.VisitAnomaly(v.Anomaly), Length: spanOf(v.Length(live.At(time.Now()))),
		})
	}
	return out, nil
}

// GetAttendance implements AudienceService.
func (f *fakeVisits) GetAttendance(
	_ context.Context, req *ovationv1.GetAttendanceRequest,
) (*ovationv1.GetAttendanceResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := live.At(time.Now())
	a := f.book.Attendance(now, req.GetWithCurve(), req.GetWithRetention(), live.Timestamp(req.GetCurveFromAt()), live.Timestamp(req.GetCurveUntilAt()))
	out := &ovationv1.Attendance{
		Online: &ovationv1.Online{Users: 1, Sessions: 2}, Peak: a.Peak, PeakAt: int64(a.PeakAt), UniqueUsers: a.Unique, Visits: a.Visits,
		WatchTime: spanOf(a.Total), AverageWatchTime: spanOf(a.Total / visit.Span(max(a.Unique, 1))), AsOf: int64(now),
	}
	for i, m := range a.Curve {
		if f.lieCurve && i == 0 {
			m.Enters++
		}
		out.Curve = append(out.Curve, &ovationv1.AttendanceMinute{
			MinuteAt: int64(m.At), Enters: m.Enters, Exits: m.Exits, Online: m.Online, Peak: m.Peak,
		})
	}
	for i, users := range a.Retention {
		out.Retention = append(out.Retention, &ovationv1.RetentionMinute{Minutes: uint32(i), Users: users})
	}
	return &ovationv1.GetAttendanceResponse{Attendance: out}, nil
}

// ListSetAsideVisits implements AudienceService.
func (f *fakeVisits) ListSetAsideVisits(
	context.Context, *ovationv1.ListSetAsideVisitsRequest,
) (*ovationv1.ListSetAsideVisitsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &ovationv1.ListSetAsideVisitsResponse{SetAside: f.aside}, nil
}

// ReplaySetAsideVisits implements AudienceService: those of room "gone" fail again.
func (f *fakeVisits) ReplaySetAsideVisits(
	_ context.Context, req *ovationv1.ReplaySetAsideVisitsRequest,
) (*ovationv1.ReplaySetAsideVisitsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &ovationv1.ReplaySetAsideVisitsResponse{}
	f.aside = slices.DeleteFunc(f.aside, func(a *ovationv1.SetAsideVisit) bool {
		if !slices.Contains(req.GetSetAsideIds(), a.GetSetAsideId()) {
			return false
		}
		if a.GetEvent().GetRoomId() == "gone" {
			out.SetAside = append(out.SetAside, a)
			return false
		}
		out.Merged++
		return true
	})
	return out, nil
}
