package observed

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// measuredVisits measures store.Visits.
type measuredVisits struct {
	next  store.Visits
	calls *Metrics
}

func (m measuredVisits) MergeVisits(ctx context.Context, events []visit.Event, record store.VisitRecorder) (_ []store.AsideVisit, err error) {
	defer m.calls.begin(mergeVisits).end(&err)
	return m.next.MergeVisits(ctx, events, record)
}

func (m measuredVisits) CloseVisits(ctx context.Context, limit int, record store.VisitRecorder) (_ int, _ bool, err error) {
	defer m.calls.begin(closeVisits).end(&err)
	return m.next.CloseVisits(ctx, limit, record)
}

func (m measuredVisits) SetAside(ctx context.Context, events []store.AsideVisit) (_ []store.AsideVisit, err error) {
	defer m.calls.begin(setVisitsAside).end(&err)
	return m.next.SetAside(ctx, events)
}

func (m measuredVisits) AsideVisits(ctx context.Context, room live.RoomID, after string, limit int) (_ []store.AsideVisit, err error) {
	defer m.calls.begin(asideVisits).end(&err)
	return m.next.AsideVisits(ctx, room, after, limit)
}

func (m measuredVisits) TakeAside(ctx context.Context, ids []string) (_ []store.AsideVisit, err error) {
	defer m.calls.begin(takeAside).end(&err)
	return m.next.TakeAside(ctx, ids)
}

func (m measuredVisits) DropAside(ctx context.Context, ids []string) (err error) {
	defer m.calls.begin(dropAside).end(&err)
	return m.next.DropAside(ctx, ids)
}

func (m measuredVisits) Watch(ctx context.Context, q store.WatchQuery) (_ visit.Watch, err error) {
	defer m.calls.begin(watchTime).end(&err)
	return m.next.Watch(ctx, q)
}

func (m measuredVisits) Visits(ctx context.Context, q store.VisitQuery) (_ []visit.Visit, err error) {
	defer m.calls.begin(listVisits).end(&err)
	return m.next.Visits(ctx, q)
}

func (m measuredVisits) Attendance(ctx context.Context, q store.AttendanceQuery) (_ visit.Attendance, err error) {
	defer m.calls.begin(attendance).end(&err)
	return m.next.Attendance(ctx, q)
}

func (m measuredVisits) PruneVisits(ctx context.Context, keep time.Duration, limit int) (_ int, err error) {
	defer m.calls.begin(pruneVisits).end(&err)
	return m.next.PruneVisits(ctx, keep, limit)
}

// measuredReports measures store.Reports.
type measuredReports struct {
	next  store.Reports
	calls *Metrics
}

func (m measuredReports) Report(ctx context.Context, events []visit.Event) (err error) {
	defer m.calls.begin(report).end(&err)
	return m.next.Report(ctx, events)
}

func (m measuredReports) TakeReports(ctx context.Context, node store.NodeID, limit int, lease time.Duration) (_ []store.Reported, err error) {
	defer m.calls.begin(takeReports).end(&err)
	return m.next.TakeReports(ctx, node, limit, lease)
}

func (m measuredReports) SettleReports(ctx context.Context, taken []store.Reported) (err error) {
	defer m.calls.begin(settleReports).end(&err)
	return m.next.SettleReports(ctx, taken)
}

func (m measuredReports) ReportsWaiting(ctx context.Context) (_ int64, _ live.Timestamp, err error) {
	defer m.calls.begin(reportsWaiting).end(&err)
	return m.next.ReportsWaiting(ctx)
}
