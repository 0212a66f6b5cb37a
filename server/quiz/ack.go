package quiz

import (
	"context"
	"errors"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// Acknowledge notes that frames have reached a session of the caller's. Those that are
// unknown or over are ignored. Errors of auth, store.ErrRoomNotFound.
func (s *Service) Acknowledge(
	ctx context.Context, p auth.Principal, id live.RoomID, session live.SessionID, frames []string,
) error {
	if err := p.In(id); err != nil {
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
