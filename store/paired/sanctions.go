package paired

import (
	"context"
	"errors"
	"maps"

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
				return s.handedActing(err)
			}
		}
	}
	return s.handActing(ctx, place)
}

// handedActing is handed of what acts in a place.
func (s *Store) handedActing(err error) error {
	s.standings.handed.Add(1)
	return s.handed(err)
}

// handActing hands over all that acts in a place.
func (s *Store) handActing(ctx context.Context, place live.RoomID) error {
	acting, err := s.durable.Acting(ctx, place)
	if err != nil {
		return err
	}
	return s.handedActing(s.hot.TakeActing(ctx, acting))
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
		return acting, s.handedActing(s.hot.TakeActing(ctx, acting))
	})
}

// Standings implements store.Sanctions. While the hot backend is away, the durable one is
// asked.
func (s *Store) Standings(
	ctx context.Context, id live.RoomID, users []live.UserID,
) ([]moderation.Standing, error) {
	places := placesOf(id)
	copies, err := s.hot.Copied(ctx, places, users)
	away := errors.Is(err, store.ErrUnavailable)
	if away {
		copies = make([]Copied, len(places))
	} else if err != nil {
		return nil, err
	}
	for i, place := range places {
		if copies[i].Known {
			continue
		}
		acting, err := s.present(ctx, place, away)
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

// present returns all that acts in a place by the durable backend, and hands it over unless
// the hot one is away.
func (s *Store) present(ctx context.Context, place live.RoomID, away bool) (Acting, error) {
	if !away {
		return s.load(ctx, place)
	}
	acting, err := s.durable.Acting(ctx, place)
	if errors.Is(err, store.ErrRoomNotFound) {
		return Acting{Place: place}, nil
	}
	return acting, err
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

// SanctionRevisions implements store.Sanctions. About places that the hot backend cannot be
// asked about, the durable one is: so a ban ends streams while the other is away.
func (s *Store) SanctionRevisions(
	ctx context.Context, ids []live.RoomID,
) (map[live.RoomID]store.SanctionRevision, error) {
	places := append([]live.RoomID{""}, ids...)
	known, err := s.copiedRevisions(ctx, places)
	if errors.Is(err, store.ErrUnavailable) {
		var rest map[live.RoomID]int64
		rest, err = s.durable.SanctionRevisions(ctx, lacking(places, known))
		maps.Copy(known, rest)
	}
	everywhere, reached := known[""]
	if !reached {
		return nil, err
	}
	all := make(map[live.RoomID]store.SanctionRevision, len(ids))
	for _, id := range ids {
		if here, reached := known[id]; reached { // err says so, else
			all[id] = store.SanctionRevision{Here: here, Everywhere: everywhere}
		}
	}
	return all, err
}

// copiedRevisions returns the revisions of places by their copies; where there is no copy, it
// is loaded. Of places that cannot be reached there is none, and an error.
func (s *Store) copiedRevisions(ctx context.Context, places []live.RoomID) (map[live.RoomID]int64, error) {
	marks, err := s.hot.FreshSanctionMarks(ctx, places)
	all := make(map[live.RoomID]int64, len(places))
	for place, mark := range marks {
		revision := mark.Revision
		if !mark.Known {
			loaded, err2 := s.load(ctx, place)
			if err2 != nil {
				err = err2
				continue
			}
			revision = loaded.Revision
		}
		all[place] = revision
	}
	return all, err
}

// lacking returns the places of which nothing is known.
func lacking(places []live.RoomID, known map[live.RoomID]int64) (rest []live.RoomID) {
	for _, place := range places {
		if _, is := known[place]; !is {
			rest = append(rest, place)
		}
	}
	return rest
}
