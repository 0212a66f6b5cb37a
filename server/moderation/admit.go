package moderation

import (
	"context"
	"errors"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

type contextKey struct{}

// From returns how the caller stands in the room of their call, as Admit found.
func From(ctx context.Context) moderation.Standing {
	standing, _ := ctx.Value(contextKey{}).(moderation.Standing)
	return standing
}

// Admit lets a caller make a call in a room, and says to the call, by the context, how
// they stand there, and as what they are there; if they are banned it is a
// *moderation.BannedError, and a session that they may still have is over. Backends are
// never turned away; nor are those whose token does not cover the room, and who are to be
// told that and nothing else.
func (s *Service) Admit(ctx context.Context, p auth.Principal, id live.RoomID) (context.Context, error) {
	if id == "" || p.Role == live.RoleBackend || !p.Covers(id) {
		return ctx, nil
	}
	standing, err := s.sanctions.Standing(ctx, id, p.User)
	switch {
	case err != nil:
		return ctx, err
	case standing.Banned.Acts():
		s.turnAway(ctx, id, p.User, standing.Banned)
		return ctx, &moderation.BannedError{Term: standing.Banned}
	case standing == moderation.Standing{}:
		return ctx, nil
	}
	ctx = context.WithValue(ctx, contextKey{}, standing)
	if role := standing.Role(p.Role); role != p.Role {
		ctx = auth.With(ctx, p.Acting(role))
	}
	return ctx, nil
}

// turnAway ends the sessions of a user whose ban in every room could not: those without
// a stream, which no keeper sees.
func (s *Service) turnAway(ctx context.Context, id live.RoomID, user live.UserID, ban moderation.Term) {
	_, err := s.presence.Leave(ctx, banned(id, user, ban))
	if err != nil && !errors.Is(err, store.ErrRoomNotFound) {
		s.logger.WarnContext(ctx, "cannot end the sessions of a banned user; they lapse",
			"room_id", string(id), "user_id", string(user), "error", err)
	}
}
