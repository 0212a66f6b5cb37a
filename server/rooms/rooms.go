// Package rooms creates, changes and ends rooms, and lets people in and out.
package rooms

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// Service is the use cases of rooms. It may be used concurrently.
type Service struct {
	rooms      store.Rooms
	presence   store.Presence
	attributes store.Attributes
	sanctions  store.Sanctions
	hub        *hub.Hub
	newID      func() string
	place      hub.Endpoint
	ending     func(ctx context.Context, id live.RoomID) error
	gifts      Gifts
}

// Gifts knows what can be given. It may be asked concurrently.
type Gifts interface {
	// OnSale returns what can be sent in a room, as far as that is known.
	OnSale(ctx context.Context, id live.RoomID) []gift.Gift
}

// noGifts is Gifts where there are none.
type noGifts struct{}

// OnSale implements Gifts.
func (noGifts) OnSale(context.Context, live.RoomID) []gift.Gift { return nil }

// WithGifts has who joins told what they can give.
func WithGifts(gifts Gifts) Option { return func(s *Service) { s.gifts = gifts } }

// Option changes how use cases are made.
type Option func(*Service)

// WithPlaces has who joins told where they are best served.
func WithPlaces(place hub.Endpoint) Option {
	return func(s *Service) { s.place = place }
}

// WithEnding has something done with each room that has ended. A call that ends a room is
// answered when it is done, and can be repeated until then.
func WithEnding(ending func(ctx context.Context, id live.RoomID) error) Option {
	return func(s *Service) { s.ending = ending }
}

// New returns the use cases over a store and a hub. newID makes ids that nobody can
// guess.
func New(set store.Set, h *hub.Hub, newID func() string, opts ...Option) *Service {
	s := &Service{
		rooms: set.Rooms, presence: set.Presence, attributes: set.Attributes, sanctions: set.Sanctions,
		hub: h, newID: newID,
		place:  func(live.RoomID, int, live.UserID) string { return "" },
		ending: func(context.Context, live.RoomID) error { return nil },
		gifts:  noGifts{},
	}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// Draft describes a room to create.
type Draft struct {
	ID        live.RoomID // empty: make one
	Title     string      // as live.CleanLine has it
	Host      live.UserID // empty: the caller, if a host
	Settings  room.SettingsChange
	Labels    map[string]string
	RequestID string
}

// Create opens a room. Errors of auth, of room's settings, store.ErrRoomExists,
// store.ErrRequestReused.
func (s *Service) Create(ctx context.Context, p auth.Principal, d Draft) (room.Room, error) {
	if d.ID == "" {
		if p.Role != live.RoleBackend {
			return room.Room{}, auth.ErrRoleForbidden
		}
		d.ID = s.idFor(p, d)
	}
	if err := p.As(d.ID, live.RoleHost, live.RoleBackend); err != nil {
		return room.Room{}, err
	}
	if d.Host == "" && p.Role == live.RoleHost {
		d.Host = p.User
	}
	settings, err := room.DefaultSettings().Apply(d.Settings)
	if err != nil {
		return room.Room{}, err
	}
	return s.rooms.CreateRoom(ctx, room.Room{
		ID: d.ID, Title: live.CleanLine(d.Title), Host: d.Host, Settings: settings, Labels: d.Labels,
	}, requestKey(p, d.RequestID))
}

// requestKey scopes a request id to its caller; no id stays none.
func requestKey(p auth.Principal, id string) string {
	if id == "" {
		return ""
	}
	return strconv.Quote(string(p.User)) + id
}

// Get returns a room and how many are in it.
func (s *Service) Get(ctx context.Context, p auth.Principal, id live.RoomID) (room.Room, room.Online, error) {
	if err := p.In(id); err != nil {
		return room.Room{}, room.Online{}, err
	}
	r, err := s.rooms.Room(ctx, id)
	if err != nil {
		return room.Room{}, room.Online{}, err
	}
	online, err := s.online(ctx, id)
	return r, online, err
}

// online counts who is in a room.
func (s *Service) online(ctx context.Context, id live.RoomID) (room.Online, error) {
	all, err := s.presence.Online(ctx, []live.RoomID{id})
	return all[id], err
}

// List returns a page of the rooms that the caller's token covers, in order of id,
// and the token of the next. page.ErrToken.
func (s *Service) List(
	ctx context.Context, p auth.Principal, state room.State, size int, token string,
) ([]room.Room, string, error) {
	after, err := roomList.After(token)
	if err != nil {
		return nil, "", err
	}
	list := s.named
	if p.Covers(auth.AnyRoom) {
		list = s.any
	}
	q := store.RoomQuery{After: live.RoomID(after), State: state, Limit: size + 1}
	found, err := list(ctx, p, q)
	if err != nil {
		return nil, "", err
	}
	found, next := page.Cut(roomList, found, size, func(r room.Room) string { return string(r.ID) })
	return found, next, nil
}

// The lists that are handed out in pages.
const roomList page.List = "rooms"

func memberList(id live.RoomID) page.List { return page.List("members " + id) }

// any returns the rooms of a query for a caller whose token covers all.
func (s *Service) any(ctx context.Context, _ auth.Principal, q store.RoomQuery) ([]room.Room, error) {
	return s.rooms.Rooms(ctx, q)
}

// named returns the rooms of a query that the caller's token names: it costs what
// these do, however many rooms there are.
func (s *Service) named(ctx context.Context, p auth.Principal, q store.RoomQuery) ([]room.Room, error) {
	ids := slices.Clone(p.Rooms)
	slices.Sort(ids)
	var found []room.Room
	for _, id := range slices.Compact(ids) {
		if id <= q.After || len(found) >= q.Limit {
			continue
		}
		switch r, err := s.rooms.Room(ctx, id); {
		case errors.Is(err, store.ErrRoomNotFound):
		case err != nil:
			return nil, err
		case q.State == room.StateAny || q.State == r.State:
			found = append(found, r)
		}
	}
	return found, nil
}

// Update changes a live room.
func (s *Service) Update(ctx context.Context, p auth.Principal, id live.RoomID, c room.Change) (room.Room, error) {
	if err := p.As(id, live.RoleHost, live.RoleBackend); err != nil {
		return room.Room{}, err
	}
	if c.Title != nil {
		title := live.CleanLine(*c.Title)
		c.Title = &title
	}
	return s.rooms.UpdateRoom(ctx, id, c)
}

// End ends a room for good.
func (s *Service) End(ctx context.Context, p auth.Principal, id live.RoomID) (room.Room, error) {
	if err := p.As(id, live.RoleHost, live.RoleBackend); err != nil {
		return room.Room{}, err
	}
	r, err := s.rooms.EndRoom(ctx, id)
	if err == nil {
		err = s.ending(ctx, id)
	}
	return r, err
}

// Members returns a page of who is in a room, each in the role that acts, the token of
// the next, and the count of all. page.ErrToken.
func (s *Service) Members(
	ctx context.Context, p auth.Principal, id live.RoomID, size int, token string,
) ([]room.Member, string, room.Online, error) {
	if err := p.In(id); err != nil {
		return nil, "", room.Online{}, err
	}
	list := memberList(id)
	after, err := list.After(token)
	if err != nil {
		return nil, "", room.Online{}, err
	}
	members, err := s.presence.Members(ctx, id, live.UserID(after), size+1)
	if err != nil {
		return nil, "", room.Online{}, err
	}
	members, next := page.Cut(list, members, size, func(m room.Member) string { return string(m.User) })
	if err := s.act(ctx, id, members); err != nil {
		return nil, "", room.Online{}, err
	}
	online, err := s.online(ctx, id)
	return members, next, online, err
}

// act gives members the roles that act; sessions know those of tokens alone.
func (s *Service) act(ctx context.Context, id live.RoomID, members []room.Member) error {
	users := make([]live.UserID, len(members))
	for i, m := range members {
		users[i] = m.User
	}
	standings, err := s.sanctions.Standings(ctx, id, users)
	for i, standing := range standings {
		members[i].Role = standing.Role(members[i].Role)
	}
	return err
}

// idFor makes the id of a room whose creator leaves it to us: one that a repeated
// request finds again.
func (s *Service) idFor(p auth.Principal, d Draft) live.RoomID {
	if d.RequestID == "" {
		return live.RoomID("r-" + s.newID())
	}
	return live.RoomID("r-" + digest(requestKey(p, d.RequestID)))
}

// The leases of sessions.
const (
	// PollLease is how long a session without a stream lasts after a pull.
	PollLease = time.Minute
	// pollTerm is what the store is told, so that a session lasts at least PollLease:
	// pulls are noted, and leases renewed, at most renewEvery later. What is left over
	// is for the way between a long poll of a minute and the next.
	pollTerm = PollLease + 2*renewEvery
	// StreamLease is how long a session with a stream lasts if its node dies.
	StreamLease = 30 * time.Second
	// DoubtFor is how long a hub, where there are several, is to leave the sessions of
	// viewers who do not pull from it to others: more than StreamLease, and than what
	// the keeper takes to renew and to expire them.
	DoubtFor = StreamLease + renewEvery
	// ResumeLease is how long a session whose stream broke waits to be resumed.
	ResumeLease = 15 * time.Second
)
