package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

var visitsTests = []test{
	{"MergedVisitsAreShown", mergedVisitsAreShown},
	{"VisitsComeInPages", visitsComeInPages},
	{"VisitsAreOfAUserToo", visitsAreOfAUserToo},
	{"WatchIsByDay", watchIsByDay},
	{"WatchIsOfASpan", watchIsOfASpan},
	{"EndOfARoomClosesVisits", endOfARoomClosesVisits},
	{"EndOfARoomBeforeItsVisitsBegan", endOfARoomBeforeItsVisitsBegan},
	{"ClosedVisitsAreRecorded", closedVisitsAreRecorded},
	{"SetAsideIsKeptOnce", setAsideIsKeptOnce},
	{"WhatCannotBeMergedIsSetAside", whatCannotBeMergedIsSetAside},
	{"WhatIsSetAsideAgainSaysWhy", whatIsSetAsideAgainSaysWhy},
	{"PruneVisitsForgets", pruneVisitsForgets},
	{"VisitsOfNoRoom", visitsOfNoRoom},
	{"VisitsAreAModel", visitsAreAModel},
}

func mergedVisitsAreShown(t *testing.T, s *rig) {
	at := s.hourAgo("r")
	s.merge(came("r", "ann \x00Ä", "a", 1, at), came("r", "bob", "b", 1, at+minute))
	s.merge(came("r", "bob", "b", 2, at+3*minute), came("r", "ann \x00Ä", "a2", 1, at+minute), came("r", "ann \x00Ä", "a2", 2, at+4*minute))
	s.merge(seen(came("r", "ann \x00Ä", "a", 2, at+2*minute)), came("r", "cy", "c", 2, at+5*minute))
	want := []visit.Visit{
		{Room: "r", User: "ann \x00Ä", Key: visit.Key{Session: "a", Version: 1}, Entered: at, Exited: at + 2*minute, Inferred: true},
		{Room: "r", User: "ann \x00Ä", Key: visit.Key{Session: "a2", Version: 1}, Entered: at + minute, Exited: at + 4*minute},
		{Room: "r", User: "bob", Key: visit.Key{Session: "b", Version: 1}, Entered: at + minute, Exited: at + 3*minute},
		{Room: "r", User: "cy", Key: visit.Key{Session: "c", Version: 1}, Exited: at + 5*minute, Anomaly: visit.ExitWithoutEnter},
	}
	if got := s.visits(store.VisitQuery{Room: "r"}); !slices.Equal(got, want) {
		t.Errorf("%+v, want\n%+v", got, want)
	}
	for _, q := range []store.VisitQuery{{Room: "r"}, {Room: "r", OnlyOpen: true}, {Room: "r", OnlyAnomalies: true}, {User: "bob"}} {
		q.From, q.Until = at+2*minute, at+2*minute
		if got := s.visits(q); len(got) != 0 {
			t.Errorf("%+v: %+v lie within no time", q, got)
		}
	}
	w := s.watch(store.WatchQuery{Room: "r"})
	if want := (visit.Watch{Total: visit.Span(6 * minute), Visits: 4, Users: 2, Inferred: 1, Anomalies: 1, First: at, Last: at + 4*minute}); !reflect.DeepEqual(w, want) {
		t.Errorf("%+v, want\n%+v", w, want)
	}
	a := s.attendance(store.AttendanceQuery{Room: "r", Curve: true, Retention: true, CurveUntil: at + 5*minute})
	if a.Peak != 3 || a.PeakAt != at+minute || a.Unique != 2 || a.Visits != 4 || !slices.Equal(a.Retention, []int64{2, 2, 2, 1, 1}) {
		t.Errorf("%+v", a)
	}
	online := []int64{1, 3, 2, 1, 0}
	if len(a.Curve) != len(online) {
		t.Errorf("%d minutes, want %d: the end is not in it", len(a.Curve), len(online))
	}
	for i, m := range a.Curve {
		if m.At != at+live.Timestamp(i)*minute || m.Online != online[i] {
			t.Errorf("minute %d: %+v", i, m)
		}
	}
	s.merge(came("r", "ann \x00Ä", "a", 2, at+10*minute)) // she had not left
	if w := s.watch(store.WatchQuery{Room: "r", User: "ann \x00Ä"}); w.Total != visit.Span(10*minute) || w.Inferred != 0 {
		t.Errorf("%+v", w)
	}
}

func visitsComeInPages(t *testing.T, s *rig) {
	at := s.hourAgo("r")
	var events []visit.Event
	for i := range 50 {
		user := live.UserID(fmt.Sprint("user ", i%7))
		session := live.SessionID(fmt.Sprint(i % 3))
		version := visit.Version(2*i + 1)
		events = append(events, came("r", user, session, version, at+live.Timestamp(i/4)), came("r", user, session, version+1, at+live.Timestamp(i)))
	}
	s.merge(events...)
	b := book("r", 0, events)
	for _, limit := range []int{1, 7, 50, 1000} {
		if got := s.visits(store.VisitQuery{Room: "r", Limit: limit}); !slices.Equal(got, b.All()) {
			t.Errorf("in pages of %d: %+v\nwant %+v", limit, got, b.All())
		}
	}
	for _, q := range []store.VisitQuery{
		{OnlyAnomalies: true},
		{OnlyOpen: true},
		{From: at + 5},
		{Until: at + 5},
		{From: at + 3, Until: at + 9, OnlyAnomalies: true},
		{User: "user 3"},
		{User: "user 3", Limit: 1},
		{User: "user 3", From: at + 5, OnlyAnomalies: true},
		{User: "nobody"},
	} {
		q.Room = "r"
		if got, want := s.visits(q), asked(b.All(), q); !slices.Equal(got, want) {
			t.Errorf("%+v: %+v\nwant %+v", q, got, want)
		}
	}
}

// book returns the book of events of a room.
func book(id live.RoomID, end live.Timestamp, events []visit.Event) *visit.Book {
	b := visit.NewBook(id, end)
	for _, e := range events {
		b.Merge(e.User, []visit.Event{e})
	}
	return b
}

// asked returns those visits that a query asks for.
func asked(all []visit.Visit, q store.VisitQuery) (found []visit.Visit) {
	for _, v := range all {
		if (q.User == "" || v.User == q.User) && (!q.OnlyAnomalies || v.Anomaly != visit.None) &&
			(!q.OnlyOpen || v.Open()) && v.Within(q.From, q.Until) {
			found = append(found, v)
		}
	}
	return found
}

func visitsAreOfAUserToo(t *testing.T, s *rig) {
	at := s.hourAgo("r")
	s.create("q")
	s.merge(came("r", "ann", "a", 1, at), came("q", "ann", "a", 1, at), came("r", "ann", "a", 2, at+minute), came("q", "ann", "a", 2, at+2*minute))
	s.merge(came("q", "bob", "b", 1, at), came("q", "bob", "b", 2, at+1))
	got := s.visits(store.VisitQuery{User: "ann", Limit: 1})
	if len(got) != 2 || got[0].Room != "q" || got[1].Room != "r" {
		t.Errorf("%+v", got)
	}
	w := s.watch(store.WatchQuery{User: "ann"})
	if w.Total != visit.Span(3*minute) || w.Users != 1 || w.Visits != 2 || w.First != at || w.Last != at+2*minute {
		t.Errorf("%+v", w)
	}
	if w := s.watch(store.WatchQuery{}); w.Total != visit.Span(3*minute)+1 || w.Users != 2 {
		t.Errorf("%+v", w)
	}
	if w := s.watch(store.WatchQuery{Room: "q", User: "nobody"}); !reflect.DeepEqual(w, visit.Watch{}) {
		t.Errorf("%+v", w)
	}
}

func watchIsOfASpan(t *testing.T, s *rig) {
	at := s.hourAgo("r")
	s.merge(came("r", "ann", "a", 1, at))
	for _, q := range []store.WatchQuery{{Room: "r"}, {User: "ann"}, {Room: "r", User: "ann"}, {}} {
		q.Until = at + 2*minute
		if w := s.watch(q); w.Open != 1 || w.Total != visit.Span(2*minute) || w.First != at || w.Last != q.Until {
			t.Errorf("%+v: %+v of one that is open", q, w)
		}
	}
	s.merge(came("r", "ann", "a", 2, at+3*minute))
	w := s.watch(store.WatchQuery{Room: "r", From: at + minute, Until: at + 2*minute})
	if w.Open != 0 || w.Total != visit.Span(minute) || w.First != at || w.Last != at+3*minute {
		t.Errorf("%+v of one that began before and ended after", w)
	}
}

func watchIsByDay(t *testing.T, s *rig) {
	s.create("r")
	zone := time.FixedZone("", 5*3600+1800)
	midnight := live.At(time.Date(2026, 3, 2, 0, 0, 0, 0, zone))
	s.merge(
		came("r", "ann", "a", 1, midnight-minute), came("r", "ann", "a", 2, midnight+2*minute),
		came("r", "bob", "b", 1, midnight+minute), came("r", "bob", "b", 2, midnight+2*minute),
	)
	want := []visit.Day{
		{Date: "2026-03-01", Total: visit.Span(minute), Visits: 1}, {Date: "2026-03-02", Total: visit.Span(3 * minute), Visits: 2},
	}
	if w := s.watch(store.WatchQuery{Room: "r", Zone: zone}); !slices.Equal(w.Days, want) || w.Users != 2 || w.Total != visit.Span(4*minute) {
		t.Errorf("%+v, want %+v", w, want)
	}
	w := s.watch(store.WatchQuery{Room: "r", From: midnight, Until: midnight + minute, Zone: zone})
	if w.Total != visit.Span(minute) || w.Users != 1 || len(w.Days) != 1 || w.First != midnight-minute {
		t.Errorf("%+v", w)
	}
}

func visitsOfNoRoom(t *testing.T, s *rig) {
	for _, err := range []error{
		second(s.Visits.Watch(t.Context(), store.WatchQuery{Room: "x"})),
		second(s.Visits.Visits(t.Context(), store.VisitQuery{Room: "x", Limit: 1})),
		second(s.Visits.Attendance(t.Context(), store.AttendanceQuery{Room: "x"})),
	} {
		if !errors.Is(err, store.ErrRoomNotFound) {
			t.Errorf("%v", err)
		}
	}
	s.create("r")
	if a := s.attendance(store.AttendanceQuery{Room: "r", Curve: true, Retention: true}); a.Visits != 0 || a.Curve != nil || a.Retention != nil || a.AsOf == 0 {
		t.Errorf("%+v", a)
	}
	if w := s.watch(store.WatchQuery{Room: "r"}); !reflect.DeepEqual(w, visit.Watch{}) {
		t.Errorf("%+v", w)
	}
	s.merge()
}

// second returns the second of two.
func second[T any](_ T, err error) error { return err }

// visitsCalls is every method of Visits.
var visitsCalls = []call{
	{"MergeVisits", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		return second(s.Visits.MergeVisits(ctx, []visit.Event{came(id, "ann", "a", 1, 5)}, nil))
	}},
	{"CloseVisits", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, _, err := s.Visits.CloseVisits(ctx, 1, nil)
		return err
	}},
	{"SetAside", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		return second(s.Visits.SetAside(ctx, []store.AsideVisit{{Event: came(id, "ann", "a", 1, 5)}}))
	}},
	{"AsideVisits", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		return second(s.Visits.AsideVisits(ctx, id, "", 1))
	}},
	{"TakeAside", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return second(s.Visits.TakeAside(ctx, []string{"a"}))
	}},
	{"DropAside", true, func(ctx context.Context, s *rig, _ live.RoomID) error { return s.Visits.DropAside(ctx, []string{"a"}) }},
	{"Watch", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		return second(s.Visits.Watch(ctx, store.WatchQuery{Room: id}))
	}},
	{"Visits", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		return second(s.Visits.Visits(ctx, store.VisitQuery{Room: id, Limit: 1}))
	}},
	{"Attendance", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		return second(s.Visits.Attendance(ctx, store.AttendanceQuery{Room: id}))
	}},
	{"PruneVisits", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return second(s.Visits.PruneVisits(ctx, 0, 1))
	}},
}
