package storetest

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// visitsModel is the visits of a room that a store should have: those of a book.
type visitsModel struct {
	s     *rig
	clock *Clock
	id    live.RoomID
	begun live.Timestamp
	all   []visit.Event
	end   live.Timestamp
	last  map[visit.Visit]bool // that were told as closed, as they are now
}

// draw draws an event.
func (m *visitsModel) draw(t *rapid.T) visit.Event {
	e := came(m.id,
		rapid.SampledFrom([]live.UserID{"ann", "bob", "cy \x00"}).Draw(t, "user"),
		rapid.SampledFrom([]live.SessionID{"a", "b"}).Draw(t, "session"),
		visit.Version(rapid.IntRange(1, 8).Draw(t, "version")),
		m.begun+live.Timestamp(rapid.IntRange(0, 60).Draw(t, "at"))*minute/6)
	e.Inferred = e.Version%2 == 0 && rapid.Bool().Draw(t, "inferred")
	return e
}

// merge merges a few events, some of them again.
func (m *visitsModel) merge(t *rapid.T) {
	var events []visit.Event
	for range rapid.IntRange(1, 6).Draw(t, "events") {
		if len(m.all) > 0 && rapid.IntRange(0, 4).Draw(t, "again") == 0 {
			events = append(events, rapid.SampledFrom(m.all).Draw(t, "event"))
			continue
		}
		events = append(events, m.draw(t))
	}
	m.all = append(m.all, events...)
	if _, err := m.s.Visits.MergeVisits(t.Context(), events, m.told); err != nil {
		t.Fatal(err)
	}
}

// told notes visits that are told as closed.
func (m *visitsModel) told(closed []visit.Visit) []store.Event {
	for _, v := range closed {
		maps.DeleteFunc(m.last, func(was visit.Visit, _ bool) bool { return was.User == v.User && was.Key == v.Key })
		m.last[v] = true
	}
	return nil
}

// finish ends the room, sometimes, or lets time pass.
func (m *visitsModel) finish(t *rapid.T) {
	m.clock.Advance(time.Duration(rapid.IntRange(1, 100).Draw(t, "pass")) * time.Second)
	if rapid.IntRange(0, 3).Draw(t, "end") == 0 {
		m.end = m.s.end(m.id).Ended
	}
}

// close closes what the end has left open.
func (m *visitsModel) close(t *rapid.T) {
	limit := rapid.IntRange(1, 3).Draw(t, "limit")
	for more := true; more; {
		var err error
		if _, more, err = m.s.Visits.CloseVisits(t.Context(), limit, m.told); err != nil {
			t.Fatal(err)
		}
	}
}

// agree compares all that can be asked for.
func (m *visitsModel) agree(t *rapid.T) {
	if m.end != 0 {
		m.close(t)
	}
	b, now := book(m.id, m.end, m.all), m.clock.Now()
	want := b.All()
	q := store.VisitQuery{
		Room: m.id, Limit: rapid.IntRange(1, 9).Draw(t, "limit"), User: rapid.SampledFrom([]live.UserID{"", "", "cy \x00"}).Draw(t, "of"),
		OnlyAnomalies: rapid.IntRange(0, 3).Draw(t, "anomalies") == 0, OnlyOpen: rapid.IntRange(0, 3).Draw(t, "open") == 0,
	}
	if got := m.s.visits(q); !slices.Equal(got, asked(want, q)) {
		t.Fatalf("%+v: %+v\nwant %+v", q, got, asked(want, q))
	}
	m.watches(t, b, now)
	a := store.AttendanceQuery{Room: m.id, Curve: true, Retention: true}
	if rapid.Bool().Draw(t, "part") {
		a.CurveFrom = m.begun + live.Timestamp(rapid.IntRange(-2, 12).Draw(t, "from"))*minute
		a.CurveUntil = a.CurveFrom + live.Timestamp(rapid.IntRange(0, 12).Draw(t, "long"))*minute
	}
	wantA := b.Attendance(now, true, true, a.CurveFrom, a.CurveUntil)
	if got := m.s.attendance(a); !sameAttendance(got, wantA) {
		t.Fatalf("%+v: %+v\nwant %+v", a, got, wantA)
	}
	for _, v := range want {
		if !v.Open() && v.Anomaly != visit.ExitWithoutEnter && !m.last[v] {
			t.Fatalf("%+v was not told", v)
		}
	}
}

// watches compares watch times.
func (m *visitsModel) watches(t *rapid.T, b *visit.Book, now live.Timestamp) {
	q := store.WatchQuery{Room: m.id, User: rapid.SampledFrom([]live.UserID{"", "", "ann"}).Draw(t, "watcher")}
	if rapid.Bool().Draw(t, "window") {
		q.From = m.begun + live.Timestamp(rapid.IntRange(1, 60).Draw(t, "from"))*minute/6
		q.Until = q.From + live.Timestamp(rapid.IntRange(0, 60).Draw(t, "long"))*minute/6
	}
	if rapid.Bool().Draw(t, "by day") {
		q.Zone = time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "offset")*3600)
	}
	sum, users := visit.NewSummary(q.From, q.Until, q.Zone), int64(0)
	b.Each(func(user live.UserID, visits []visit.Visit) {
		if (q.User == "" || q.User == user) && sum.Add(visits, b.Figures().At(now)) {
			users++
		}
	})
	if got, want := m.s.watch(q), sum.Watch(users); !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v: %+v\nwant %+v", q, got, want)
	}
}

// sameAttendance compares attendances.
func sameAttendance(a, b visit.Attendance) bool {
	return slices.Equal(a.Curve, b.Curve) && slices.Equal(a.Retention, b.Retention) &&
		cmp.Compare(a.AsOf, b.AsOf) == 0 && a.Peak == b.Peak && a.PeakAt == b.PeakAt &&
		a.Unique == b.Unique && a.Visits == b.Visits && a.Total == b.Total
}

func visitsAreAModel(t *testing.T, s *rig) {
	clock := s.clock(t)
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		m := &visitsModel{s: s, clock: clock, id: id, last: make(map[visit.Visit]bool)}
		m.begun = s.hourAgo(id)
		t.Repeat(map[string]func(*rapid.T){"merge": m.merge, "and": m.merge, "more": m.merge, "finish": m.finish, "": m.agree})
	})
}
