package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

var reportsTests = []test{
	{"ReportsAreTakenOnce", reportsAreTakenOnce},
	{"ReportsComeAgainAfterTheirLease", reportsComeAgainAfterTheirLease},
	{"ReportsOfAUserAreInOrder", reportsOfAUserAreInOrder},
	{"ReportsAreAModel", reportsAreAModel},
}

var reportsRaces = []test{{"ReportsAtOnceAreTakenOnce", reportsAtOnceAreTakenOnce}}

// report puts events into the queue.
func (s *rig) report(events ...visit.Event) {
	s.t.Helper()
	if err := s.Reports.Report(s.t.Context(), events); err != nil {
		s.t.Fatalf("Report: %v", err)
	}
}

// take takes events, for a node.
func (s *rig) take(node store.NodeID, limit int, lease time.Duration) []store.Reported {
	s.t.Helper()
	taken, err := s.Reports.TakeReports(s.t.Context(), node, limit, lease)
	if err != nil {
		s.t.Fatalf("TakeReports: %v", err)
	}
	return taken
}

// takeAll takes all that there is.
func (s *rig) takeAll(lease time.Duration) (all []store.Reported) {
	s.t.Helper()
	for {
		some := s.take("node", 1000, lease)
		if len(some) == 0 {
			return all
		}
		all = append(all, some...)
	}
}

func (s *rig) settleReports(taken ...store.Reported) {
	s.t.Helper()
	if err := s.Reports.SettleReports(s.t.Context(), taken); err != nil {
		s.t.Fatalf("SettleReports: %v", err)
	}
}

// wantWaiting compares how many events wait.
func (s *rig) wantWaiting(want int) {
	s.t.Helper()
	n, oldest, err := s.Reports.ReportsWaiting(s.t.Context())
	if err != nil || n != int64(want) || (oldest == 0) != (want == 0) {
		s.t.Fatalf("ReportsWaiting = %d, %d, %v, want %d", n, oldest, err, want)
	}
}

// reported returns the events of what was taken, in an order of their own.
func reported(taken []store.Reported) (all []visit.Event) {
	for _, r := range taken {
		all = append(all, r.Events...)
	}
	return inOrder(all)
}

// inOrder sorts events that differ by version.
func inOrder(all []visit.Event) []visit.Event {
	slices.SortStableFunc(all, func(a, b visit.Event) int { return int(a.Version - b.Version) })
	return all
}

// reports returns n events of several users.
func reports(from, n int) (events []visit.Event) {
	for i := range n {
		e := came("r", live.UserID(fmt.Sprint("user \x00 ", i%40)), live.SessionID(fmt.Sprint("日本 ", i%3)), visit.Version(from+i), live.Timestamp(1_000_000_000_000_000+i))
		e.Inferred = i%5 == 0
		events = append(events, e)
	}
	return events
}

func reportsAreTakenOnce(t *testing.T, s *rig) {
	s.wantWaiting(0)
	if got := s.take("node", 10, time.Hour); len(got) != 0 {
		t.Fatalf("took %+v", got)
	}
	s.report()
	want := reports(1, 2500)
	s.report(want[:2000]...)
	s.report(want[2000:]...)
	s.wantWaiting(2500)
	taken := s.takeAll(time.Hour)
	if got := reported(taken); !slices.Equal(got, want) {
		t.Fatalf("took %d, want %d; or others", len(got), len(want))
	}
	ids := make(map[string]bool)
	for _, r := range taken {
		if ids[r.ID] || r.Taken != 1 || len(r.Events) == 0 {
			t.Errorf("%q was taken %d times, with %d", r.ID, r.Taken, len(r.Events))
		}
		ids[r.ID] = true
	}
	s.wantWaiting(2500)
	s.settleReports(taken...)
	s.settleReports(taken[0])
	s.settleReports()
	s.wantWaiting(0)
	s.report(want[0])
	if got := reported(s.takeAll(time.Hour)); !slices.Equal(got, want[:1]) {
		t.Errorf("took %+v", got)
	}
}

func reportsComeAgainAfterTheirLease(t *testing.T, s *rig) {
	want := reports(1, 50)
	s.report(want...)
	first := s.take("node", 1000, time.Hour)
	if len(s.take("other", 1000, moment)) != 0 {
		t.Fatal("they are leased")
	}
	s.settleReports(first...)
	s.report(want...)
	left := reported(s.take("node", 1000, moment))
	if !slices.Equal(left, want) {
		t.Fatalf("took %+v", left)
	}
	s.wantWaiting(len(left))
	var again []store.Reported
	s.pass(2 * moment)
	s.eventually("the lease is over", func() bool {
		again = append(again, s.take("other", 1000, moment)...)
		return len(reported(again)) >= len(left)
	})
	if got := reported(again); !slices.Equal(slices.CompactFunc(got, func(a, b visit.Event) bool { return a == b }), left) {
		t.Errorf("took %+v, want %+v", got, left)
	}
	for _, r := range again {
		if r.Taken < 2 {
			t.Errorf("%q was taken %d times", r.ID, r.Taken)
		}
	}
	s.settleReports(again...)
	s.wantWaiting(0)
}

func reportsOfAUserAreInOrder(t *testing.T, s *rig) {
	for i := range 20 {
		s.report(came("r", "ann", "a", visit.Version(i+1), 5))
	}
	var all []visit.Event
	for len(all) < 20 {
		taken := s.take("node", 3, time.Hour)
		for _, r := range taken {
			all = append(all, r.Events...)
		}
		if n := len(reported(taken)); n == 0 || n > 3 {
			t.Fatalf("took %d, want 3 at most", n)
		}
		s.settleReports(taken...)
	}
	for i, e := range all {
		if e.Version != visit.Version(i+1) {
			t.Errorf("%d is at %d", e.Version, i)
		}
	}
}

// reportsModel is the queue that a store should have.
type reportsModel struct {
	s       *rig
	n       int
	waiting []visit.Event
	leased  map[string]store.Reported
}

func (m *reportsModel) report(t *rapid.T) {
	n := rapid.IntRange(0, 30).Draw(t, "events")
	events := reports(m.n+1, n)
	m.n += n
	m.s.report(events...)
	m.waiting = append(m.waiting, events...)
}

func (m *reportsModel) take(t *rapid.T) {
	limit := rapid.IntRange(1, 40).Draw(t, "limit")
	taken := m.s.take("node", limit, time.Hour)
	if len(taken) == 0 && len(m.waiting) > 0 {
		t.Fatalf("took nothing of %d", len(m.waiting))
	}
	for _, r := range taken {
		if m.leased[r.ID].ID != "" || r.Taken != 1 {
			t.Fatalf("%q was taken before", r.ID)
		}
		m.leased[r.ID] = r
		for _, e := range r.Events {
			i := slices.Index(m.waiting, e)
			if i < 0 {
				t.Fatalf("%+v was not waiting", e)
			}
			m.waiting = slices.Delete(m.waiting, i, i+1)
		}
	}
}

func (m *reportsModel) settle(t *rapid.T) {
	var taken []store.Reported
	for id, r := range m.leased {
		if len(taken) < 3 {
			taken = append(taken, r)
			delete(m.leased, id)
		}
	}
	m.s.settleReports(taken...)
	_ = t
}

func (m *reportsModel) agree(*rapid.T) {
	n := len(m.waiting)
	for _, r := range m.leased {
		n += len(r.Events)
	}
	m.s.wantWaiting(n)
}

func reportsAreAModel(t *testing.T, s *rig) {
	n := 0
	s.check(t, func(t *rapid.T, s *rig, _ live.RoomID) {
		m := &reportsModel{s: s, n: n, leased: make(map[string]store.Reported)}
		t.Repeat(map[string]func(*rapid.T){"report": m.report, "take": m.take, "settle": m.settle, "": m.agree})
		n = m.n
		for id := range m.leased {
			s.settleReports(m.leased[id])
		}
		s.settleReports(s.takeAll(time.Hour)...)
		s.wantWaiting(0)
	})
}

func reportsAtOnceAreTakenOnce(t *testing.T, s *rig) {
	const each = 50
	var taken [crowd][]store.Reported
	parallel(crowd, func(n int) {
		for i := range each {
			s.report(reports(1+(n*each+i)*3, 3)...)
			taken[n] = append(taken[n], s.take(store.NodeID(fmt.Sprint(n)), 10, time.Hour)...)
		}
	})
	all := slices.Concat(taken[:]...)
	all = append(all, s.takeAll(time.Hour)...)
	if got := reported(all); len(got) != crowd*each*3 || len(slices.Compact(got)) != crowd*each*3 {
		t.Errorf("took %d, want %d, each once", len(got), crowd*each*3)
	}
	parallel(crowd, func(n int) { s.settleReports(taken[n]...) })
	s.settleReports(all...)
	s.wantWaiting(0)
}

// reportsCalls is every method of Reports.
var reportsCalls = []call{
	{"Report", true, func(ctx context.Context, s *rig, _ live.RoomID) error { return s.Reports.Report(ctx, reports(1, 2)) }},
	{"TakeReports", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return second(s.Reports.TakeReports(ctx, "node", 1, time.Hour))
	}},
	{"SettleReports", true, func(ctx context.Context, s *rig, _ live.RoomID) error { return s.Reports.SettleReports(ctx, nil) }},
	{"ReportsWaiting", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, _, err := s.Reports.ReportsWaiting(ctx)
		return err
	}},
}
