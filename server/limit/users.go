package limit

import (
	"github.com/ovation-live/ovation/live"
)

// Class is what a call counts as.
type Class uint8

// The classes of calls.
const (
	Send    Class = iota // changes something
	Read                 // changes nothing
	Connect              // enters a room
)

// Held is what a call is while it lasts.
type Held uint8

// What calls hold open.
const (
	Nothing Held = iota
	Stream       // lasts as long as its caller likes
	Pull         // may wait for something new
)

// Call is how an RPC is limited.
type Call struct {
	Class Class
	Held  Held
}

// UserLimits is what a user may do; 0 is no limit. Rates are a second, and in bursts of
// five seconds' worth.
type UserLimits struct {
	Connects, Sends, Reads int // a second
	Streams, Pulls         int // at once
}

// Users holds users to their limits, all devices of one together. It may be used
// concurrently. Nil limits nobody.
type Users struct {
	table   *table[live.UserID]
	paces   [buckets]pace // by class
	most    [counts]int   // by what is held, Nothing apart
	metrics *Metrics
}

// rateNames and heldNames are what limits of users are called.
var (
	rateNames = [buckets]Name{Send: UserSendRate, Read: UserReadRate, Connect: UserConnectRate}
	heldNames = [counts]Name{Stream - 1: UserStreams, Pull - 1: UserPulls}
)

// NewUsers returns limits of users.
func NewUsers(l UserLimits, m *Metrics) *Users {
	return &Users{
		table:   newTable[live.UserID](tableKeys),
		paces:   [buckets]pace{Send: paceOf(l.Sends), Read: paceOf(l.Reads), Connect: paceOf(l.Connects)},
		most:    [counts]int{Stream - 1: l.Streams, Pull - 1: l.Pulls},
		metrics: m,
	}
}

// Admit lets a user make a call, or returns an ExceededError. A call that is let in is
// over with Leave.
func (u *Users) Admit(user live.UserID, c Call) error {
	if u == nil {
		return nil
	}
	if wait := u.table.take(user, int(c.Class), u.paces[c.Class]); wait > 0 {
		return u.metrics.exceeded(rateNames[c.Class], spread(wait, userSpread))
	}
	if c.Held == Nothing || u.table.enter(user, int(c.Held-1), u.most[c.Held-1]) {
		return nil
	}
	return u.metrics.exceeded(heldNames[c.Held-1], spread(heldRetry, userSpread))
}

// Leave says that a call that was let in is over.
func (u *Users) Leave(user live.UserID, c Call) {
	if u != nil && c.Held != Nothing {
		u.table.leave(user, int(c.Held-1))
	}
}
