package gift

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

const (
	// MaxGifts is how many gifts of the catalogue are not retired at most.
	MaxGifts = 1000
	// MaxGoals is how many goals of a room are not closed at most.
	MaxGoals = 10
	// maxReceivers is how many receivers totals name at most.
	maxReceivers = 100
	// defaultTop is how many givers totals name where the caller does not say.
	defaultTop = 10
)

// Put adds a gift to the catalogue, or replaces the one of its id. Errors of auth,
// *InvalidError, *LimitError, store.ErrRoomNotFound, store.ErrRoomEnded,
// store.ErrGiftElsewhere.
func (s *Service) Put(ctx context.Context, p auth.Principal, g gift.Gift) (gift.Gift, error) {
	if err := p.As(g.Room, live.RoleBackend); err != nil {
		return gift.Gift{}, err
	}
	if g.Name = live.CleanLine(g.Name); g.Name == "" {
		return gift.Gift{}, &InvalidError{"gift.name", "nothing is left of it without spaces and control characters"}
	}
	if err := s.takes(ctx, g); err != nil {
		return gift.Gift{}, err
	}
	g, err := s.gifts.PutGift(ctx, g, MaxGifts)
	s.catalogue.changed()
	return g, full(err, "gifts", MaxGifts)
}

// takes returns nil if the room of a gift takes it. One that has ended, or is forgotten, takes
// none, but what it has can be retired: else it would fill the catalogue for ever.
func (s *Service) takes(ctx context.Context, g gift.Gift) error {
	if g.Room == "" {
		return nil
	}
	err := s.isOpen(ctx, g.Room)
	if over := errors.Is(err, store.ErrRoomEnded) || errors.Is(err, store.ErrRoomNotFound); !over || !g.Retired {
		return err
	}
	if before, missing := s.gifts.Gift(ctx, g.ID); missing != nil || before.Room != g.Room {
		return err
	}
	return nil
}

// isOpen returns nil if a room has not ended.
func (s *Service) isOpen(ctx context.Context, id live.RoomID) error {
	r, err := s.rooms.Room(ctx, id)
	if err == nil && r.State == room.Ended {
		return &store.RoomError{Room: id, Err: store.ErrRoomEnded}
	}
	return err
}

// full says what there are too many of, if that is the error.
func full(err error, limit string, most int) error {
	if errors.Is(err, store.ErrGiftLimit) {
		return &LimitError{limit, most}
	}
	return err
}

// Listing says which gifts to list.
type Listing struct {
	Room    live.RoomID // empty: those of every room; for a backend also of single ones
	Retired bool        // a backend's: with those
	Size    int
	Token   string
}

// List returns a page of the catalogue, and the token of the next. Errors of auth,
// page.ErrToken, store.ErrRoomNotFound.
func (s *Service) List(ctx context.Context, p auth.Principal, l Listing) ([]gift.Gift, string, error) {
	if l.Retired && p.Role != live.RoleBackend {
		return nil, "", auth.ErrRoleForbidden
	}
	if l.Room != "" {
		if err := p.In(l.Room); err != nil {
			return nil, "", err
		}
		if _, err := s.rooms.Room(ctx, l.Room); err != nil {
			return nil, "", err
		}
	}
	list := page.List("gifts " + string(l.Room))
	last, err := list.After(l.Token)
	if err != nil {
		return nil, "", err
	}
	after, err := placeFrom(last)
	if err != nil {
		return nil, "", err
	}
	found, err := s.gifts.Gifts(ctx, store.GiftQuery{
		After: after, Room: l.Room, All: l.Room == "" && p.As("", live.RoleBackend) == nil, Retired: l.Retired, Limit: l.Size + 1,
	})
	if err != nil {
		return nil, "", err
	}
	found, next := page.Cut(list, found, l.Size, placeTo)
	return found, next, nil
}

// placeTo writes a gift's place in the catalogue.
func placeTo(g gift.Gift) string {
	return strconv.FormatInt(int64(g.Position), 10) + " " + string(g.ID)
}

// placeFrom reads what placeTo wrote; nothing is the catalogue's beginning. page.ErrToken.
func placeFrom(last string) (*gift.Gift, error) {
	if last == "" {
		return nil, nil //nolint:nilnil // the beginning is no place
	}
	position, id, ok := strings.Cut(last, " ")
	n, err := strconv.ParseInt(position, 10, 32)
	if !ok || err != nil || id == "" {
		return nil, page.ErrToken
	}
	return &gift.Gift{Position: int32(n), ID: gift.ID(id)}, nil
}

// Totals returns what was given in a room, to a receiver, or both. Errors of auth,
// store.ErrRoomNotFound.
func (s *Service) Totals(
	ctx context.Context, p auth.Principal, id live.RoomID, receiver live.UserID, top int,
) (gift.Totals, error) {
	if err := mayCount(p, id, receiver); err != nil {
		return gift.Totals{}, err
	}
	if id != "" {
		if _, err := s.rooms.Room(ctx, id); err != nil {
			return gift.Totals{}, err
		}
	}
	return s.gifts.GiftTotals(ctx, store.GiftTotalsQuery{
		Room: id, Receiver: receiver, Top: cmp.Or(top, defaultTop), Receivers: maxReceivers,
	})
}

// mayCount returns nil if the caller may know what was given: in a room everyone, in all of
// them the receiver.
func mayCount(p auth.Principal, id live.RoomID, receiver live.UserID) error {
	switch {
	case id != "":
		return p.In(id)
	case receiver == p.User:
		return nil
	case p.Role != live.RoleBackend:
		return auth.ErrRoleForbidden
	default:
		return p.In("")
	}
}

// PutGoal adds a goal to a room, or changes the one of its id. Errors of auth,
// *InvalidError, *LimitError, store.ErrRoomNotFound, store.ErrRoomEnded,
// store.ErrGiftNotFound.
func (s *Service) PutGoal(ctx context.Context, p auth.Principal, id live.RoomID, g gift.Goal) (gift.Goal, error) {
	if err := p.As(id, live.RoleHost, live.RoleBackend); err != nil {
		return gift.Goal{}, err
	}
	if g.Title = live.CleanLine(g.Title); g.Title == "" {
		return gift.Goal{}, &InvalidError{"goal.title", "nothing is left of it without spaces and control characters"}
	}
	err := s.isOpen(ctx, id)
	if err == nil && g.Gift != "" && !g.Closed {
		err = s.countable(ctx, id, g)
	}
	if err != nil {
		return gift.Goal{}, err
	}
	g, err = s.gifts.PutGoal(ctx, id, g, MaxGoals, func(reached gift.Goal) []store.Event {
		return []store.Event{recordGoal(id, reached)}
	})
	s.tellSoon()
	return g, full(err, "goals", MaxGoals)
}

// countable returns nil if the gift that a goal counts can be sent in its room, or was what the
// goal counts when it was put: a goal whose gift is retired meanwhile can still be changed.
func (s *Service) countable(ctx context.Context, id live.RoomID, g gift.Goal) error {
	_, err := s.catalogue.find(ctx, g.Gift, id)
	if !errors.Is(err, store.ErrGiftNotFound) {
		return err
	}
	shown, failed := s.gifts.GiftCounters(ctx, map[live.RoomID]int64{id: 0})
	if failed != nil {
		return failed
	}
	for _, before := range shown[id].Goals {
		if before.ID == g.ID && before.Gift == g.Gift {
			return nil
		}
	}
	return err
}
