// Package gift is the rules of gifts: what may be sent, what it costs, which combo it goes on
// with, and what becomes of it when it is settled. All of it is pure: instants come in as
// arguments, and coins move by transactions of package ledger.
//
// A gift that is sent is paid at once: its coins go from the giver to what is pending for its
// receiver. Settling takes a stretch of what was sent, in the order of the ledger, and pays
// each receiver what the stretch holds for them, by room; the stretches follow each other
// without a hole, so every gift is settled once, and those of one receiver in order.
package gift

import (
	"time"

	"github.com/ovation-live/ovation/live"
)

// ID names a gift of the catalogue.
type ID string

// Gift is one item of the catalogue.
type Gift struct {
	ID          ID
	Name        string
	Price       int64       // coins, for one
	Points      int64       // that one brings its receiver
	Room        live.RoomID // the only one that it can be sent in; empty: every room
	ComboWindow time.Duration
	Retired     bool
	Position    int32
	Labels      map[string]string
	Revision    int64 // the store's to say
}

// Send is gifts that are to be given: one call of a giver.
type Send struct {
	Room      live.RoomID
	Giver     live.UserID
	GiverName string
	Receiver  live.UserID
	Gift      Gift // as it was when the call came
	Count     int64
	RequestID string // the giver's, and never empty
	Call      string // which of several calls for the same it is; empty: it does not matter
}

// Coins returns what the gifts cost together.
func (s Send) Coins() int64 { return s.Gift.Price * s.Count }

// Points returns what they bring their receiver together.
func (s Send) Points() int64 { return s.Gift.Points * s.Count }

// MaxComboWindow is the longest window of a gift.
const MaxComboWindow = time.Minute

// Combo is how often a giver has sent a gift to a receiver in a room, each time within the
// gift's window of the last.
type Combo struct {
	ID    string // the same for all that it holds; empty: none
	Count int64  // gifts
	Last  live.Timestamp
}

// Sent is gifts that are paid. Of what the gift was then there are its id, its price and its
// points alone.
type Sent struct {
	Send
	ID       string // of the transaction that paid them
	Sequence uint64 // their place in the ledger
	At       live.Timestamp
	Combo    Combo // as it is with them
}

// Measure is what a goal counts. The numbers are kept, and so never change.
type Measure uint8

// The measures.
const (
	Coins Measure = iota + 1
	Gifts
)

// GoalID names a goal in its room.
type GoalID string

// Goal is something that a room's gifts work towards.
type Goal struct {
	ID       GoalID
	Title    string
	Measure  Measure
	Target   int64
	Gift     ID          // the only one that counts; empty: every gift
	Receiver live.UserID // the only one whose gifts count; empty: everyone's
	Closed   bool
	// What follows is the store's to say.
	Progress int64          // what was settled since it was first put
	Reached  live.Timestamp // 0: not yet
	Created  live.Timestamp
}

// Settlement is one payment of collected gifts to their receiver.
type Settlement struct {
	ID       string // also its ledger transaction's
	Receiver live.UserID
	Room     live.RoomID
	Sequence uint64 // among the receiver's: 1, 2, 3 ...
	Coins    int64
	Gifts    int64
	Points   int64
	At       live.Timestamp
}

// Giver is one who gave, and how much.
type Giver struct {
	User  live.UserID
	Name  string // that they last gave under
	Coins int64
	Gifts int64
}

// Sum is what was given, added up.
type Sum struct{ Coins, Gifts, Points int64 }

// Counters is what everyone sees of a room's gifts, as of its last settlement.
type Counters struct {
	Sum
	Goals    []Goal  // not closed, in order of creation, then of id
	Top      []Giver // the most coins first, then by user
	Revision int64   // counts what was settled, and changes of goals
	Settled  live.Timestamp
}

// ReceiverTotals is what one receiver got.
type ReceiverTotals struct {
	Receiver live.UserID
	Sum      // settled
	Pending  Sum
	Settled  live.Timestamp
}

// Totals is what was given in a room, to a receiver, or both.
type Totals struct {
	Counters        // what is settled
	Pending   Sum   // paid, and not settled yet
	Givers    int64 // settled
	Receivers []ReceiverTotals
}
