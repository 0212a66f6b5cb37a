// Package moderation keeps order in rooms: it bans, mutes, protects, appoints and kicks,
// and sees to it that what was said acts on this node, on calls and on streams.
package moderation

import (
	"context"
	"log/slog"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

// Service is the use cases of moderation. It may be used concurrently.
type Service struct {
	sanctions store.Sanctions
	presence  store.Presence
	hub       *hub.Hub
	logger    *slog.Logger
	changed   chan struct{} // something that streams here may have to be told of
}

// New returns the use cases over a store and a hub.
func New(set store.Set, h *hub.Hub, logger *slog.Logger) *Service {
	return &Service{
		sanctions: set.Sanctions, presence: set.Presence, hub: h, logger: logger,
		changed: make(chan struct{}, 1),
	}
}

// may returns nil if the caller may keep order in a room, or, if none is named, in every
// room.
func may(p auth.Principal, id live.RoomID, kind moderation.Kind) error {
	roles := []live.Role{live.RoleModerator, live.RoleHost, live.RoleBackend}
	if kind == moderation.Protect || kind == moderation.Appoint {
		roles = roles[1:]
	}
	if id == "" && p.Role != live.RoleBackend {
		return auth.ErrRoleForbidden
	}
	return p.As(id, roles...)
}

// Apply applies a sanction, in place of what acts of its kind on its user, and ends the
// streams of one who is banned. Errors of auth, moderation.ErrProtected,
// moderation.ErrBanned, store.ErrRoomNotFound, store.ErrRoomEnded, store.ErrRequestReused.
func (s *Service) Apply(
	ctx context.Context, p auth.Principal, o store.SanctionOrder,
) (moderation.Sanction, error) {
	if err := may(p, o.Room, o.Kind); err != nil {
		return moderation.Sanction{}, err
	}
	if o.Kind == moderation.Ban || o.Kind == moderation.Mute {
		if _, err := s.target(ctx, p, o.Room, o.User); err != nil {
			return moderation.Sanction{}, err
		}
	}
	o.By = p.User
	sanction, err := s.sanctions.ApplySanction(ctx, o)
	if err != nil {
		return moderation.Sanction{}, err
	}
	if o.Kind == moderation.Ban && o.Room != "" {
		s.shutOut(ctx, o.Room, o.User)
	}
	s.look()
	return sanction, nil
}

// target returns the room in which the caller may sanction a user, as far as roles say;
// none if it is to be every room. Whether the user was appointed may be known a second
// late; it matters to moderators alone.
func (s *Service) target(
	ctx context.Context, p auth.Principal, id live.RoomID, user live.UserID,
) (r room.Room, err error) {
	if id != "" {
		if r, err = s.hub.Room(ctx, id); err != nil {
			return room.Room{}, err
		}
	}
	var standing moderation.Standing
	if p.Role == live.RoleModerator {
		if standing, err = s.sanctions.Standing(ctx, id, user); err != nil {
			return room.Room{}, err
		}
	}
	return r, moderation.May(p.User, p.Role, user, r.Host, standing.Appointed.Acts())
}

// shutOut ends the sessions that a user who is banned from a room has there, wherever
// they are served. Where that fails the ban acts all the same, and the keepers of the
// nodes end the streams.
func (s *Service) shutOut(ctx context.Context, id live.RoomID, user live.UserID) {
	standings, err := s.sanctions.Standings(ctx, id, []live.UserID{user})
	if err == nil && standings[0].Banned.Acts() {
		_, err = s.presence.Leave(ctx, banned(id, user, standings[0].Banned))
	}
	if err != nil {
		s.logger.WarnContext(ctx, "cannot end the sessions of a banned user; their streams are ended soon",
			"room_id", string(id), "user_id", string(user), "error", err)
	}
}

// banned returns the departure of a user who is banned.
func banned(id live.RoomID, user live.UserID, ban moderation.Term) store.Departure {
	return store.Departure{Room: id, User: user, Reason: store.ReasonBanned, Message: ban.Why}
}

// look lets the node's keeper look at once.
func (s *Service) look() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Lift lifts what acts of a kind on a user; nothing if nothing does. But for a backend
// nobody lifts what acts on themselves. Errors of auth, store.ErrRoomNotFound.
func (s *Service) Lift(ctx context.Context, p auth.Principal, l store.SanctionLift) error {
	if err := may(p, l.Room, l.Kind); err != nil {
		return err
	}
	sanctioned := l.Kind == moderation.Ban || l.Kind == moderation.Mute
	if sanctioned && l.User == p.User && p.Role != live.RoleBackend {
		return auth.ErrRoleForbidden
	}
	l.By = p.User
	if err := s.sanctions.LiftSanction(ctx, l); err != nil {
		return err
	}
	s.look()
	return nil
}

// Kick ends a session of a user, or all of theirs in the room, and returns how many;
// they may come back. Errors of auth, moderation.ErrProtected, store.ErrRoomNotFound,
// store.ErrRoomEnded.
func (s *Service) Kick(ctx context.Context, p auth.Principal, d store.Departure) (int, error) {
	if err := may(p, d.Room, moderation.Ban); err != nil {
		return 0, err
	}
	r, err := s.target(ctx, p, d.Room, d.User)
	if err != nil {
		return 0, err
	}
	if r.State == room.Ended {
		return 0, &store.RoomError{Room: d.Room, Err: store.ErrRoomEnded}
	}
	standings, err := s.sanctions.Standings(ctx, d.Room, []live.UserID{d.User})
	if err != nil {
		return 0, err
	}
	if standings[0].Protected.Acts() {
		return 0, moderation.ErrProtected
	}
	d.Reason = store.ReasonModerated
	ended, err := s.presence.Leave(ctx, d)
	return len(ended), err
}
