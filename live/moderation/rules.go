package moderation

import (
	"errors"
	"fmt"

	"github.com/ovation-live/ovation/live"
)

// ErrProtected says that the user cannot be banned, muted or kicked: they are
// protected, the room's host, the caller or, to a moderator, another who was appointed.
var ErrProtected = errors.New("moderation: the user cannot be sanctioned")

// ErrBanned says that the user cannot be appointed: they are banned.
var ErrBanned = errors.New("moderation: the user is banned")

// BannedError says that the user is banned from the room.
type BannedError struct{ Term Term }

// Error implements error.
func (e *BannedError) Error() string { return "moderation: banned" + e.Term.describe() }

// MutedError says that the user is muted, or the room is.
type MutedError struct{ Term Term }

// Error implements error.
func (e *MutedError) Error() string { return "moderation: muted" + e.Term.describe() }

// describe says for how long, and why, to a log.
func (t Term) describe() string {
	if at := t.Timed(); at != 0 {
		return fmt.Sprintf(" until %s: %q", at.Time().Format("2006-01-02T15:04:05Z"), t.Why)
	}
	return fmt.Sprintf(" for good: %q", t.Why)
}

// May returns ErrProtected if by, who acts as role, may not ban, mute or kick user in a
// room of this host ("" for none), protection apart: nobody does it to themselves, nor,
// but for a backend, to the host, nor a moderator to one who was appointed.
func May(by live.UserID, role live.Role, user, host live.UserID, appointed bool) error {
	switch {
	case user == by,
		user == host && role != live.RoleBackend,
		appointed && role < live.RoleHost:
		return ErrProtected
	default:
		return nil
	}
}
