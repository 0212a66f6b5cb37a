package storetest

import (
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

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
