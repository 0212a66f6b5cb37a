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
type Terms struct{ Banned, Muted, Protected Term }

// Standing is how a user stands in a room at an instant. The zero value is that of one
// on whom nothing acts.
type Standing struct {
	Banned    Term // shut out
	Muted     Term // sends no messages
	RoomMuted Term // nor does anyone, but staff and protected users
	Protected Term
}

// Join returns the standing that the sanctions of a room make together with those of
// every room.
func Join(everywhere, here Terms, roomMute Term) Standing {
	return Standing{
		Banned:    later(everywhere.Banned, here.Banned),
		Muted:     later(everywhere.Muted, here.Muted),
		RoomMuted: roomMute,
		Protected: later(everywhere.Protected, here.Protected),
	}
}

// Silenced returns the term in which the user sends no messages: that of their own
// mute, or that of the room's, which staff and protected users are exempt from.
func (s Standing) Silenced(staff bool) Term {
	if staff || s.Protected.Acts() {
		return s.Muted
	}
	return later(s.Muted, s.RoomMuted)
}
