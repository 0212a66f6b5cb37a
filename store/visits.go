package store

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

// Reports is how events of visits travel to where they are merged: a durable queue, in
// parts by user. What is taken and not settled comes again, so events come at least once, and
// in any order.
type Reports interface {
	// Report puts events into the queue. They are durable when it returns, as far as the
	// backend is.
	Report(ctx context.Context, events []visit.Event) error
	// TakeReports takes about limit events, the oldest first, for a node: nobody else gets
	// them before the lease is over. There may be none.
	TakeReports(ctx context.Context, node NodeID, limit int, lease time.Duration) ([]Reported, error)
	// SettleReports says that what was taken is dealt with.
	SettleReports(ctx context.Context, taken []Reported) error
	// ReportsWaiting counts the events that are in the queue, and says when the oldest was put
	// there; 0: there is none.
	ReportsWaiting(ctx context.Context) (n int64, oldest live.Timestamp, err error)
}

// Reported is events that were taken from the queue together.
type Reported struct {
	ID     string // the backend's
	Taken  int    // how often they were taken, this time included
	Events []visit.Event
}

// Visits is who was in which room, and when.
type Visits interface {
	// MergeVisits merges events, all of them or none but for those that it returns, which are
	// set aside, each with the detail of its reason: rooms that are not there, instants that
	// cannot be. Merging them again changes nothing. Each visit that is closed by them, or was
	// closed and changed, is handed to record, whose events are appended in the same step. Ends
	// of rooms close what is open in them by themselves (CloseVisits).
	MergeVisits(ctx context.Context, events []visit.Event, record VisitRecorder) ([]AsideVisit, error)
	// CloseVisits closes visits that are open in rooms that have ended: at most limit, those of
	// one user in a room together. More says whether there are more.
	CloseVisits(ctx context.Context, limit int, record VisitRecorder) (n int, more bool, err error)
	// SetAside keeps events that are not to be merged, and returns them with ids. Those that
	// have an id keep it, and their reason is replaced.
	SetAside(ctx context.Context, events []AsideVisit) ([]AsideVisit, error)
	// AsideVisits returns events that were set aside after one, the oldest first, of one room
	// or (empty) all.
	AsideVisits(ctx context.Context, room live.RoomID, after string, limit int) ([]AsideVisit, error)
	// TakeAside returns those of some ids that are set aside; DropAside forgets them.
	TakeAside(ctx context.Context, ids []string) ([]AsideVisit, error)
	DropAside(ctx context.Context, ids []string) error

	// Watch returns how long a user watched, or everyone. ErrRoomNotFound.
	Watch(ctx context.Context, q WatchQuery) (visit.Watch, error)
	// Visits returns visits by when they began (those without enter, ended), then by user,
	// session and version, after the place of one. Of live rooms, inferred exits are told as
	// far as they are known. ErrRoomNotFound.
	Visits(ctx context.Context, q VisitQuery) ([]visit.Visit, error)
	// Attendance returns a room's figures, of all that was merged before. ErrRoomNotFound.
	Attendance(ctx context.Context, q AttendanceQuery) (visit.Attendance, error)
	// PruneVisits deletes what is known of rooms that ended, and of visits set aside, longer
	// ago than keep: at most limit rows.
	PruneVisits(ctx context.Context, keep time.Duration, limit int) (int, error)
}

// VisitRecorder makes the events of visits that are closed, or closed and changed.
type VisitRecorder func(v []visit.Visit) []Event

// AsideVisit is an event that was not merged, and why.
type AsideVisit struct {
	ID     string // the store's to say
	Event  visit.Event
	Reason visit.SetAside
	Detail string // for people
	At     live.Timestamp
}

// AsideFor returns an event that was not merged for a reason of which no more is known.
func AsideFor(e visit.Event, reason visit.SetAside) AsideVisit {
	return AsideVisit{Event: e, Reason: reason, Detail: reason.Detail()}
}

// WatchQuery says whose watch time.
type WatchQuery struct {
	Room        live.RoomID    // empty: every room
	User        live.UserID    // empty: everyone
	From, Until live.Timestamp // 0: any; what lies within is counted
	Zone        *time.Location // by day of this zone; nil: not by day
}

// VisitQuery says which visits to return: of a room, a user, or a user in a room.
type VisitQuery struct {
	Room          live.RoomID
	User          live.UserID
	From, Until   live.Timestamp // of which something lies within; 0: any
	OnlyAnomalies bool
	OnlyOpen      bool
	After         *visit.Visit // only those after its place
	Limit         int
}

// AttendanceQuery says what to return.
type AttendanceQuery struct {
	Room                  live.RoomID
	Curve, Retention      bool
	CurveFrom, CurveUntil live.Timestamp // 0: from the first visit; until now, or the room's end, with its minute
}
