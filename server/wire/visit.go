package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// VisitEventFrom converts an event that another system reports.
func VisitEventFrom(e *ovationv1.VisitEvent) visit.Event {
	return visit.Event{
		Room: live.RoomID(e.GetRoomId()), User: live.UserID(e.GetUserId()), Session: live.SessionID(e.GetSessionId()),
		Version: visit.Version(e.GetVersion()), At: live.Timestamp(e.GetAt()),
	}
}

// visitEvent converts an event.
func visitEvent(e visit.Event) *ovationv1.VisitEvent {
	return &ovationv1.VisitEvent{
		RoomId: string(e.Room), UserId: string(e.User), SessionId: string(e.Session), Version: int64(e.Version), At: int64(e.At),
	}
}

// Visit converts a visit as it is at an instant.
func Visit(v visit.Visit, now live.Timestamp) *ovationv1.Visit {
	return &ovationv1.Visit{
		RoomId: string(v.Room), UserId: string(v.User), SessionId: string(v.Session), Version: int64(v.Version),
		EnteredAt: int64(v.Entered), ExitedAt: int64(v.Exited), Inferred: v.Inferred,
		Anomaly: VisitAnomaly(v.Anomaly), Length: spanOf(v.Length(now)),
	}
}

// Visits converts visits as they are at an instant.
func Visits(all []visit.Visit, now live.Timestamp) []*ovationv1.Visit {
	out := make([]*ovationv1.Visit, len(all))
	for i, v := range all {
		out[i] = Visit(v, now)
	}
	return out
}

// VisitEvent encodes what other systems are told of a visit that is closed.
func VisitEvent(v visit.Visit) []byte {
	encoded, err := proto.Marshal(Visit(v, v.Exited))
	if err != nil {
		panic(err) // its texts were validated when they came in
	}
	return encoded
}

// VisitAnomaly converts what is wrong with a visit.
func VisitAnomaly(a visit.Anomaly) ovationv1.VisitAnomaly { return ovationv1.VisitAnomaly(a) }

// SetAsideReason converts why an event was not merged.
func SetAsideReason(r visit.SetAside) ovationv1.SetAsideReason { return ovationv1.SetAsideReason(r) }

// spanOf converts a time that may be longer than a time.Duration, up to the 10,000 years that
// the message holds.
func spanOf(s visit.Span) *durationpb.Duration {
	const (
		second  = 1_000_000
		longest = 315_576_000_000 * second
	)
	s = min(s, longest)
	return &durationpb.Duration{Seconds: int64(s / second), Nanos: int32(s % second * 1000)}
}

// WatchTime converts watch time.
func WatchTime(w visit.Watch) *ovationv1.WatchTime {
	out := &ovationv1.WatchTime{
		Total: spanOf(w.Total), Visits: w.Visits, Users: w.Users, Open: w.Open, Inferred: w.Inferred,
		Anomalies: w.Anomalies, FirstEnteredAt: int64(w.First), LastExitedAt: int64(w.Last),
	}
	for _, d := range w.Days {
		out.Days = append(out.Days, &ovationv1.DayWatchTime{Date: d.Date, WatchTime: spanOf(d.Total), Visits: d.Visits})
	}
	return out
}

// Attendance converts a room's figures, but for who is there now.
func Attendance(a visit.Attendance) *ovationv1.Attendance {
	out := &ovationv1.Attendance{
		Peak: a.Peak, PeakAt: int64(a.PeakAt), UniqueUsers: a.Unique, Visits: a.Visits,
		WatchTime: spanOf(a.Total), AverageWatchTime: spanOf(a.Total / visit.Span(max(a.Unique, 1))), AsOf: int64(a.AsOf),
		Curve: make([]*ovationv1.AttendanceMinute, len(a.Curve)), Retention: make([]*ovationv1.RetentionMinute, len(a.Retention)),
	}
	for i, m := range a.Curve {
		out.Curve[i] = &ovationv1.AttendanceMinute{
			MinuteAt: int64(m.At), Enters: m.Enters, Exits: m.Exits, Online: m.Online, Peak: m.Peak,
		}
	}
	for i, users := range a.Retention {
		out.Retention[i] = &ovationv1.RetentionMinute{Minutes: uint32(i), Users: users}
	}
	return out
}

// SetAsideVisits converts events that were not merged.
func SetAsideVisits(all []store.AsideVisit) []*ovationv1.SetAsideVisit {
	out := make([]*ovationv1.SetAsideVisit, len(all))
	for i, a := range all {
		out[i] = &ovationv1.SetAsideVisit{
			SetAsideId: a.ID, Event: visitEvent(a.Event), Reason: SetAsideReason(a.Reason), Detail: a.Detail, SetAsideAt: int64(a.At),
		}
	}
	return out
}
