// Package moderation holds the sanctions of live rooms: bans, mutes, room mutes and
// their opposite, protection; and appointments of moderators, which are kept, timed and
// lifted as sanctions are. It says who may sanction whom, what a sanction becomes when
// others come, and how a user stands where several act. It is pure.
//
// A sanction has a place: one room, or every room. Places do not mix. In one place
// there is at most one acting sanction of a kind and user, and a protected user is
// neither banned nor muted: protection lifts both, and keeps new ones away. What acts
// in a room is the sanctions of both its places together: a ban in every room shuts
// out one whom a room protects, and one whom every room protects stays banned from
// the room that banned them before, until that ban is lifted there. Nobody who is banned
// is appointed; one who is banned later is what they were when the ban is over.
package moderation

import (
	"cmp"
	"strings"
	"time"

	"github.com/ovation-live/ovation/live"
)

// Kind is what a sanction does. The numbers are those of the contract.
type Kind uint8

// The kinds.
const (
	Ban Kind = iota + 1
	Mute
	RoomMute
	Protect
	Appoint // as a moderator
)

// Bar returns the kind that keeps this one away from a user on whom it acts, and what is
// said then; 0 where nothing does.
func (k Kind) Bar() (Kind, error) {
	switch k {
	case Ban, Mute:
		return Protect, ErrProtected
	case Appoint:
		return Ban, ErrBanned
	case RoomMute, Protect:
	}
	return 0, nil
}

// State says whether a sanction acts. The numbers are those of the contract.
type State uint8

// The states.
const (
	Active State = iota + 1
	Expired
	Lifted // or replaced
)

// Order is a sanction that is to be applied.
type Order struct {
	Kind   Kind
	Room   live.RoomID // empty: every room
	User   live.UserID // empty for a RoomMute
	Reason string      // for people; may be empty
	By     live.UserID
	For    time.Duration // 0: for good
}

// Sanction is an order that was applied.
type Sanction struct {
	ID     string
	Kind   Kind
	Room   live.RoomID // empty: every room
	User   live.UserID // empty for a RoomMute
	Reason string      // for people; may be empty
	By     live.UserID
	At     live.Timestamp
	Until  live.Timestamp // 0: for good
	// LiftedBy and LiftedAt are who lifted or replaced it, and when; 0: nobody did.
	LiftedBy live.UserID
	LiftedAt live.Timestamp
	// State is its state when it was read.
	State State
}

// StateAt returns the state of the sanction at an instant.
func (s Sanction) StateAt(now live.Timestamp) State {
	switch {
	case s.LiftedAt != 0:
		return Lifted
	case s.Until != 0 && s.Until <= now:
		return Expired
	default:
		return Active
	}
}

// read returns the sanction as it is at an instant.
func (s Sanction) read(now live.Timestamp) Sanction {
	s.State = s.StateAt(now)
	return s
}

// Mark is a sanction's place in lists: by when it was applied, then by id.
type Mark struct {
	At live.Timestamp
	ID string
}

// Mark returns the sanction's place in lists.
func (s Sanction) Mark() Mark { return Mark{s.At, s.ID} }

// Newer orders marks, the newest first.
func Newer(a, b Mark) int {
	return cmp.Or(cmp.Compare(b.At, a.At), strings.Compare(b.ID, a.ID))
}
