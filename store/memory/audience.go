package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// Watch implements store.Visits.
func (s *Store) Watch(ctx context.Context, q store.WatchQuery) (visit.Watch, error) {
	books, err := s.booksOf(ctx, q.Room)
	if err != nil {
		return visit.Watch{}, err
	}
	now, v := s.now(), &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	sum, users := visit.NewSummary(q.From, q.Until, q.Zone), make(map[live.UserID]struct{})
	for _, id := range books {
		b := v.books[id]
		if b == nil {
			continue
		}
		at := b.Figures().At(now)
		add := func(user live.UserID, visits []visit.Visit) {
			if sum.Add(visits, at) {
				users[user] = struct{}{}
			}
		}
		if q.User != "" {
			add(q.User, b.Of(q.User))
		} else {
			b.Each(add)
		}
	}
	return sum.Watch(int64(len(users))), nil
}

// booksOf returns a room, or all that there are ("") which have visits.
func (s *Store) booksOf(ctx context.Context, id live.RoomID) ([]live.RoomID, error) {
	if id != "" {
		_, err := s.find(ctx, id)
		return []live.RoomID{id}, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v := &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	all := make([]live.RoomID, 0, len(v.books))
	for id := range v.books {
		all = append(all, id)
	}
	return all, nil
}

// Visits implements store.Visits.
func (s *Store) Visits(ctx context.Context, q store.VisitQuery) ([]visit.Visit, error) {
	books, err := s.booksOf(ctx, q.Room)
	if err != nil {
		return nil, err
	}
	v := &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	if q.Room != "" && q.User == "" {
		return pageOf(v.books[q.Room].all(), q), nil
	}
	var all []visit.Visit
	for _, id := range books {
		if b := v.books[id]; b != nil {
			if q.User != "" {
				all = append(all, b.Of(q.User)...)
			} else {
				all = append(all, b.All()...)
			}
		}
	}
	slices.SortFunc(all, visit.Visit.Compare)
	return pageOf(all, q), nil
}

// all returns all visits of a book, none of none.
func (b *visitBook) all() []visit.Visit {
	if b == nil {
		return nil
	}
	return b.All()
}

// pageOf returns those of visits in order that a query asks for.
func pageOf(all []visit.Visit, q store.VisitQuery) []visit.Visit {
	if q.After != nil {
		at, there := slices.BinarySearchFunc(all, *q.After, visit.Visit.Compare)
		if there {
			at++
		}
		all = all[at:]
	}
	var page []visit.Visit
	for _, one := range all {
		if len(page) == q.Limit {
			break
		}
		if asksForVisit(q, one) {
			page = append(page, one)
		}
	}
	return page
}

// asksForVisit says whether a query asks for a visit of its room and user.
func asksForVisit(q store.VisitQuery, one visit.Visit) bool {
	return one.Within(q.From, q.Until) && (!q.OnlyAnomalies || one.Anomaly != visit.None) &&
		(!q.OnlyOpen || one.Open())
}

// Attendance implements store.Visits.
func (s *Store) Attendance(ctx context.Context, q store.AttendanceQuery) (visit.Attendance, error) {
	if _, err := s.find(ctx, q.Room); err != nil {
		return visit.Attendance{}, err
	}
	now, v := s.now(), &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	b := v.books[q.Room]
	if b == nil {
		return visit.Attendance{AsOf: now}, nil
	}
	a := b.Attendance(now, q.Curve, q.Retention, q.CurveFrom, q.CurveUntil)
	a.AsOf = cmp.Or(a.AsOf, now)
	return a, nil
}
