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
	{"EndOfARoomClosesVisits", endOfARoomClosesVisits},
	{"EndOfARoomBeforeItsVisitsBegan", endOfARoomBeforeItsVisitsBegan},
	{"ClosedVisitsAreRecorded", closedVisitsAreRecorded},
	{"SetAsideIsKeptOnce", setAsideIsKeptOnce},
	{"WhatCannotBeMergedIsSetAside", whatCannotBeMergedIsSetAside},
	{"PruneVisitsForgets", pruneVisitsForgets},
	{"VisitsOfNoRoom", visitsOfNoRoom},
	{"VisitsAreAModel", visitsAreAModel},
}

// minute is one on a room's clock.
const minute = live.Timestamp(60_000_000)

// came returns an event: an enter by an odd version, an exit by an even one.
func came(id live.RoomID, user live.UserID, session live.SessionID, version visit.Version, at live.Timestamp) visit.Event {
	return visit.Event{Room: id, User: user, Session: session, Version: version, At: at}
}

// seen returns an exit as the last sign of life.
func seen(e visit.Event) visit.Event {
	e.Inferred = true
	return e
}

// merge merges events, of which none is set aside.
func (s *rig) merge(events ...visit.Event) {
	s.t.Helper()
	aside, err := s.Visits.MergeVisits(s.t.Context(), events, nil)
	if err != nil || len(aside) != 0 {
		s.t.Fatalf("MergeVisits = %+v, %v", aside, err)
	}
}

// visits lists visits, in pages.
func (s *rig) visits(q store.VisitQuery) []visit.Visit {
	s.t.Helper()
	if q.Limit == 0 {
		q.Limit = 1000
	}
	var all []visit.Visit
	for {
		page, err := s.Visits.Visits(s.t.Context(), q)
		if err != nil {
			s.t.Fatalf("Visits: %v", err)
		}
		if len(page) > q.Limit {
			s.t.Fatalf("%d of a page of %d", len(page), q.Limit)
		}
		if all = append(all, page...); len(page) < q.Limit {
			return all
		}
		q.After = &page[len(page)-1]
	}
}

func (s *rig) watch(q store.WatchQuery) visit.Watch {
	s.t.Helper()
	w, err := s.Visits.Watch(s.t.Context(), q)
	if err != nil {
		s.t.Fatalf("Watch: %v", err)
	}
	return w
}

func (s *rig) attendance(q store.AttendanceQuery) visit.Attendance {
	s.t.Helper()
	a, err := s.Visits.Attendance(s.t.Context(), q)
	if err != nil {
		s.t.Fatalf("Attendance: %v", err)
	}
	return a
}

// closeVisits closes all that is to be closed, and returns what was recorded.
func (s *rig) closeVisits(limit int) (closed []visit.Visit) {
	s.t.Helper()
	for {
		_, more, err := s.Visits.CloseVisits(s.t.Context(), limit, func(v []visit.Visit) []store.Event {
			closed = append(closed, v...)
			return nil
		})
		if err != nil {
			s.t.Fatalf("CloseVisits: %v", err)
		}
		if !more {
			return closed
		}
	}
}

// hourAgo is an instant for visits to begin at: the beginning of a minute.
func (s *rig) hourAgo(id live.RoomID) live.Timestamp {
	return visit.MinuteOf(s.create(id).Created) - 60*minute
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
	a := s.attendance(store.AttendanceQuery{Room: "r", Curve: true, Retention: true, CurveUntil: at + 4*minute})
	if a.Peak != 3 || a.PeakAt != at+minute || a.Unique != 2 || a.Visits != 4 || !slices.Equal(a.Retention, []int64{2, 2, 2, 1, 1}) {
		t.Errorf("%+v", a)
	}
	online := []int64{1, 3, 2, 1, 0}
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

func endOfARoomClosesVisits(t *testing.T, s *rig) {
	at := s.hourAgo("r")
	s.merge(
		came("r", "ann", "a", 1, at), came("r", "bob", "b", 1, at+minute), came("r", "cy", "c", 1, at), came("r", "cy", "c", 2, at+minute),
		came("r", "ann", "a2", 1, at),
	)
	end := s.end("r").Ended
	closed := s.closeVisits(1)
	slices.SortFunc(closed, visit.Visit.Compare)
	ann := visit.Visit{Room: "r", User: "ann", Key: visit.Key{Session: "a", Version: 1}, Entered: at, Exited: end, Inferred: true}
	ann2, bob := ann, ann
	ann2.Session, bob.User, bob.Session, bob.Entered = "a2", "bob", "b", at+minute
	if !slices.Equal(closed, []visit.Visit{ann, ann2, bob}) {
		t.Errorf("closed %+v", closed)
	}
	if again := s.closeVisits(10); len(again) != 0 {
		t.Errorf("closed again: %+v", again)
	}
	a := s.attendance(store.AttendanceQuery{Room: "r", Curve: true})
	last := a.Curve[len(a.Curve)-1]
	if a.Unique != 3 || last.Online != 0 || last.Exits != 3 || last.At != visit.MinuteOf(end) ||
		a.Total != 2*visit.Span(end)-2*visit.Span(at) {
		t.Errorf("%+v", a)
	}
	var late []visit.Visit
	events := []visit.Event{
		came("r", "bob", "b", 2, at+2*minute), came("r", "dan", "d", 1, end+1), came("r", "dan", "d", 2, end+2), came("r", "eve", "e", 1, end-5),
		came("r", "fay", "f", 1, end-5), came("r", "fay", "f", 2, end+5),
	}
	if _, err := s.Visits.MergeVisits(t.Context(), events, func(v []visit.Visit) []store.Event {
		late = append(late, v...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	bob.Exited, bob.Inferred = at+2*minute, false
	if len(late) != 3 || !slices.Contains(late, bob) || late[1].Exited != end || late[2].Exited != end {
		t.Errorf("closed late: %+v", late)
	}
	if got := s.visits(store.VisitQuery{Room: "r"}); len(got) != 6 {
		t.Errorf("%+v", got)
	}
	if got := s.visits(store.VisitQuery{Room: "r", OnlyOpen: true}); len(got) != 0 {
		t.Errorf("open: %+v", got)
	}
}

// Who is said to have entered after the room had ended has no visit, whatever else is said.
func endOfARoomBeforeItsVisitsBegan(t *testing.T, s *rig) {
	at := s.create("r").Created
	s.merge(
		came("r", "ann", "a", 1, at+4*minute), came("r", "ann", "a", 2, at+1), // it ends before it begins
		came("r", "bob", "b", 1, at+4*minute), came("r", "bob", "b", 2, at+4*minute+1),
		came("r", "cy", "c", 1, at+4*minute), came("r", "dee", "d", 1, at-minute), came("r", "dee", "d", 2, at+4*minute),
	)
	end := s.end("r").Ended
	s.closeVisits(2)
	want := []visit.Visit{{
		Room: "r", User: "dee", Key: visit.Key{Session: "d", Version: 1}, Entered: at - minute, Exited: end,
	}}
	if got := s.visits(store.VisitQuery{Room: "r"}); !slices.Equal(got, want) {
		t.Errorf("%+v, want\n%+v", got, want)
	}
	if a := s.attendance(store.AttendanceQuery{Room: "r"}); a.Visits != 1 || a.Unique != 1 || a.Peak != 1 {
		t.Errorf("%+v", a)
	}
}

func closedVisitsAreRecorded(t *testing.T, s *rig) {
	at := s.hourAgo("r")
	record := func(closed []visit.Visit) (events []store.Event) {
		for _, v := range closed {
			events = append(events, store.Event{ID: fmt.Sprint(v.User, v.Key, v.Exited), Room: v.Room, At: v.Exited, Kind: 1})
		}
		return events
	}
	merge := func(events ...visit.Event) {
		if _, err := s.Visits.MergeVisits(t.Context(), events, record); err != nil {
			t.Fatal(err)
		}
	}
	merge(came("r", "ann", "a", 1, at))
	merge(seen(came("r", "ann", "a", 2, at+minute)), came("r", "bob", "b", 2, at))
	merge(came("r", "ann", "a", 2, at+2*minute))
	merge(came("r", "ann", "a", 2, at+2*minute), seen(came("r", "ann", "a", 2, at+3*minute)))
	only := store.EventFilter{Rooms: []live.RoomID{"r"}, Kinds: []store.EventKind{1}}
	page, err := s.Events.Events(t.Context(), store.EventQuery{EventFilter: only, Limit: 10})
	if err != nil || len(page.Events) != 2 || page.Events[0].At != at+minute || page.Events[1].At != at+2*minute {
		t.Errorf("%+v, %v", page.Events, err)
	}
}

func setAsideIsKeptOnce(t *testing.T, s *rig) {
	a := store.AsideVisit{Event: came("r \x00", "ann", "", 0, -5), Reason: visit.Malformed, Detail: "a session \x00 is missing"}
	b := store.AsideVisit{Event: seen(came("q", "ann", "a", 2, 7)), Reason: visit.RoomNotFound}
	first, err := s.Visits.SetAside(t.Context(), []store.AsideVisit{a, b, a})
	if err != nil || len(first) != 3 || first[0] != first[2] || first[0].ID == "" || first[0].ID == first[1].ID || first[0].At == 0 {
		t.Fatalf("SetAside = %+v, %v", first, err)
	}
	b.ID, b.Reason, b.Detail = first[1].ID, visit.MergeFailed, "again and again"
	again, err := s.Visits.SetAside(t.Context(), []store.AsideVisit{b})
	if b.At = first[1].At; err != nil || len(again) != 1 || again[0] != b {
		t.Errorf("SetAside = %+v, %v, want %+v", again, err, b)
	}
	a = first[0]
	want := []store.AsideVisit{a, b}
	slices.SortFunc(want, func(a, b store.AsideVisit) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	list := func(id live.RoomID, after string, limit int) []store.AsideVisit {
		got, err := s.Visits.AsideVisits(t.Context(), id, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := list("", "", 10); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := list("", want[0].ID, 1); !slices.Equal(got, want[1:]) {
		t.Errorf("%+v, want %+v", got, want[1:])
	}
	if got := list("r \x00", "", 10); !slices.Equal(got, []store.AsideVisit{a}) {
		t.Errorf("%+v, want %+v", got, a)
	}
	taken, err := s.Visits.TakeAside(t.Context(), []string{b.ID, "none", a.ID, b.ID})
	if err != nil || !slices.Equal(taken, want) {
		t.Errorf("TakeAside = %+v, %v", taken, err)
	}
	if err := s.Visits.DropAside(t.Context(), []string{a.ID, "none"}); err != nil {
		t.Error(err)
	}
	if got := list("", "", 10); !slices.Equal(got, []store.AsideVisit{b}) {
		t.Errorf("%+v, want %+v", got, b)
	}
}

func whatCannotBeMergedIsSetAside(t *testing.T, s *rig) {
	at := s.hourAgo("r")
	good := came("r", "ann", "a", 1, at)
	bad := []visit.Event{
		came("unknown", "ann", "a", 1, at), came("r", "ann", "a", 3, at+1_000_000*minute), came("r", "", "a", 1, at), came("r", "ann", "", 1, at),
		came("r", "ann", "a", 0, at), came("r", "ann", "a", 1, 0), came("", "ann", "a", 1, at),
	}
	reasons := []visit.SetAside{visit.RoomNotFound, visit.InFuture, visit.Malformed, visit.Malformed, visit.Malformed, visit.Malformed, visit.Malformed}
	var ids []string
	for range 2 {
		aside, err := s.Visits.MergeVisits(t.Context(), append(slices.Clone(bad), good), nil)
		if err != nil || len(aside) != len(bad) {
			t.Fatalf("MergeVisits = %+v, %v", aside, err)
		}
		got := make(map[visit.Event]visit.SetAside)
		var now []string
		for _, a := range aside {
			got[a.Event] = a.Reason
			now = append(now, a.ID)
		}
		for i, e := range bad {
			if got[e] != reasons[i] {
				t.Errorf("%+v: %d, want %d", e, got[e], reasons[i])
			}
		}
		slices.Sort(now)
		if ids != nil && !slices.Equal(now, ids) {
			t.Errorf("ids %v, before %v", now, ids)
		}
		ids = now
	}
	kept, err := s.Visits.AsideVisits(t.Context(), "", "", 100)
	if err != nil || len(kept) != len(bad) {
		t.Errorf("AsideVisits = %+v, %v", kept, err)
	}
	if got := s.visits(store.VisitQuery{Room: "r"}); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

func pruneVisitsForgets(t *testing.T, s *rig) {
	clock := s.clock(t)
	at := s.hourAgo("r")
	s.create("live")
	s.merge(came("r", "ann", "a", 1, at), came("r", "bob", "b", 1, at), came("live", "ann", "a", 1, at))
	if _, err := s.Visits.SetAside(t.Context(), []store.AsideVisit{{Event: came("q", "ann", "a", 1, at), Reason: visit.MergeFailed}}); err != nil {
		t.Fatal(err)
	}
	s.end("r")
	s.closeVisits(10)
	prune := func() (n int) {
		for {
			some, err := s.Visits.PruneVisits(t.Context(), 10*time.Minute, 1)
			if err != nil {
				t.Fatal(err)
			}
			if n += some; some == 0 {
				return n
			}
		}
	}
	if n := prune(); n != 0 {
		t.Errorf("pruned %d", n)
	}
	clock.Advance(11 * time.Minute)
	if n := prune(); n != 3 {
		t.Errorf("pruned %d, want 3", n)
	}
	if a := s.attendance(store.AttendanceQuery{Room: "r", Curve: true, Retention: true}); a.Unique != 0 || a.Visits != 0 || a.Total != 0 || len(a.Curve) != 0 || len(a.Retention) != 0 {
		t.Errorf("%+v", a)
	}
	aside, err := s.Visits.MergeVisits(t.Context(), []visit.Event{came("r", "ann", "a", 2, at)}, nil)
	if err != nil || len(aside) != 1 || aside[0].Reason != visit.TooOld {
		t.Errorf("MergeVisits = %+v, %v", aside, err)
	}
	if got := s.visits(store.VisitQuery{User: "ann"}); len(got) != 1 || got[0].Room != "live" {
		t.Errorf("%+v", got)
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
