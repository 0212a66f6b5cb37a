package paired

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
)

// maxStandings is of how many users in how many places a node remembers what acts on them.
const maxStandings = 1 << 17

const (
	// confirmEvery is how often the durable backend is asked, while the hot one is away,
	// whether what is known of a place is what acts there: not for every call.
	confirmEvery = 500 * time.Millisecond
	// confirmWithin is how long it may take to answer before what is known must do.
	confirmWithin = time.Second
)

// standings is what acts on users as this node read it last, and of which revision of the
// place that was. While the place is at that revision it is as it is, and while nobody can
// say it is what is known still.
type standings struct {
	users  *lru.Cache[placed, revised]
	places *lru.Cache[live.RoomID, Mark]
	asked  *lru.Cache[live.RoomID, time.Time] // when the durable backend was, about a place

	glances *lru.Cache[live.RoomID, glance]
	handed  atomic.Uint64 // counts what this node has handed over: that it sees at once
}

// placed is a user in a place.
type placed struct {
	place live.RoomID
	user  live.UserID
}

// revised is what acts on a user at a revision of the place.
type revised struct {
	revision int64
	terms    moderation.Terms
}

// glanceFor is how long marks that were read are good for others who come to the room: about
// as long as news of a change takes to be there.
const glanceFor = 5 * time.Millisecond

// glance is the marks of a room's places at an instant. Where many come at once, to look for
// each of them into what the connection has cached is a good part of what they cost.
type glance struct {
	marks  []Mark
	at     time.Time
	handed uint64
}

func newStandings() *standings {
	return &standings{
		users:  remembering[placed, revised](maxStandings),
		places: remembering[live.RoomID, Mark](maxSeen),
		asked:  remembering[live.RoomID, time.Time](maxSeen),

		glances: remembering[live.RoomID, glance](maxSeen),
	}
}

// remembering returns a memory of the latest so many, which is a constant.
func remembering[K comparable, V any](many int) *lru.Cache[K, V] {
	memory, err := lru.New[K, V](many)
	if err != nil {
		panic(err)
	}
	return memory
}

// put remembers what acts on a user by a copy of this mark.
func (s *standings) put(place live.RoomID, user live.UserID, m Mark, terms moderation.Terms) {
	s.saw(place, m)
	s.users.Add(placed{place, user}, revised{m.Revision, terms})
}

// saw remembers the mark of a place's copy.
func (s *standings) saw(place live.RoomID, m Mark) {
	if was, ok := s.places.Get(place); !ok || was != m {
		s.places.Add(place, m)
	}
}

// at returns what acts on a user at the revision of a mark, if it is remembered.
func (s *standings) at(place live.RoomID, user live.UserID, m Mark) (moderation.Terms, bool) {
	if m.Users == 0 {
		return moderation.Terms{}, true
	}
	r, ok := s.users.Get(placed{place, user})
	return r.terms, ok && r.revision == m.Revision
}

// last returns what acted on a user when it was read last, if it is remembered, and
// whether that was at the latest revision that is known of the place.
func (s *standings) last(place live.RoomID, user live.UserID) (c Copied, known, latest bool) {
	m, ok := s.places.Get(place)
	if !ok {
		return Copied{}, false, false
	}
	if m.Users == 0 {
		return Copied{m, make([]moderation.Terms, 1)}, true, true
	}
	r, ok := s.users.Get(placed{place, user})
	return Copied{m, []moderation.Terms{r.terms}}, ok, ok && r.revision == m.Revision
}

// confirmed notes that the durable backend was asked about a place, and what it said, if
// it did.
func (s *standings) confirmed(place live.RoomID, a Acting, err error) {
	s.asked.Add(place, time.Now())
	if m, ok := s.places.Get(place); err == nil && ok && a.Revision > m.Revision {
		s.saw(place, Mark{Known: true, Revision: a.Revision, Users: 1, RoomMute: a.RoomMute}) // one at least
	}
}

// isConfirmed says whether the durable backend was asked about a place lately.
func (s *standings) isConfirmed(place live.RoomID) bool {
	at, ok := s.asked.Get(place)
	return ok && time.Since(at) < confirmEvery
}

// Standing implements store.Sanctions. What is known of a user holds while the cached
// revision of the place is the same: so it is one look into the node's memory, and a read
// of the copy only for those about whom something may have changed.
func (s *Store) Standing(ctx context.Context, id live.RoomID, user live.UserID) (moderation.Standing, error) {
	if err := ctx.Err(); err != nil {
		return moderation.Standing{}, err
	}
	places := placesOf(id)
	marks, err := s.marks(ctx, id, places)
	if errors.Is(err, store.ErrUnavailable) {
		return s.lastStanding(ctx, places, user)
	}
	if err != nil {
		return moderation.Standing{}, err
	}
	found, err := s.join(places, func(i int, place live.RoomID) (Copied, error) {
		return s.standsIn(ctx, place, user, marks[i])
	})
	if errors.Is(err, store.ErrUnavailable) {
		return s.lastStanding(ctx, places, user)
	}
	return found, err
}

// marks returns the marks of the places of a room, as they are or were a moment ago.
func (s *Store) marks(ctx context.Context, id live.RoomID, places []live.RoomID) ([]Mark, error) {
	handed := s.standings.handed.Load()
	if g, ok := s.standings.glances.Get(id); ok && g.handed == handed && time.Since(g.at) < glanceFor {
		return g.marks, nil
	}
	at := time.Now()
	marks, err := s.hot.SanctionMarks(ctx, places)
	if err == nil && !slices.ContainsFunc(marks, func(m Mark) bool { return !m.Known }) {
		s.standings.glances.Add(id, glance{marks, at, handed})
	}
	return marks, err
}

// join returns how a user stands on whom this acts in places: every room, and the room if
// it is one.
func (s *Store) join(
	places []live.RoomID, in func(i int, place live.RoomID) (Copied, error),
) (moderation.Standing, error) {
	var terms [2]moderation.Terms
	var mute moderation.Term
	for i, place := range places {
		found, err := in(i, place)
		if err != nil {
			return moderation.Standing{}, err
		}
		terms[i] = found.Terms[0]
		if i > 0 {
			mute = found.RoomMute
		}
	}
	return standing(terms[0], terms[1], mute, s.hot.Now()), nil
}

// standsIn returns what acts on a user in a place whose copy, as far as the cache knows,
// is of this mark.
func (s *Store) standsIn(ctx context.Context, place live.RoomID, user live.UserID, m Mark) (Copied, error) {
	if m.Known {
		if terms, ok := s.standings.at(place, user, m); ok {
			s.standings.saw(place, m)
			return Copied{m, []moderation.Terms{terms}}, nil
		}
	}
	copies, err := s.hot.Copied(ctx, []live.RoomID{place}, []live.UserID{user})
	if err != nil {
		return Copied{}, err
	}
	found := copies[0]
	if !found.Known {
		loaded, err := s.load(ctx, place)
		if err != nil {
			return Copied{}, err
		}
		found = loaded.copied([]live.UserID{user})
	}
	s.standings.put(place, user, found.Mark, found.Terms[0])
	return found, nil
}

// lastStanding is Standing while the hot backend is away, or this node has lost touch with
// it: what was known last, as long as the durable one does not say that it has changed.
func (s *Store) lastStanding(
	ctx context.Context, places []live.RoomID, user live.UserID,
) (moderation.Standing, error) {
	return s.join(places, func(_ int, place live.RoomID) (Copied, error) { return s.lastIn(ctx, place, user) })
}

// lastIn is lastStanding in one place.
func (s *Store) lastIn(ctx context.Context, place live.RoomID, user live.UserID) (Copied, error) {
	s.confirm(ctx, place)
	found, known, latest := s.standings.last(place, user)
	if latest {
		return found, nil
	}
	acting, err := s.durable.Terms(ctx, place, user)
	switch {
	case known && errors.Is(err, store.ErrUnavailable):
		return found, nil
	case err != nil && !errors.Is(err, store.ErrRoomNotFound):
		return Copied{}, err
	}
	found = acting.copied([]live.UserID{user})
	found.Users = 1 // others may be there
	s.standings.put(place, user, found.Mark, found.Terms[0])
	return found, nil
}

// confirm asks the durable backend, once for all who ask and now and then, at which
// revision a place is: one that this node had no touch with for long may have changed.
func (s *Store) confirm(ctx context.Context, place live.RoomID) {
	if s.standings.isConfirmed(place) {
		return
	}
	_, _ = fly(ctx, s.confirmings, place, func(ctx context.Context) (Acting, error) {
		ctx, cancel := context.WithTimeout(ctx, confirmWithin)
		defer cancel()
		acting, err := s.durable.Terms(ctx, place, "")
		s.standings.confirmed(place, acting, err)
		return acting, err
	})
}
