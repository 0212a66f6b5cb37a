package memory

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/recent"
	"github.com/ovation-live/ovation/store"
)

// PastSanctions is how many sanctions that act no more are kept of each room, and of
// every room, at least; there are never more than twice as many, besides as many again
// as act.
const PastSanctions = 5000

// sanctions is those of one place: a room's own, or those of every room.
type sanctions struct {
	mu       sync.RWMutex
	book     *moderation.Book
	requests recent.Memory[sanctionRequest, applied]
}

// sanctionRequest names an order that may be made again.
type sanctionRequest struct {
	kind  moderation.Kind
	actor live.UserID
	id    string
}

// applied is an order and what was answered.
type applied struct {
	order    moderation.Order
	sanction moderation.Sanction
}

func newSanctions() *sanctions { return &sanctions{book: moderation.NewBook(PastSanctions)} }

// ApplySanction implements store.Sanctions.
func (s *Store) ApplySanction(ctx context.Context, o store.SanctionOrder) (moderation.Sanction, error) {
	if o.Room == "" {
		if err := ctx.Err(); err != nil {
			return moderation.Sanction{}, err
		}
		return s.applyIn(s.sanctions, o, s.now(), moderation.Terms{})
	}
	r, err := s.open(ctx, o.Room)
	if err != nil {
		return moderation.Sanction{}, err
	}
	defer r.mu.Unlock()
	s.sanctions.mu.RLock() // held on to: no protection comes between
	defer s.sanctions.mu.RUnlock()
	now := s.now()
	return s.applyIn(r.sanctions, o, now, s.sanctions.book.Terms(o.User, now))
}

// applyIn applies an order in a place, or returns what it came to before.
func (s *Store) applyIn(
	p *sanctions, o store.SanctionOrder, now live.Timestamp, everywhere moderation.Terms,
) (moderation.Sanction, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	request := sanctionRequest{o.Kind, o.By, o.RequestID}
	if first, ok := p.requests.Get(request, now); ok && o.RequestID != "" {
		if first.order != o.Order {
			return moderation.Sanction{}, store.ErrRequestReused
		}
		return first.sanction, nil
	}
	sanction, err := p.book.Apply(o.Order, strings.ToLower(rand.Text()), now, everywhere)
	if err == nil {
		s.recordSanctions(now, append(p.book.Lifted(now), sanction)...)
	}
	if err == nil && o.RequestID != "" {
		p.requests.Put(request, applied{o.Order, sanction}, now, now.Add(rememberRequests))
	}
	return sanction, err
}

// end forgets the requests of a room that has ended: it refuses repeats too.
func (p *sanctions) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = recent.Memory[sanctionRequest, applied]{}
}

// LiftSanction implements store.Sanctions.
func (s *Store) LiftSanction(ctx context.Context, l store.SanctionLift) error {
	place, err := s.place(ctx, l.Room)
	if err != nil {
		return err
	}
	place.mu.Lock()
	defer place.mu.Unlock()
	now := s.now()
	if place.book.Lift(l.Kind, l.User, l.By, now) {
		s.recordSanctions(now, place.book.Lifted(now)...)
	}
	return nil
}

// place returns the sanctions of a room, or those of every room.
func (s *Store) place(ctx context.Context, id live.RoomID) (*sanctions, error) {
	if id == "" {
		return s.sanctions, ctx.Err()
	}
	r, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return r.sanctions, nil
}

// Sanctions implements store.Sanctions.
func (s *Store) Sanctions(ctx context.Context, q store.SanctionQuery) ([]moderation.Sanction, error) {
	places, err := s.places(ctx, q.Room)
	if err != nil {
		return nil, err
	}
	var all []moderation.Sanction
	for _, p := range places {
		found := p.list(q.Query, s.now())
		if len(found) == 0 {
			continue
		}
		all = append(all, found...)
		slices.SortFunc(all, func(a, b moderation.Sanction) int { return moderation.Newer(a.Mark(), b.Mark()) })
		all = all[:min(len(all), q.Limit)]
	}
	return all, nil
}

// places returns where sanctions act in a room, or all places there are.
func (s *Store) places(ctx context.Context, id live.RoomID) ([]*sanctions, error) {
	if id != "" {
		own, err := s.place(ctx, id)
		return []*sanctions{s.sanctions, own}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := []*sanctions{s.sanctions}
	for _, r := range s.rooms {
		all = append(all, r.sanctions)
	}
	return all, ctx.Err()
}

// list returns the sanctions of a query.
func (p *sanctions) list(q moderation.Query, now live.Timestamp) []moderation.Sanction {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.book.List(q, now)
}

// Standing implements store.Sanctions. It is never behind.
func (s *Store) Standing(ctx context.Context, id live.RoomID, user live.UserID) (moderation.Standing, error) {
	own, err := s.place(ctx, id)
	if err != nil && !errors.Is(err, store.ErrRoomNotFound) {
		return moderation.Standing{}, err
	}
	return s.standing(own, user, s.now()), nil
}

// standing returns how a user stands under a room's own sanctions, nil for none, and
// those of every room.
func (s *Store) standing(own *sanctions, user live.UserID, now live.Timestamp) moderation.Standing {
	everywhere, _ := s.sanctions.terms(user, now)
	if own == nil || own == s.sanctions {
		return moderation.Join(everywhere, moderation.Terms{}, moderation.Term{})
	}
	here, roomMute := own.terms(user, now)
	return moderation.Join(everywhere, here, roomMute)
}

// terms returns what acts on a user, and on everyone in the room.
func (p *sanctions) terms(user live.UserID, now live.Timestamp) (moderation.Terms, moderation.Term) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.book.Terms(user, now), p.book.RoomMute(now)
}

// Standings implements store.Sanctions.
func (s *Store) Standings(
	ctx context.Context, id live.RoomID, users []live.UserID,
) ([]moderation.Standing, error) {
	own, err := s.place(ctx, id)
	if err != nil && !errors.Is(err, store.ErrRoomNotFound) {
		return nil, err
	}
	now := s.now()
	all := make([]moderation.Standing, len(users))
	for i, user := range users {
		all[i] = s.standing(own, user, now)
	}
	return all, nil
}

// SanctionRevisions implements store.Sanctions.
func (s *Store) SanctionRevisions(
	ctx context.Context, ids []live.RoomID,
) (map[live.RoomID]store.SanctionRevision, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	everywhere := s.sanctions.revision()
	all := make(map[live.RoomID]store.SanctionRevision, len(ids))
	for _, id := range ids {
		revision := store.SanctionRevision{Everywhere: everywhere}
		if r := s.get(id); r != nil {
			revision.Here = r.sanctions.revision()
		}
		all[id] = revision
	}
	return all, nil
}

// revision counts the changes of the place's sanctions.
func (p *sanctions) revision() int64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.book.Revision()
}
