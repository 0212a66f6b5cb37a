package books

import (
	"fmt"
	"maps"
	"math"
	"slices"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// scope is whose settled gifts are added up: a receiver's, those in a room, or both. What is
// empty is any.
type scope sale

// String is the scope for people.
func (s scope) String() string {
	switch {
	case s.room == "":
		return "receiver " + s.receiver
	case s.receiver == "":
		return "room " + s.room
	default:
		return "receiver " + s.receiver + " in room " + s.room
	}
}

// total is what was settled of a scope.
type total struct {
	sum

	of map[string]int64 // by gift
}

// sum is gifts and what they cost.
type sum struct{ coins, gifts int64 }

func (s sum) plus(other sum) sum { return sum{s.coins + other.coins, s.gifts + other.gifts} }

func (s sum) minus(other sum) sum { return sum{s.coins - other.coins, s.gifts - other.gifts} }

// told is what the server says of a scope, all of it as of one moment.
type told struct {
	scope

	coins, gifts, points int64 // settled
	pending              sum
	only                 bool // it says nothing of what is settled

	wasSettled, wasPending bool // each was so, and not both at once
	due                    sum  // what was pending when the one was so, or else the latest
}

// tallies is what settlements come to, and what the server says of it.
type tallies struct {
	created map[string]int64 // when rooms were; what is not there is not compared
	totals  map[scope]*total
	pending map[scope]sum    // what was given, less what was settled
	points  map[string]int64 // of gifts that never changed
	open    map[scope]told   // not found right yet
	checked int
	exact   int // with points
}

func newTallies() tallies {
	return tallies{
		created: make(map[string]int64), totals: make(map[scope]*total), pending: make(map[scope]sum), open: make(map[scope]told),
	}
}

// Rooms takes rooms that there are, before any transaction. What was given in an earlier one of
// the same id went with it.
func (b *Books) Rooms(all ...*ovationv1.Room) {
	for _, r := range all {
		b.tallies.created[r.GetRoomId()] = r.GetCreatedAt()
	}
}

// Receivers returns who was given something, and GiftRooms in which of the rooms that there are.
func (b *Books) Receivers() []string {
	return b.tallies.names(func(s scope) string { return s.receiver })
}

// GiftRooms returns rooms of which something was settled, or is pending.
func (b *Books) GiftRooms() []string {
	return slices.DeleteFunc(b.tallies.names(func(s scope) string { return s.room }), func(room string) bool {
		_, there := b.tallies.created[room]
		return !there
	})
}

func (a *tallies) names(of func(scope) string) []string {
	names := make(map[string]bool)
	for s := range a.totals {
		if s.receiver == "" || s.room == "" {
			names[of(s)] = true
		}
	}
	for s, waits := range a.pending {
		if waits != (sum{}) && (s.receiver == "" || s.room == "") {
			names[of(s)] = true
		}
	}
	delete(names, "")
	return slices.Sorted(maps.Keys(names))
}

// scopes returns the scopes that a sale is of.
func (s sale) scopes() [3]scope { return [3]scope{{receiver: s.receiver}, {room: s.room}, scope(s)} }

// give adds gifts that were given.
func (a *tallies) give(s sale, all sum) {
	a.wait(s, all)
	a.confirm(s)
}

// wait adds to what is pending.
func (a *tallies) wait(s sale, more sum) {
	for _, of := range s.scopes() {
		a.pending[of] = a.pending[of].plus(more)
	}
}

// confirm closes what the server says of a sale that is so now.
func (a *tallies) confirm(s sale) {
	for _, of := range s.scopes() {
		if claim, waits := a.open[of]; waits {
			a.check(claim)
		}
	}
}

// settle adds a settlement of gifts.
func (a *tallies) settle(s sale, at int64, pays sum, paid []*given) {
	defer a.confirm(s)
	a.wait(s, sum{}.minus(pays))
	scopes := []scope{{receiver: s.receiver}}
	if created, there := a.created[s.room]; there && at >= created {
		scopes = append(scopes, scope{room: s.room}, scope(s))
	}
	for _, of := range scopes {
		all := a.totals[of]
		if all == nil {
			all = &total{of: make(map[string]int64)}
			a.totals[of] = all
		}
		all.sum = all.sum.plus(pays)
		for _, g := range paid {
			all.of[g.gift] += g.gifts
		}
	}
}

// Totals takes what the server says is settled and pending of a room, or, without one, of a
// receiver. It may be later than the transactions that were taken, and is compared with those
// that follow too.
func (b *Books) Totals(room, receiver string, r *ovationv1.GetGiftTotalsResponse) {
	c := r.GetSettled()
	b.tallies.claim(told{
		scope: scope{receiver, room}, coins: c.GetCoins(), gifts: c.GetGifts(), points: c.GetPoints(),
		pending: sum{r.GetPendingCoins(), r.GetPendingGifts()},
	})
	if room == "" {
		return
	}
	var all told
	for _, of := range r.GetReceivers() {
		b.tallies.claim(told{
			scope: scope{of.GetReceiverId(), room}, coins: of.GetCoins(), gifts: of.GetGifts(), points: of.GetPoints(),
			pending: sum{of.GetPendingCoins(), of.GetPendingGifts()}, only: of.GetSettledAt() == 0,
		})
		all.coins, all.gifts, all.points = all.coins+of.GetCoins(), all.gifts+of.GetGifts(), all.points+of.GetPoints()
	}
	if len(r.GetReceivers()) < maxReceivers && (all.coins != c.GetCoins() || all.gifts != c.GetGifts() || all.points != c.GetPoints()) {
		b.report.differ("room %s: the server says %d coins for %d gifts, %d points, but of its receivers %d for %d, %d points",
			room, c.GetCoins(), c.GetGifts(), c.GetPoints(), all.coins, all.gifts, all.points)
	}
}

// maxReceivers is how many receivers totals name at most.
const maxReceivers = 100

// Catalogue takes gifts, as they are after Totals were read. Those that never changed have
// always brought the points that they bring now.
func (b *Books) Catalogue(all ...*ovationv1.Gift) {
	a := &b.tallies
	if a.points == nil {
		a.points = make(map[string]int64)
	}
	for _, g := range all {
		if g.GetRevision() == 1 {
			a.points[g.GetGiftId()] = g.GetPoints()
		}
	}
}

// claim notes what the server says.
func (a *tallies) claim(c told) { a.open[c.scope] = c }

// Compare compares what the server says with the transactions that were taken, before those that
// follow are.
func (b *Books) Compare() {
	a := &b.tallies
	a.checked = len(a.open)
	for _, c := range a.open {
		if all := a.totals[c.scope]; all != nil && !c.only {
			if _, known := a.pointsOf(all); known {
				a.exact++
			}
		}
		a.check(c)
	}
}

// check closes what the server says if it is so by now.
func (a *tallies) check(c told) {
	settled, pending := a.isSettled(c), c.pending == a.pending[c.scope]
	if settled && pending {
		delete(a.open, c.scope)
		return
	}
	if !c.wasSettled {
		c.due = a.pending[c.scope]
	}
	c.wasSettled, c.wasPending = c.wasSettled || settled, c.wasPending || pending
	a.open[c.scope] = c
}

// isSettled says whether what the server says is settled is so by now.
func (a *tallies) isSettled(c told) bool {
	all := a.totals[c.scope]
	if c.only || all == nil {
		return c.only || c.coins == 0 && c.gifts == 0 && c.points == 0
	}
	points, known := a.pointsOf(all)
	return c.coins == all.coins && c.gifts == all.gifts && (!known || c.points == points)
}

// pointsOf returns what the gifts of a scope bring, if that is known of all of them.
func (a *tallies) pointsOf(all *total) (points int64, known bool) {
	for id, n := range all.of {
		each, is := a.points[id]
		if !is || each > 0 && n > (math.MaxInt64-points)/each {
			return 0, false
		}
		points += n * each
	}
	return points, true
}

// close says what was never so.
func (a *tallies) close(r *Report) {
	r.Tallies, r.Points = a.checked, a.exact
	for _, s := range slices.SortedFunc(maps.Keys(a.open), func(x, y scope) int { return sale(x).compare(sale(y)) }) {
		a.tell(r, a.open[s])
	}
}

// tell says what of a scope is not so.
func (a *tallies) tell(r *Report, c told) {
	if c.wasSettled || !c.wasPending {
		r.differ("%s: the server says %d coins for %d gifts are pending, but of what was given %d for %d were not settled",
			c.scope, c.pending.coins, c.pending.gifts, c.due.coins, c.due.gifts)
	}
	if c.wasSettled {
		return
	}
	all := a.totals[c.scope]
	if all == nil {
		all = new(total)
	}
	bring := "points that are not known"
	if points, known := a.pointsOf(all); known {
		bring = fmt.Sprintf("%d points", points)
	}
	r.differ("%s: the server says %d coins for %d gifts, %d points, but settled were %d for %d, with %s",
		c.scope, c.coins, c.gifts, c.points, all.coins, all.gifts, bring)
}
