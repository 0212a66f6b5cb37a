package gift

import (
	"cmp"

	"github.com/ovation-live/ovation/live"
)

// Put returns what becomes of a goal that is put in the place of another at an instant; nil:
// there was none. What was reached stays, unless another thing is counted now.
func (g Goal) Put(before *Goal, at live.Timestamp) Goal {
	g.Progress, g.Reached, g.Created = 0, 0, at
	if before == nil {
		return g
	}
	g.Created = before.Created
	if g.Measure != before.Measure || g.Gift != before.Gift || g.Receiver != before.Receiver {
		return g
	}
	g.Progress = before.Progress
	if g.Progress >= g.Target {
		g.Reached = cmp.Or(before.Reached, at)
	}
	return g
}

// ReachedBy says whether putting the goal in the place of another, nil for none, is what has it
// reached.
func (g *Goal) ReachedBy(before *Goal) bool {
	return g.Reached != 0 && (before == nil || before.Reached != g.Reached)
}

// CountsFor says whether gifts to a receiver count; an empty one is anyone.
func (g *Goal) CountsFor(receiver live.UserID) bool {
	return receiver == "" || g.Receiver == "" || g.Receiver == receiver
}

// count adds what was settled, and says whether the goal is reached with it.
func (g *Goal) count(part *Part) bool {
	if g.Closed || !g.CountsFor(part.Receiver) {
		return false
	}
	sum := part.Sum
	if g.Gift != "" {
		sum = part.byGift[g.Gift]
	}
	more := sum.Coins
	if g.Measure == Gifts {
		more = sum.Gifts
	}
	if more == 0 {
		return false
	}
	g.Progress = plus(g.Progress, more)
	if g.Reached != 0 || g.Progress < g.Target {
		return false
	}
	g.Reached = part.At
	return true
}

// Compare orders the goals of a room: by creation, then by id.
func (g *Goal) Compare(other *Goal) int {
	return cmp.Or(cmp.Compare(g.Created, other.Created), cmp.Compare(g.ID, other.ID))
}
