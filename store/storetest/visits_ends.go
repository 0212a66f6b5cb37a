package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

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
