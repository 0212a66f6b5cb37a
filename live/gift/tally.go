package gift

import (
	"cmp"
	"math"
	"slices"

	"github.com/ovation-live/ovation/live"
)

const (
	// Shown is how many of the top givers everyone sees.
	Shown = 10
	// MaxTop is how many top givers are known.
	MaxTop = 100
)

// Add returns what two sums come to together.
func (s Sum) Add(t Sum) Sum {
	return Sum{plus(s.Coins, t.Coins), plus(s.Gifts, t.Gifts), plus(s.Points, t.Points)}
}

// plus adds two numbers that are not negative. What is given again and again may be more than
// there ever was: it then counts no further.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Sum returns what the gifts come to.
func (s *Send) Sum() Sum { return Sum{s.Coins(), s.Count, s.Points()} }

// Scope is whose gifts are added up: those in a room, those to a receiver, or both. What is
// empty is any.
type Scope struct {
	Room     live.RoomID
	Receiver live.UserID
}

// Compare orders scopes.
func (s Scope) Compare(other Scope) int {
	return cmp.Or(cmp.Compare(s.Room, other.Room), cmp.Compare(s.Receiver, other.Receiver))
}

// Has says whether gifts in a room, to a receiver, are of the scope.
func (s Scope) Has(room live.RoomID, receiver live.UserID) bool {
	return (s.Room == "" || s.Room == room) && (s.Receiver == "" || s.Receiver == receiver)
}

// Tally is what was settled of a scope.
type Tally struct {
	Sum
	Givers   int64
	Top      []Giver // at most MaxTop, the most coins first, then by user
	Revision int64   // counts what was settled, and changes of goals
	Settled  live.Timestamp
}

// rank orders givers: those who gave most first, then by user.
func rank(a, b Giver) int {
	return cmp.Or(cmp.Compare(b.Coins, a.Coins), cmp.Compare(a.User, b.User))
}

// risen returns who gave most, where some gave more than before: nobody ever has less, so
// whoever is not among those who did, and not among the top, is still below them.
func risen(top, givers []Giver) []Giver {
	more := make(map[live.UserID]bool, len(givers))
	for i := range givers {
		more[givers[i].User] = true
	}
	all := slices.Clone(givers)
	for i := range top {
		if !more[top[i].User] {
			all = append(all, top[i])
		}
	}
	slices.SortFunc(all, rank)
	return slices.Clip(all[:min(len(all), MaxTop)])
}

// Counters returns what everyone sees of a room's tally, with goals that are not closed.
func (t *Tally) Counters(goals []Goal, top int) Counters {
	return Counters{
		Sum: t.Sum, Goals: goals, Top: t.Top[:min(len(t.Top), top)], Revision: t.Revision, Settled: t.Settled,
	}
}

// Receivers returns what receivers got: those that are settled, the greatest first, with what
// is pending for each; then those who only have something pending. At most limit are given.
func Receivers(settled []ReceiverTotals, waiting map[live.UserID]Sum, limit int) []ReceiverTotals {
	all := slices.Clone(settled)
	known := make(map[live.UserID]bool, len(settled))
	for i := range all {
		all[i].Pending = waiting[all[i].Receiver]
		known[all[i].Receiver] = true
	}
	for user, sum := range waiting {
		if !known[user] {
			all = append(all, ReceiverTotals{Receiver: user, Pending: sum})
		}
	}
	slices.SortFunc(all, func(a, b ReceiverTotals) int {
		return cmp.Or(cmp.Compare(b.Coins, a.Coins), cmp.Compare(a.Receiver, b.Receiver))
	})
	if len(all) == 0 {
		return nil
	}
	return all[:min(len(all), limit)]
}
