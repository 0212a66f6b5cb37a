package memory

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/store"
)

// giftBook is the catalogue, what was given, and what became of it.
type giftBook struct {
	mu        sync.Mutex
	catalogue []gift.Gift // by position and id
	till      gift.Till
	sent      []*gift.Sent // in order
	settled   int          // how many of them are
	at        live.Timestamp
	more      bool // that was not all there was
	totals    gift.Books
	receivers map[live.RoomID][]live.UserID // of what is settled
	combos    int                           // that were left when old ones were dropped last
}

func newGiftBook() *giftBook {
	return &giftBook{
		till: gift.Till{Sent: make(map[string]*gift.Sent), Combos: make(map[gift.ComboKey]gift.Combo)},
		totals: gift.Books{
			Receivers: make(map[live.UserID]uint64), Tallies: make(map[gift.Scope]gift.Tally),
			Givers: make(map[gift.Scope]map[live.UserID]gift.Giver), Goals: make(map[live.RoomID][]gift.Goal),
		},
		receivers: make(map[live.RoomID][]live.UserID),
	}
}

// lockedGifts returns the gifts under their lock, which the caller gives back.
func (s *Store) lockedGifts(ctx context.Context) (*giftBook, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.gifts.mu.Lock()
	return s.gifts, nil
}

// PutGift implements store.Gifts.
func (s *Store) PutGift(ctx context.Context, g gift.Gift, limit int) (gift.Gift, error) {
	b, err := s.lockedGifts(ctx)
	if err != nil {
		return gift.Gift{}, err
	}
	defer b.mu.Unlock()
	at, others := -1, 0
	for i := range b.catalogue {
		if b.catalogue[i].ID == g.ID {
			at = i
		} else if !b.catalogue[i].Retired {
			others++
		}
	}
	g.Revision = 0
	if at >= 0 {
		if b.catalogue[at].Room != g.Room {
			return gift.Gift{}, store.ErrGiftElsewhere
		}
		g.Revision = b.catalogue[at].Revision
		if sameGift(g, b.catalogue[at]) {
			return b.catalogue[at], nil
		}
	}
	if !g.Retired && others >= limit {
		return gift.Gift{}, store.ErrGiftLimit
	}
	if g.Revision++; at >= 0 {
		b.catalogue = slices.Delete(b.catalogue, at, at+1)
	}
	place, _ := slices.BinarySearchFunc(b.catalogue, g, byGiftPlace)
	b.catalogue = slices.Insert(b.catalogue, place, g)
	return g, nil
}

func byGiftPlace(a, b gift.Gift) int { return a.Compare(&b) }

// sameGift says whether two gifts are equal, where nil is as good as empty.
func sameGift(a, b gift.Gift) bool {
	same := maps.Equal(a.Labels, b.Labels)
	a.Labels, b.Labels = nil, nil
	return same && reflect.DeepEqual(a, b)
}

// Gift implements store.Gifts.
func (s *Store) Gift(ctx context.Context, id gift.ID) (gift.Gift, error) {
	b, err := s.lockedGifts(ctx)
	if err != nil {
		return gift.Gift{}, err
	}
	defer b.mu.Unlock()
	at := slices.IndexFunc(b.catalogue, func(g gift.Gift) bool { return g.ID == id })
	if at < 0 {
		return gift.Gift{}, store.ErrGiftNotFound
	}
	return b.catalogue[at], nil
}

// Gifts implements store.Gifts.
func (s *Store) Gifts(ctx context.Context, q store.GiftQuery) ([]gift.Gift, error) {
	b, err := s.lockedGifts(ctx)
	if err != nil {
		return nil, err
	}
	defer b.mu.Unlock()
	var found []gift.Gift
	for _, g := range b.catalogue {
		if q.After != nil && g.Compare(q.After) <= 0 || g.Retired && !q.Retired || !q.All && g.Room != "" && g.Room != q.Room {
			continue
		}
		if found = append(found, g); len(found) == q.Limit {
			break
		}
	}
	return found, nil
}

// PutGoal implements store.Gifts.
func (s *Store) PutGoal(
	ctx context.Context, id live.RoomID, g gift.Goal, limit int, record store.GoalRecorder,
) (gift.Goal, error) {
	r, err := s.open(ctx, id)
	if err != nil {
		return gift.Goal{}, err
	}
	defer r.mu.Unlock()
	b := s.gifts
	b.mu.Lock()
	defer b.mu.Unlock()
	goals := b.totals.Goals[id]
	var before *gift.Goal
	others := 0
	for i := range goals {
		if goals[i].ID == g.ID {
			before = &goals[i]
		} else if !goals[i].Closed {
			others++
		}
	}
	if !g.Closed && others >= limit {
		return gift.Goal{}, store.ErrGiftLimit
	}
	now := s.now()
	put := g.Put(before, now)
	if before != nil && *before == put {
		return put, nil
	}
	if put.ReachedBy(before) {
		s.events.append(record(put), now)
	}
	goals = slices.DeleteFunc(slices.Clone(goals), func(other gift.Goal) bool { return other.ID == g.ID })
	at, _ := slices.BinarySearchFunc(goals, put, byGoalPlace)
	b.totals.Goals[id] = slices.Insert(goals, at, put)
	scope := gift.Scope{Room: id}
	tally := b.totals.Tallies[scope]
	tally.Revision++
	b.totals.Tallies[scope] = tally
	return put, nil
}

func byGoalPlace(a, b gift.Goal) int { return a.Compare(&b) }
