package visit

import (
	"cmp"
	"context"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// Aside returns a page of the events that were not merged, of one room or (empty) all, and
// the token of the next. Errors of auth, page.ErrToken.
func (s *Service) Aside(
	ctx context.Context, p auth.Principal, id live.RoomID, size int, token string,
) ([]store.AsideVisit, string, error) {
	if err := p.As(cmp.Or(id, auth.AnyRoom), live.RoleBackend); err != nil {
		return nil, "", err
	}
	list := page.List("visits set aside " + string(id))
	after, err := list.After(token)
	if err != nil {
		return nil, "", err
	}
	found, err := s.visits.AsideVisits(ctx, id, after, size+1)
	if err != nil {
		return nil, "", err
	}
	found, next := page.Cut(list, found, size, func(a store.AsideVisit) string { return a.ID })
	return found, next, nil
}

// Replay tries to merge events again that were set aside. It returns how many were merged,
// and those that were set aside again. Those of rooms that the caller's token does not cover
// are left alone. Errors of auth.
func (s *Service) Replay(ctx context.Context, p auth.Principal, ids []string) (int, []store.AsideVisit, error) {
	if p.Role != live.RoleBackend {
		return 0, nil, auth.ErrRoleForbidden
	}
	taken, err := s.visits.TakeAside(ctx, ids)
	taken = slices.DeleteFunc(taken, func(a store.AsideVisit) bool { return !p.Covers(a.Event.Room) })
	if err != nil || len(taken) == 0 {
		return 0, nil, err
	}
	good, again := s.siftAgain(p, taken)
	merged, failed, err := s.mergeAgain(ctx, good)
	if err != nil {
		return 0, nil, err
	}
	again = append(again, failed...)
	if len(again) > 0 {
		if again, err = s.visits.SetAside(ctx, again); err != nil {
			return 0, nil, err
		}
		s.metrics.setAside(again)
	}
	if err := s.visits.DropAside(ctx, merged); err != nil {
		return 0, nil, err
	}
	return len(merged), again, nil
}

// siftAgain divides what was set aside into what may be merged and what is faulty still.
func (s *Service) siftAgain(p auth.Principal, taken []store.AsideVisit) (good, bad []store.AsideVisit) {
	for _, a := range taken {
		if a.Reason == visit.Malformed { // its own rules do not change
			if reason, detail := fault(p, a.Event, now()); reason != 0 {
				a.Reason, a.Detail = reason, detail
				bad = append(bad, a)
				continue
			}
		}
		good = append(good, a)
	}
	return good, bad
}

// mergeAgain merges events that were set aside, together if that can be, and else each
// alone. It returns the ids of those that are merged, and the others with why they are not.
func (s *Service) mergeAgain(ctx context.Context, all []store.AsideVisit) (merged []string, failed []store.AsideVisit, err error) {
	if len(all) == 0 {
		return nil, nil, nil
	}
	events := make([]visit.Event, len(all))
	for i, a := range all {
		events[i] = a.Event
	}
	aside, err := s.mergeStep(ctx, events)
	switch {
	case err == nil:
		merged, failed = parted(all, aside)
		return merged, failed, nil
	case !spoilt(err):
		return nil, nil, err
	case len(all) == 1:
		s.logger.ErrorContext(ctx, "an event of a visit that was set aside cannot be merged", "set_aside_id", all[0].ID, "error", err)
		again := all[0]
		again.Reason, again.Detail = visit.MergeFailed, "merging it failed again: its reason is in the server's log"
		return nil, []store.AsideVisit{again}, nil
	}
	for _, half := range [][]store.AsideVisit{all[:len(all)/2], all[len(all)/2:]} {
		some, not, err := s.mergeAgain(ctx, half)
		if err != nil {
			return nil, nil, err
		}
		merged, failed = append(merged, some...), append(failed, not...)
	}
	return merged, failed, nil
}

// parted divides events by whether they are among those that were set aside again.
func parted(all, aside []store.AsideVisit) (merged []string, failed []store.AsideVisit) {
	why := make(map[visit.Event]store.AsideVisit, len(aside))
	for _, a := range aside {
		why[a.Event] = a
	}
	for _, a := range all {
		if again, ok := why[a.Event]; ok {
			again.ID = a.ID
			failed = append(failed, again)
			continue
		}
		merged = append(merged, a.ID)
	}
	return merged, failed
}
