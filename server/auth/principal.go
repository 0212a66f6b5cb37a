// Package auth says who a caller is and what they may do.
package auth

import (
	"context"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// AnyRoom among a token's rooms covers every room.
const AnyRoom = token.AnyRoom

// Principal is a caller.
type Principal struct {
	User live.UserID
	Name string
	// Role is what they may do: by their token; in a call in a room that they were
	// appointed in, there.
	Role  live.Role
	Rooms []live.RoomID // AnyRoom covers all
	// Expires is from when the token is refused: what it says, and what clocks may differ
	// by. A stream that ended before would be let in again at once.
	Expires time.Time

	minted live.Role // the token's role, where another acts
}

// Acting returns the caller in the role that acts in the room of their call.
func (p Principal) Acting(role live.Role) Principal {
	p.minted, p.Role = p.TokenRole(), role
	return p
}

// TokenRole returns the role that the caller's token says, whichever acts.
func (p Principal) TokenRole() live.Role {
	if p.minted != live.RoleNone {
		return p.minted
	}
	return p.Role
}

// Covers says whether the caller's token is for a room.
func (p Principal) Covers(room live.RoomID) bool {
	return slices.Contains(p.Rooms, AnyRoom) || slices.Contains(p.Rooms, room)
}

// In returns nil if the caller's token covers the room.
func (p Principal) In(room live.RoomID) error {
	if !p.Covers(room) {
		return ErrRoomForbidden
	}
	return nil
}

// As returns nil if the caller's token covers the room and has one of the roles.
func (p Principal) As(room live.RoomID, roles ...live.Role) error {
	if err := p.In(room); err != nil {
		return err
	}
	if !slices.Contains(roles, p.Role) {
		return ErrRoleForbidden
	}
	return nil
}

type contextKey struct{}

// With returns a context that carries the caller.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns the caller that a context carries; the zero Principal, who may do
// nothing, if it carries none.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(contextKey{}).(Principal)
	return p
}
