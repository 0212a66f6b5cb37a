package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// visits is who was in which room. The zero value is empty and ready to use.
type visits struct {
	mu     sync.Mutex
	books  map[live.RoomID]*visitBook
	aside  map[string]store.AsideVisit // by id
	digest map[string]string           // the ids, by what the events are
}

// visitBook is the visits to a room.
type visitBook struct {
	*visit.Book
	end    live.Timestamp
	pruned bool
}

// MergeVisits implements store.Visits.
func (s *Store) MergeVisits(
	ctx context.Context, events []visit.Event, record store.VisitRecorder,
) ([]store.AsideVisit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, e := range events {
		s.openBook(e.Room)
	}
	now, v := s.now(), &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	var closed []visit.Visit
	var aside []store.AsideVisit
	order, groups := guests(events)
	for _, g := range order {
		merged := groups[g][:0]
		for _, e := range groups[g] {
			if reason := v.fault(e, now); reason != 0 {
				aside = append(aside, v.setAside(store.AsideFor(e, reason), now))
				continue
			}
			merged = append(merged, e)
		}
		if len(merged) == 0 {
			continue
		}
		b := v.books[g.room]
		admitted, refused := b.Admit(g.user, merged, visit.MaxVisits)
		for _, e := range refused {
			aside = append(aside, v.setAside(store.AsideFor(e, visit.TooMany), now))
		}
		if len(admitted) > 0 {
			closed = append(closed, b.Merge(g.user, admitted)...)
		}
	}
	s.recordVisits(closed, record, now)
	return aside, nil
}

// guestKey is a user in a room.
type guestKey struct {
	room live.RoomID
	user live.UserID
}

// guests divides events by whose they are, in the order in which they first come.
func guests(events []visit.Event) (order []guestKey, groups map[guestKey][]visit.Event) {
	groups = make(map[guestKey][]visit.Event)
	for _, e := range events {
		k := guestKey{e.Room, e.User}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], e)
	}
	return order, groups
}

// openBook makes sure that a room that is there has a book.
func (s *Store) openBook(id live.RoomID) {
	if s.visits.has(id) {
		return
	}
	r := s.get(id)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.forgotten {
		s.visits.open(id, r.room.Ended)
	}
}

// has says whether a room has a book.
func (v *visits) has(id live.RoomID) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.books[id] != nil
}

// open gives a room a book, if it has none. The caller holds the room's lock.
func (v *visits) open(id live.RoomID, end live.Timestamp) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.books == nil {
		v.books = make(map[live.RoomID]*visitBook)
	}
	if v.books[id] == nil {
		v.books[id] = &visitBook{Book: visit.NewBook(id, end), end: end}
	}
}

// end notes that a room has ended. The caller holds the room's lock.
func (v *visits) end(id live.RoomID, at live.Timestamp) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if b := v.books[id]; b != nil {
		b.end = at
		b.End(at)
	}
}

// forget drops what there is of a room.
func (v *visits) forget(id live.RoomID) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.books, id)
}

// fault returns why an event cannot be merged, 0 if it can.
func (v *visits) fault(e visit.Event, now live.Timestamp) visit.SetAside {
	if reason := e.Fault(now); reason != 0 {
		return reason
	}
	switch b := v.books[e.Room]; {
	case b == nil:
		return visit.RoomNotFound
	case b.pruned:
		return visit.TooOld
	default:
		return 0
	}
}

// recordVisits records the events of visits that were closed.
func (s *Store) recordVisits(closed []visit.Visit, record store.VisitRecorder, now live.Timestamp) {
	if len(closed) > 0 && record != nil {
		s.events.append(record(closed), now)
	}
}

// CloseVisits implements store.Visits.
func (s *Store) CloseVisits(ctx context.Context, limit int, record store.VisitRecorder) (n int, more bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	now, v := s.now(), &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	var closed []visit.Visit
	for _, b := range v.books {
		for b.Ended() && !more {
			some, left := b.Close()
			if !left {
				break
			}
			closed = append(closed, some...)
			more = len(closed) >= limit
		}
	}
	s.recordVisits(closed, record, now)
	return len(closed), more, nil
}

// SetAside implements store.Visits.
func (s *Store) SetAside(ctx context.Context, events []store.AsideVisit) ([]store.AsideVisit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now, v := s.now(), &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	kept := make([]store.AsideVisit, len(events))
	for i, a := range events {
		kept[i] = v.setAside(a, now)
	}
	return kept, nil
}

// setAside keeps an event, and returns it as it is kept: once, however often it comes.
func (v *visits) setAside(a store.AsideVisit, now live.Timestamp) store.AsideVisit {
	if v.aside == nil {
		v.aside, v.digest = make(map[string]store.AsideVisit), make(map[string]string)
	}
	digest := a.Event.Digest()
	if id, known := v.digest[digest]; known {
		a.ID, a.At = id, v.aside[id].At
	} else {
		a.ID, a.At = a.Event.AsideID(now), now
	}
	v.aside[a.ID], v.digest[digest] = a, a.ID
	return a
}

// AsideVisits implements store.Visits.
func (s *Store) AsideVisits(
	ctx context.Context, id live.RoomID, after string, limit int,
) ([]store.AsideVisit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v := &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	var found []store.AsideVisit
	for _, a := range v.aside {
		if a.ID > after && (id == "" || a.Event.Room == id) {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b store.AsideVisit) int { return cmp.Compare(a.ID, b.ID) })
	return found[:min(limit, len(found))], nil
}

// TakeAside implements store.Visits.
func (s *Store) TakeAside(ctx context.Context, ids []string) ([]store.AsideVisit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v := &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	var found []store.AsideVisit
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if a, there := v.aside[id]; there {
			found = append(found, a)
		}
	}
	return found, nil
}

// DropAside implements store.Visits.
func (s *Store) DropAside(ctx context.Context, ids []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	v := &s.visits
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, id := range ids {
		v.dropAside(id)
	}
	return nil
}

// dropAside forgets an event that was set aside.
func (v *visits) dropAside(id string) {
	if a, there := v.aside[id]; there {
		delete(v.aside, id)
		delete(v.digest, a.Event.Digest())
	}
}

// PruneVisits implements store.Visits. What is known of one room goes at once.
func (s *Store) PruneVisits(ctx context.Context, keep time.Duration, limit int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	until, v, n := s.now().Add(-keep), &s.visits, 0
	v.mu.Lock()
	defer v.mu.Unlock()
	for id, a := range v.aside {
		if n < limit && a.At < until {
			v.dropAside(id)
			n++
		}
	}
	for id, b := range v.books {
		if n < limit && !b.pruned && b.Ended() && b.end < until {
			n += int(b.Figures().Visits)
			v.books[id] = &visitBook{Book: visit.NewBook(id, b.end), end: b.end, pruned: true}
		}
	}
	return n, nil
}
