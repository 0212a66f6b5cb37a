package paired

import (
	"context"
	"errors"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
)

// ApplySanction implements store.Sanctions.
func (s *Store) ApplySanction(ctx context.Context, o store.SanctionOrder) (moderation.Sanction, error) {
	applied, change, err := s.durable.ApplySanction(ctx, o)
	if err != nil {
		return moderation.Sanction{}, err
	}
	return applied, s.handTerms(ctx, o.Room, o.User, change)
}

// LiftSanction implements store.Sanctions.
func (s *Store) LiftSanction(ctx context.Context, l store.SanctionLift) error {
	change, err := s.durable.LiftSanction(ctx, l)
	if err != nil {
		return err
	}
	return s.handTerms(ctx, l.Room, l.User, change)
}

// Sanctions implements store.Sanctions.
func (s *Store) Sanctions(ctx context.Context, q store.SanctionQuery) ([]moderation.Sanction, error) {
	return s.durable.Sanctions(ctx, q)
}

// handTerms hands over what a change has left of what acts on a user, or all that acts
// there, where there has been another change.
func (s *Store) handTerms(ctx context.Context, place live.RoomID, user live.UserID, c Change) error {
	if c.From != c.To {
		acting, err := s.durable.Terms(ctx, place, user)
		if err != nil {
			return err
		}
		if acting.Revision == c.To {
			acting.Users = map[live.UserID]moderation.Terms{user: acting.Users[user]}
			if user == "" {
				acting.Users = nil
			}
			taken, err := s.hot.TakeTerms(ctx, acting, c.From)
			if err != nil || taken {
				return s.handed(err)
			}
		}
	}
	return s.handActing(ctx, place)
}

// handActing hands over all that acts in a place.
func (s *Store) handActing(ctx context.Context, place live.RoomID) error {
	acting, err := s.durable.Acting(ctx, place)
	if err != nil {
		return err
	}
	return s.handed(s.hot.TakeActing(ctx, acting))
}

// handLate is handActing for a copy that is likely to be there: all that acts in a place may
// be much, and is read only if the copy is another.
func (s *Store) handLate(ctx context.Context, place live.RoomID) error {
	marks, err := s.hot.FreshSanctionMarks(ctx, []live.RoomID{place})
	if err != nil {
		return s.handed(err)
	}
	present, err := s.durable.Terms(ctx, place, "")
	if err != nil {
		return err
	}
	copied := marks[place]
	if copied.Known && copied.Revision == present.Revision {
		return nil
	}
	if copied.Known && copied.Revision > present.Revision {
		if err := s.surpass(ctx, OfSanctions, place, copied.Revision); err != nil {
			return err
		}
	}
	return s.handActing(ctx, place)
}

// load is handActing for a place that has no copy, once for all who ask meanwhile. A room
// that is not there has nothing.
func (s *Store) load(ctx context.Context, place live.RoomID) (Acting, error) {
	return fly(ctx, s.loadings, place, func(ctx context.Context) (Acting, error) {
		acting, err := s.durable.Acting(ctx, place)
		if errors.Is(err, store.ErrRoomNotFound) {
			acting, err = Acting{Place: place}, nil
		}
		if err != nil {
			return Acting{}, err
		}
		return acting, s.handed(s.hot.TakeActing(ctx, acting))
	})
}

// Standings implements store.Sanctions.
func (s *Store) Standings(
	ctx context.Context, id live.RoomID, users []live.UserID,
) ([]moderation.Standing, error) {
	places := placesOf(id)
	copies, err := s.hot.Copied(ctx, places, users)
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		if copies[i].Known {
			continue
		}
		acting, err := s.load(ctx, place)
		if err != nil {
			return nil, err
		}
		copies[i] = acting.copied(users)
	}
	now := s.hot.Now()
	all := make([]moderation.Standing, len(users))
	for i := range users {
		here, mute := moderation.Terms{}, moderation.Term{}
		if id != "" {
			here, mute = copies[1].Terms[i], copies[1].RoomMute
		}
		all[i] = standing(copies[0].Terms[i], here, mute, now)
	}
	return all, nil
}

// placesOf returns where sanctions act that act in a room: every room, and the room if it
// is one.
func placesOf(id live.RoomID) []live.RoomID {
	if id == "" {
		return []live.RoomID{""}
	}
	return []live.RoomID{"", id}
}

// copied returns what acts on users as a copy would.
func (a Acting) copied(users []live.UserID) Copied {
	c := Copied{Mark: a.mark(), Terms: make([]moderation.Terms, len(users))}
	for i, user := range users {
		c.Terms[i] = a.Users[user]
	}
	return c
}

// mark returns the mark that a copy has.
func (a Acting) mark() Mark {
	return Mark{Known: true, Revision: a.Revision, Users: len(a.Users), RoomMute: a.RoomMute}
}

// standing returns how a user stands on whom this acts, without what has expired.
func standing(everywhere, here moderation.Terms, mute moderation.Term, now live.Timestamp) moderation.Standing {
	return moderation.Join(acting(everywhere, now), acting(here, now), still(mute, now))
}

// acting returns what of a user's terms acts still.
func acting(t moderation.Terms, now live.Timestamp) moderation.Terms {
	return moderation.Terms{
		Banned: still(t.Banned, now), Muted: still(t.Muted, now),
		Protected: still(t.Protected, now), Appointed: still(t.Appointed, now),
	}
}

// still returns a term that has not ended.
func still(t moderation.Term, now live.Timestamp) moderation.Term {
	if t.Until <= now {
		return moderation.Term{}
	}
	return t
}

// SanctionRevisions implements store.Sanctions.
func (s *Store) SanctionRevisions(
	ctx context.Context, ids []live.RoomID,
) (map[live.RoomID]store.SanctionRevision, error) {
	marks, err := s.hot.FreshSanctionMarks(ctx, append([]live.RoomID{""}, ids...))
	mark, reached := marks[""]
	if !reached {
		return nil, err
	}
	everywhere, err2 := s.revision(ctx, "", mark)
	if err2 != nil {
		return nil, err2
	}
	all := make(map[live.RoomID]store.SanctionRevision, len(ids))
	for _, id := range ids {
		mark, reached := marks[id]
		if !reached {
			continue // err says so
		}
		here, err2 := s.revision(ctx, id, mark)
		if err2 != nil {
			err = err2
			continue
		}
		all[id] = store.SanctionRevision{Here: here, Everywhere: everywhere}
	}
	return all, err
}

// revision returns that of a place by its mark; where there is no copy, it is loaded.
func (s *Store) revision(ctx context.Context, place live.RoomID, mark Mark) (int64, error) {
	if mark.Known {
		return mark.Revision, nil
	}
	loaded, err := s.load(ctx, place)
	return loaded.Revision, err
}
