package quiz

import (
	"context"
	"errors"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// Acknowledge notes that frames have reached a session of the caller's. Those that are
// unknown or over are ignored. Errors of auth, store.ErrRoomNotFound, store.ErrSessionTaken if
// the session is not the caller's in that room.
func (s *Service) Acknowledge(
	ctx context.Context, p auth.Principal, id live.RoomID, session live.SessionID, frames []string,
) error {
	if err := p.In(id); err != nil {
		return err
	}
	if err := s.owned(ctx, id, p.User, session); err != nil {
		return err
	}
	for _, frame := range frames {
		if err := s.delivered(ctx, p, id, session, frame); err != nil {
			return err
		}
	}
	s.config.Frames.Acknowledge(id, room.Session{ID: session, User: p.User, Name: p.Name, Role: p.Role}, frames)
	return nil
}

// maxOwned is of how many sessions a node remembers whose they are.
const maxOwned = 100_000

// ownedSession is a session that is a user's.
type ownedSession struct {
	room    live.RoomID
	user    live.UserID
	session live.SessionID
}

// newOwned returns sessions of which nothing is known.
func newOwned() *lru.Cache[ownedSession, struct{}] {
	known, err := lru.New[ownedSession, struct{}](maxOwned)
	if err != nil {
		panic(err) // the size is not positive
	}
	return known
}

// owned returns nil if a session is a user's in a room. What is one's own is asked for once.
func (s *Service) owned(ctx context.Context, id live.RoomID, user live.UserID, session live.SessionID) error {
	key := ownedSession{id, user, session}
	if s.sessions.Contains(key) {
		return nil
	}
	err := s.config.Sessions.Owns(ctx, id, user, session)
	if err == nil {
		s.sessions.Add(key, struct{}{})
	}
	return err
}

// delivered notes that a question has reached a session, if that is what a frame is and it
// is in time.
func (s *Service) delivered(
	ctx context.Context, p auth.Principal, id live.RoomID, session live.SessionID, frame string,
) error {
	name, n, kind, ok := quiz.ParseFrameID(frame)
	if !ok || kind != quiz.QuestionFrame {
		return nil
	}
	now, ref := s.now(), quiz.Ref{Room: id, Quiz: name}
	q, err := s.views.latest(ctx, ref)
	if errors.Is(err, store.ErrQuizNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	round := q.Round(n)
	if round == nil || round.State != quiz.Asked || now < round.AskedAt || now > round.ClosesAt || !plays(p, q, n) {
		return nil
	}
	slot := quiz.Slot{Ref: ref, Question: n, Shard: quiz.ShardOf(p.User)}
	_, err = s.note(ctx, slot, quiz.Note{Kind: quiz.Delivered, User: p.User, At: now, Session: session})
	return err
}

// plays says whether a caller's acknowledgement of a question says anything of a player.
// Who leads a room or keeps order in it becomes none by looking on, but by answering.
func plays(p auth.Principal, q *quiz.Quiz, n quiz.Number) bool {
	return p.Role == live.RoleViewer || p.Role != live.RoleBackend && !isEntry(q, n)
}
