package visit

import (
	"context"
	"time"
	_ "time/tzdata" // days are of any zone, whatever the machine knows

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// maxDays is how many days watch time is told of at most.
const maxDays = 366

// WatchQuery says whose watch time.
type WatchQuery struct {
	Room        live.RoomID
	User        live.UserID
	From, Until live.Timestamp
	ByDay       bool
	Zone        string // empty: UTC
}

// Watch returns how long a user watched, or everyone in a room. Errors of auth,
// store.ErrRoomNotFound, *FieldError.
func (s *Service) Watch(ctx context.Context, p auth.Principal, q WatchQuery) (visit.Watch, error) {
	if err := s.mayAsk(ctx, p, q.Room); err != nil {
		return visit.Watch{}, err
	}
	if err := span(q.From, q.Until); err != nil {
		return visit.Watch{}, err
	}
	zone, err := zoneOf(q.Zone)
	if err != nil {
		return visit.Watch{}, err
	}
	query := store.WatchQuery{Room: q.Room, User: q.User, From: q.From, Until: known(q.Until)}
	if !q.ByDay {
		return s.visits.Watch(ctx, query)
	}
	if err := s.daysFit(ctx, query); err != nil {
		return visit.Watch{}, err
	}
	query.Zone = zone
	return s.visits.Watch(ctx, query)
}

// daysFit returns nil if the span that a query asks about, or that of what there is within,
// is short enough to be told by day.
func (s *Service) daysFit(ctx context.Context, q store.WatchQuery) error {
	from, until := q.From, q.Until
	if from == 0 || until == 0 {
		w, err := s.visits.Watch(ctx, q)
		if err != nil {
			return err
		}
		from = max(from, w.First)
		if until == 0 || w.Last < until {
			until = w.Last
		}
	}
	if until-from > maxDays*24*live.Timestamp(time.Hour/time.Microsecond) {
		return &FieldError{"by_day", "needs a span of at most 366 days: set from_at and until_at"}
	}
	return nil
}

// zoneOf returns a time zone by its name in the IANA database.
func zoneOf(name string) (*time.Location, error) {
	if name == "Local" { // the machine's is nobody's business
		return nil, &FieldError{"time_zone", "is not known: use an IANA name such as Asia/Shanghai"}
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, &FieldError{"time_zone", "is not known: use an IANA name such as Asia/Shanghai"}
	}
	return zone, nil
}

// span returns nil if a span is one.
func span(from, until live.Timestamp) error {
	if until != 0 && until < from {
		return &FieldError{"until_at", "is before from_at"}
	}
	return nil
}

// known returns the end of a span, 0 where nothing can be told of the instants before it yet.
func known(until live.Timestamp) live.Timestamp {
	if until > now()+visit.MaxAhead {
		return 0
	}
	return until
}

// mayAsk returns nil if the caller may ask about the visits to a room that is there, or
// (empty) to all.
func (s *Service) mayAsk(ctx context.Context, p auth.Principal, id live.RoomID) error {
	if id == "" {
		if p.Role != live.RoleBackend {
			return auth.ErrRoleForbidden
		}
		return p.In(auth.AnyRoom)
	}
	if err := p.As(id, live.RoleHost, live.RoleBackend); err != nil {
		return err
	}
	_, err := s.rooms.Room(ctx, id)
	return err
}

// Query says which visits to list.
type Query struct {
	Room          live.RoomID
	User          live.UserID
	From, Until   live.Timestamp
	OnlyAnomalies bool
	OnlyOpen      bool
	Size          int
	Token         string
}

// List returns a page of visits, and the token of the next. Errors of auth, page.ErrToken,
// store.ErrRoomNotFound, *FieldError.
func (s *Service) List(ctx context.Context, p auth.Principal, q Query) ([]visit.Visit, string, error) {
	if err := s.mayAsk(ctx, p, q.Room); err != nil {
		return nil, "", err
	}
	if err := span(q.From, q.Until); err != nil {
		return nil, "", err
	}
	list := page.List("visits " + string(q.Room) + "\x00" + string(q.User))
	after, err := list.After(q.Token)
	if err != nil {
		return nil, "", err
	}
	last, err := placeOf(after)
	if err != nil {
		return nil, "", err
	}
	found, err := s.visits.Visits(ctx, store.VisitQuery{
		Room: q.Room, User: q.User, From: q.From, Until: known(q.Until),
		OnlyAnomalies: q.OnlyAnomalies, OnlyOpen: q.OnlyOpen, After: last, Limit: q.Size + 1,
	})
	if err != nil {
		return nil, "", err
	}
	found, next := page.Cut(list, found, q.Size, placeAfter)
	return found, next, nil
}

// AttendanceQuery says which room's attendance, and what of it.
type AttendanceQuery struct {
	Room             live.RoomID
	Curve, Retention bool
	From, Until      live.Timestamp // of the curve
}

// Attendance is a room's figures, and who is there now.
type Attendance struct {
	visit.Attendance
	Online room.Online
}

// Attendance returns a room's figures. Errors of auth, store.ErrRoomNotFound, *FieldError.
func (s *Service) Attendance(ctx context.Context, p auth.Principal, q AttendanceQuery) (a Attendance, err error) {
	if err := p.As(q.Room, live.RoleHost, live.RoleBackend); err != nil {
		return a, err
	}
	if q.Until != 0 && q.Until < q.From {
		return a, &FieldError{"curve_until_at", "is before curve_from_at"}
	}
	asOf := now()
	_, oldest, err := s.reports.ReportsWaiting(ctx) // before the figures are read
	if err != nil {
		return a, err
	}
	if oldest != 0 {
		asOf = min(asOf, oldest)
	}
	a.Attendance, err = s.visits.Attendance(ctx, store.AttendanceQuery{
		Room: q.Room, Curve: q.Curve, Retention: q.Retention, CurveFrom: q.From, CurveUntil: known(q.Until),
	})
	if err != nil {
		return a, err
	}
	a.AsOf = min(a.AsOf, asOf)
	online, err := s.presence.Online(ctx, []live.RoomID{q.Room})
	a.Online = online[q.Room]
	return a, err
}
