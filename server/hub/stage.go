package hub

import (
	"context"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// Quizzes knows what is to be shown in the rooms that the node follows. Its methods may
// be called concurrently; those that get no context must not block, and may be called
// under locks of the hub.
type Quizzes interface {
	// Opened says that a room is followed from now on. Nobody is served there before it has
	// returned.
	Opened(ctx context.Context, s Stage)
	// Closed says that it no longer is.
	Closed(s Stage)
	// Heard says that a quiz of a followed room was changed. It may have been said before,
	// and of what is lost nothing is said.
	Heard(id live.RoomID, m store.QuizMark)
	// Came says that somebody is in a room where something is shown.
	Came(id live.RoomID, who room.Session)
	// Resolve sees to it that what is each viewer's own is known of a user.
	Resolve(ctx context.Context, id live.RoomID, user live.UserID)
	// Frames returns the frames that are to be shown to somebody in a room that is not
	// followed.
	Frames(ctx context.Context, id live.RoomID, who room.Session) []*wire.QuizFrame
	// Polled says that somebody pulls in a room that is not followed. Where there is a quiz
	// it is to be held, so that they get its frames.
	Polled(id live.RoomID)
}

// noQuizzes is Quizzes where there are none.
type noQuizzes struct{}

func (noQuizzes) Opened(context.Context, Stage)                                       {}
func (noQuizzes) Closed(Stage)                                                        {}
func (noQuizzes) Heard(live.RoomID, store.QuizMark)                                   {}
func (noQuizzes) Came(live.RoomID, room.Session)                                      {}
func (noQuizzes) Resolve(context.Context, live.RoomID, live.UserID)                   {}
func (noQuizzes) Polled(live.RoomID)                                                  {}
func (noQuizzes) Frames(context.Context, live.RoomID, room.Session) []*wire.QuizFrame { return nil }

// Stage is a followed room, to whoever shows something there. Its methods may be called
// concurrently.
type Stage struct{ f *followed }

// Room returns the room's id.
func (s Stage) Room() live.RoomID { return s.f.id }

// Show puts exactly these frames before the room's viewers. Those that are new go to
// everyone at once, in their order, and again to who does not acknowledge them; those
// that are not among them go to nobody any more.
func (s Stage) Show(list []Show) {
	if s.f.showInstead(list) {
		s.f.crowd.each(func(s *Subscriber) {
			if s.isStaff() {
				s.wake()
			}
		})
	}
}

// showInstead is Show, but that it leaves it to the caller to wake hosts and moderators if
// something is new for them alone.
func (f *followed) showInstead(list []Show) (wakeStaff bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	shows, changed := f.shared.Load().shows.with(list, f.lastShown, clock())
	if !changed {
		return false
	}
	forAll, forStaff := shows.since(f.lastShown)
	f.show(shows)
	if shows != nil {
		f.lastShown = shows.last
	}
	if forAll {
		f.loud = f.lastShown
		signal(f.control)
		f.wakeWaiters()
	}
	return forStaff && !forAll
}

// Known has users look again of whom more is known now.
func (s Stage) Known(users []live.UserID) {
	s.f.showAgain()
	for _, user := range users {
		s.f.crowd.of(user, (*Subscriber).wake)
	}
}

// showAgain has those look again who poll for what is shown.
func (f *followed) showAgain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if before := f.shared.Load().shows; before != nil {
		again := *before
		f.show(&again)
		f.wakeWaiters()
	}
}

// show puts other frames in place. The caller holds f.mu.
func (f *followed) show(s *shows) {
	next := *f.shared.Load()
	next.shows = s
	f.shared.Store(&next)
	if s == nil {
		f.readers.forget()
	}
}

// Users returns those who are in the room at this node, by stream or by polls of what is
// shown, each once for each of their sessions.
func (s Stage) Users() []live.UserID {
	users := s.f.readers.users()
	s.f.crowd.each(func(s *Subscriber) { users = append(users, s.session.User) })
	return users
}

// Sessions returns the streams' sessions, in the roles that their users act in.
func (s Stage) Sessions() []room.Session {
	sessions := make([]room.Session, 0, s.f.crowd.len())
	s.f.crowd.each(func(s *Subscriber) {
		session := s.session
		session.Role = s.role()
		sessions = append(sessions, session)
	})
	return sessions
}

// HasStaff says whether a host or a moderator has a stream here.
func (s Stage) HasStaff() (found bool) {
	s.f.crowd.each(func(s *Subscriber) {
		found = found || s.isStaff()
	})
	return found
}

// Waiting returns the users who have a stream that a frame is about to be sent to again.
func (s Stage) Waiting(id string) []live.UserID {
	latest := s.f.shared.Load().shows
	if latest == nil {
		return nil
	}
	sh := latest.find(id)
	if sh == nil {
		return nil
	}
	var users []live.UserID
	now := clock()
	s.f.crowd.each(func(s *Subscriber) {
		if s.overdue(latest, now)&sh.bit != 0 {
			users = append(users, s.session.User)
		}
	})
	return users
}

// Delivered says that frames have reached users: all of their sessions here count as
// having acknowledged them.
func (s Stage) Delivered(users []live.UserID, ids ...string) {
	latest := s.f.shared.Load().shows
	if latest == nil {
		return
	}
	bits := latest.bitsOf(ids)
	for _, user := range users {
		s.f.crowd.of(user, func(s *Subscriber) { s.acknowledge(latest, bits) })
	}
}

// Repeat sends frames again to the streams that have not acknowledged them for too long.
// It is called a few times a second while something is shown.
func (s Stage) Repeat() {
	latest := s.f.shared.Load().shows
	if latest == nil {
		return
	}
	now := clock()
	s.f.crowd.each(func(s *Subscriber) { s.repeat(latest, now) })
}

// Hold follows a room until release is called. store.ErrRoomNotFound, ErrDraining.
func (h *Hub) Hold(ctx context.Context, id live.RoomID) (release func(), err error) {
	f, err := h.follow(ctx, id)
	if err != nil {
		return nil, err
	}
	return func() { h.release(f) }, nil
}

// Acknowledge notes that frames have arrived at one of a user's sessions: they are not
// sent to it again. Those that are not shown are ignored. It says nothing to a node that
// does not follow the room.
func (h *Hub) Acknowledge(id live.RoomID, who room.Session, frames []string) {
	f := h.serving(id)
	if f == nil {
		return
	}
	latest := f.shared.Load().shows
	if latest == nil {
		return
	}
	bits, streaming := latest.bitsOf(frames), false
	f.crowd.of(who.User, func(s *Subscriber) {
		if s.session.ID == who.ID {
			s.acknowledge(latest, bits)
			streaming = true
		}
	})
	if !streaming {
		f.readers.acknowledge(latest, viewerOf(who), bits)
	}
	h.config.Quizzes.Came(id, who)
}

// QuizFrames returns the frames that are to be shown to one who comes into a room.
func (h *Hub) QuizFrames(ctx context.Context, id live.RoomID, who room.Session) []*wire.QuizFrame {
	f := h.serving(id)
	if f == nil {
		return h.config.Quizzes.Frames(ctx, id, who)
	}
	f.resolve(ctx, who.User)
	latest := f.shared.Load().shows
	if latest == nil {
		return nil
	}
	h.config.Quizzes.Came(id, who)
	return latest.first(viewerOf(who))
}

// resolve sees to it that what is each viewer's own is known of a user.
func (f *followed) resolve(ctx context.Context, user live.UserID) {
	latest := f.shared.Load().shows
	if latest == nil {
		return
	}
	for _, sh := range latest.list {
		if sh.Own != nil && !sh.Own.Knows(user) {
			f.hub.config.Quizzes.Resolve(ctx, f.id, user)
			return
		}
	}
}

// first returns what one who comes gets: all that is still to be shown.
func (s *shows) first(v viewer) (frames []*wire.QuizFrame) {
	for _, sh := range s.list {
		if sh.Once {
			continue
		}
		if frame, _ := sh.to(v.user, v.role); frame != nil {
			frames = append(frames, frame)
		}
	}
	return frames
}
