package rooms

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// Joined is all that a client shows first.
type Joined struct {
	Room       room.Room
	Session    live.SessionID
	Online     room.Online
	Latest     feed.Batch
	Attributes store.AttributeDelta
	Quiz       []*wire.QuizFrame // still to be shown
	Gifts      []gift.Gift       // that can be sent here
	Given      gift.Counters
	Endpoint   string    // where the caller is best served; empty: wherever they come to
	Role       live.Role // that the caller acts in
}

// Join opens or resumes the caller's session and fetches, side by side, what a client
// shows first. hub.ErrDraining, *moderation.BannedError.
func (s *Service) Join(ctx context.Context, p auth.Principal, id live.RoomID, session live.SessionID) (Joined, error) {
	if err := p.In(id); err != nil {
		return Joined{}, err
	}
	if s.hub.Draining() {
		return Joined{}, hub.ErrDraining
	}
	var j Joined
	var err error
	if j.Session, j.Online, err = s.visit(ctx, p, id, session); err != nil {
		return Joined{}, err
	}
	standing, err := s.Stand(ctx, p, id, j.Session)
	if err != nil {
		return Joined{}, err
	}
	j.Role = standing.Role(p.TokenRole())
	j.Endpoint = s.place(id, j.Online.Sessions, p.User)
	fetch, ctx := errgroup.WithContext(ctx)
	fetch.Go(func() (err error) {
		j.Room, err = s.hub.Room(ctx, id)
		return err
	})
	fetch.Go(func() (err error) {
		pulled, err := s.hub.Pull(ctx, hub.Pull{Room: id, User: p.User, Role: p.Role, Session: j.Session})
		j.Latest = pulled.Batch
		return err
	})
	fetch.Go(func() error {
		j.Quiz = s.hub.QuizFrames(ctx, id, room.Session{ID: j.Session, User: p.User, Name: p.Name, Role: p.Role})
		return nil
	})
	fetch.Go(func() error {
		j.Gifts = s.gifts.OnSale(ctx, id)
		return nil
	})
	fetch.Go(func() error {
		j.Given = s.hub.GiftCounters(ctx, id)
		return nil
	})
	fetch.Go(func() (err error) {
		j.Attributes, err = s.attributes.AttributeSnapshot(ctx, id, nil)
		return err
	})
	return j, fetch.Wait()
}

// visit is Enter for one who opens no stream yet: a session of theirs that is there
// goes on as it is, and so does the stream that it may have.
func (s *Service) visit(
	ctx context.Context, p auth.Principal, id live.RoomID, session live.SessionID,
) (live.SessionID, room.Online, error) {
	if session != "" {
		mine := map[live.RoomID][]store.Lease{id: {{Session: session, User: p.User}}}
		lost, err := s.presence.Renew(ctx, mine, pollTerm)
		if err != nil {
			return "", room.Online{}, err
		}
		if len(lost[id]) == 0 {
			online, err := s.online(ctx, id)
			return session, online, err
		}
	}
	entered, online, err := s.Enter(ctx, p, id, session, pollTerm)
	return entered.ID, online, err
}

// Owns returns nil if a session is a user's in a room, and store.ErrSessionTaken if it is not.
// It is a sign of life.
func (s *Service) Owns(ctx context.Context, id live.RoomID, user live.UserID, session live.SessionID) error {
	mine := map[live.RoomID][]store.Lease{id: {{Session: session, User: user}}}
	lost, err := s.presence.Renew(ctx, mine, pollTerm)
	if err == nil && len(lost[id]) > 0 {
		err = store.ErrSessionTaken
	}
	return err
}

// Enter opens a session, or resumes the one named if it is the caller's, for the
// length of a lease. Who comes back to a room that has ended meanwhile was there until then.
func (s *Service) Enter(
	ctx context.Context, p auth.Principal, id live.RoomID, session live.SessionID, lease time.Duration,
) (room.Session, room.Online, error) {
	fresh := live.SessionID(s.newID())
	if session == "" {
		session = fresh
	}
	want := room.Session{ID: session, User: p.User, Name: p.Name, Role: p.TokenRole()}
	got, online, err := s.presence.Join(ctx, id, want, lease)
	if errors.Is(err, store.ErrSessionTaken) {
		want.ID = fresh
		got, online, err = s.presence.Join(ctx, id, want, lease)
	}
	if errors.Is(err, store.ErrRoomEnded) && session != fresh {
		_ = s.Owns(ctx, id, p.User, session) // else the store knows when they were last seen
	}
	return got, online, err
}

// lookFor bounds the look at how one stands who has come in.
const lookFor = 10 * time.Second

// Stand returns how the caller stands in a room that they are in already by a session.
// If they have been banned while they came in, whoever ended their sessions did not know
// of this one: it ends, and that is a *moderation.BannedError. A caller who has gone is no
// reason not to look.
func (s *Service) Stand(
	ctx context.Context, p auth.Principal, id live.RoomID, session live.SessionID,
) (moderation.Standing, error) {
	if p.Role == live.RoleBackend {
		return moderation.Standing{}, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookFor)
	defer cancel()
	standings, err := s.sanctions.Standings(ctx, id, []live.UserID{p.User})
	if err != nil {
		return moderation.Standing{}, err
	}
	if ban := standings[0].Banned; ban.Acts() {
		d := store.Departure{Room: id, User: p.User, Session: session, Reason: store.ReasonBanned, Message: ban.Why}
		_, err := s.presence.Leave(ctx, d)
		return moderation.Standing{}, errors.Join(&moderation.BannedError{Term: ban}, err)
	}
	return standings[0], nil
}

// Leave ends one of the caller's sessions, or all of them, however often they were
// resumed.
func (s *Service) Leave(ctx context.Context, p auth.Principal, id live.RoomID, session live.SessionID) error {
	if err := p.In(id); err != nil {
		return err
	}
	_, err := s.presence.Leave(ctx, store.Departure{Room: id, User: p.User, Session: session})
	return err
}

// Over ends a session whose stream has ended, unless it was resumed since.
func (s *Service) Over(ctx context.Context, id live.RoomID, session room.Session) error {
	_, err := s.presence.Leave(ctx, store.Departure{
		Room: id, User: session.User, Session: session.ID, Incarnation: session.Incarnation,
	})
	return err
}

// Disconnected leaves a session whose stream has ended to be resumed, for a while,
// unless it was already.
func (s *Service) Disconnected(ctx context.Context, id live.RoomID, session room.Session) error {
	leases := map[live.RoomID][]store.Lease{id: {store.LeaseOf(session)}}
	_, err := s.presence.Renew(ctx, leases, ResumeLease)
	return err
}
