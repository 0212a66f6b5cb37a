package moderation

import (
	"math"

	"github.com/ovation-live/ovation/live"
)

// Forever is the end of what never ends by itself.
const Forever live.Timestamp = math.MaxInt64

// Term is how long something acts. The zero value does not.
type Term struct {
	Until live.Timestamp // Forever: until it is lifted
	Why   string         // for people; may be empty
}

// Acts says whether it does.
func (t Term) Acts() bool { return t.Until != 0 }

// Timed returns the end of a term that has one, else 0.
func (t Term) Timed() live.Timestamp {
	if t.Until == Forever {
		return 0
	}
	return t.Until
}

// later returns the term that ends later; of two alike the first.
func later(t, u Term) Term {
	if u.Until > t.Until {
		return u
	}
	return t
}

// Terms is what acts on one user in one place at an instant.
type Terms struct{ Banned, Muted, Protected, Appointed Term }

// Of returns the term of a kind; nil where there is none, as of what acts on rooms.
func (t *Terms) Of(kind Kind) *Term {
	switch kind {
	case Ban:
		return &t.Banned
	case Mute:
		return &t.Muted
	case Protect:
		return &t.Protected
	case Appoint:
		return &t.Appointed
	case RoomMute:
	}
	return nil
}

// Standing is how a user stands in a room at an instant. The zero value is that of one
// on whom nothing acts.
type Standing struct {
	Banned    Term // shut out
	Muted     Term // sends no messages
	RoomMuted Term // nor does anyone, but staff and protected users
	Protected Term
	Appointed Term // a moderator, while not banned
}

// Join returns the standing that the sanctions of a room make together with those of
// every room.
func Join(everywhere, here Terms, roomMute Term) Standing {
	return Standing{
		Banned:    later(everywhere.Banned, here.Banned),
		Muted:     later(everywhere.Muted, here.Muted),
		RoomMuted: roomMute,
		Protected: later(everywhere.Protected, here.Protected),
		Appointed: later(everywhere.Appointed, here.Appointed),
	}
}

// Role returns the role in which the user acts whose token says this one.
func (s Standing) Role(token live.Role) live.Role {
	if s.Appointed.Acts() && !s.Banned.Acts() {
		return max(token, live.RoleModerator)
	}
	return token
}

// Attended returns until when the user is never taken for offline: who is protected and
// who was appointed is not.
func (s Standing) Attended() live.Timestamp { return max(s.Protected.Until, s.Appointed.Until) }

// Silenced returns the term in which the user sends no messages: that of their own
// mute, or that of the room's, which staff and protected users are exempt from.
func (s Standing) Silenced(staff bool) Term {
	if staff || s.Protected.Acts() {
		return s.Muted
	}
	return later(s.Muted, s.RoomMuted)
}
