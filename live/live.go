// Package live holds the nouns of a live room. It and the packages below it are
// pure: they do no I/O and read no clock and no randomness; time and ids come in
// as arguments.
package live

import "time"

// RoomID names a room.
type RoomID string

// UserID names a user, as the token's subject does.
type UserID string

// SessionID names one device's stay in a room.
type SessionID string

// Epoch names one life of a room's log. A log that was lost begins another.
type Epoch string

// Timestamp is an instant in Unix microseconds. Room timestamps are strictly
// increasing over all entries of a room.
type Timestamp int64

// At converts a wall-clock time to a Timestamp.
func At(t time.Time) Timestamp { return Timestamp(t.UnixMicro()) }

// Time converts a Timestamp to a wall-clock time in UTC.
func (t Timestamp) Time() time.Time { return time.UnixMicro(int64(t)).UTC() }

// Add returns the instant d after t, in whole microseconds.
func (t Timestamp) Add(d time.Duration) Timestamp { return t + Timestamp(d.Microseconds()) }

// Sub returns the time from u to t.
func (t Timestamp) Sub(u Timestamp) time.Duration { return time.Duration(t-u) * time.Microsecond }

// Clock hands out room timestamps. The zero value is ready to use. It is not safe
// for concurrent use: a room's clock lives under the room's lock.
type Clock struct{ last Timestamp }

// Next returns now, or one microsecond after the timestamp before if now is not
// later than that: strictly increasing whatever the wall clock does.
func (c *Clock) Next(now Timestamp) Timestamp {
	c.last = max(now, c.last+1)
	return c.last
}

// Last returns the latest timestamp handed out, 0 for none.
func (c *Clock) Last() Timestamp { return c.last }

// Role is what someone may do in a room.
type Role uint8

// The roles, in order of trust.
const (
	RoleNone Role = iota
	RoleViewer
	RoleModerator
	RoleHost
	RoleBackend
)

// String returns the role's name as tokens carry it.
func (r Role) String() string {
	switch r {
	case RoleViewer:
		return "viewer"
	case RoleModerator:
		return "moderator"
	case RoleHost:
		return "host"
	case RoleBackend:
		return "backend"
	case RoleNone:
		return "none"
	default:
		return "unknown"
	}
}

// ParseRole reads a role's name as tokens carry it.
func ParseRole(name string) (Role, bool) {
	for r := RoleViewer; r <= RoleBackend; r++ {
		if r.String() == name {
			return r, true
		}
	}
	return RoleNone, false
}

// Staff says whether the role keeps order in a room: everyone but viewers.
func (r Role) Staff() bool { return r >= RoleModerator }
