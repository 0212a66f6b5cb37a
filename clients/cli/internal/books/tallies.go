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
	coins, gifts int64
	of           map[string]int64 // by gift
}

// told is what the server says of a scope.
type told struct {
	scope

	coins, gifts, points int64
}

// tallies is what settlements come to, and what the server says of it.
type tallies struct {
	created map[string]int64 // when rooms were; what is not there is not compared
	totals  map[scope]*total
	points  map[string]int64 // of gifts that never changed
	open    map[scope]told   // not found right yet
	checked int
	exact   int // with points
}

func newTallies() tallies {
	return tallies{created: make(map[string]int64), totals: make(map[scope]*total), open: make(map[scope]told)}
}

// Rooms takes rooms that there are, before any transaction. What was given in an earlier one of
// the same id went with it.
func (b *Books) Rooms(all ...*ovationv1.Room) {
	for _, r := range all {
		b.tallies.created[r.GetRoomId()] = r.GetCreatedAt()
	}
}

// Receivers returns who was paid for gifts, and PaidRooms in which of the rooms that there are.
func (b *Books) Receivers() []string {
	return b.tallies.names(func(s scope) string { return s.receiver })
}

// PaidRooms returns rooms of which something was settled.
func (b *Books) PaidRooms() []string { return b.tallies.names(func(s scope) string { return s.room }) }

func (a *tallies) names(of func(scope) string) []string {
	names := make(map[string]bool)
	for s := range a.totals {
		if s.receiver == "" || s.room == "" {
			names[of(s)] = true
		}
	}
	delete(names, "")
	return slices.Sorted(maps.Keys(names))
}

// settle adds a settlement of gifts.
func (a *tallies) settle(s sale, at, coins, gifts int64, paid []*given) {
	scopes := []scope{{receiver: s.receiver}}
	if created, there := a.created[s.room]; there && at >= created {
		scopes = append(scopes, scope{room: s.room}, scope(s))
	}
	for _, of := range scopes {
		sum := a.totals[of]
		if sum == nil {
			sum = &total{of: make(map[string]int64)}
			a.totals[of] = sum
		}
		sum.coins, sum.gifts = sum.coins+coins, sum.gifts+gifts
		for _, g := range paid {
			sum.of[g.gift] += g.gifts
		}
		if claim, waits := a.open[of]; waits && a.holds(claim) {
			delete(a.open, of)
		}
	}
}

// Totals takes what the server says is settled of a room, or, without one, of a receiver. It may
// be later than the transactions that were taken, and is compared with those that follow too.
func (b *Books) Totals(room, receiver string, r *ovationv1.GetGiftTotalsResponse) {
	c := r.GetSettled()
	b.tallies.claim(told{scope{receiver, room}, c.GetCoins(), c.GetGifts(), c.GetPoints()})
	if room == "" {
		return
	}
	var sum told
	for _, of := range r.GetReceivers() {
		if of.GetSettledAt() > 0 {
			b.tallies.claim(told{scope{of.GetReceiverId(), room}, of.GetCoins(), of.GetGifts(), of.GetPoints()})
		}
		sum.coins, sum.gifts, sum.points = sum.coins+of.GetCoins(), sum.gifts+of.GetGifts(), sum.points+of.GetPoints()
	}
	if len(r.GetReceivers()) < maxReceivers && (sum.coins != c.GetCoins() || sum.gifts != c.GetGifts() || sum.points != c.GetPoints()) {
		b.report.differ("room %s: the server says %d coins for %d gifts, %d points, but of its receivers %d for %d, %d points",
			room, c.GetCoins(), c.GetGifts(), c.GetPoints(), sum.coins, sum.gifts, sum.points)
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
	for s, c := range a.open {
		if sum := a.totals[s]; sum != nil {
			if _, known := a.pointsOf(sum); known {
				a.exact++
			}
		}
		if a.holds(c) {
			delete(a.open, s)
		}
	}
}

// holds says whether what the server says is so by now.
func (a *tallies) holds(c told) bool {
	sum := a.totals[c.scope]
	if sum == nil {
		return c.coins == 0 && c.gifts == 0 && c.points == 0
	}
	points, known := a.pointsOf(sum)
	return c.coins == sum.coins && c.gifts == sum.gifts && (!known || c.points == points)
}

// pointsOf returns what the gifts of a scope bring, if that is known of all of them.
func (a *tallies) pointsOf(sum *total) (points int64, known bool) {
	for id, n := range sum.of {
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
		c, sum := a.open[s], a.totals[s]
		if sum == nil {
			sum = new(total)
		}
		bring := "points that are not known"
		if points, known := a.pointsOf(sum); known {
			bring = fmt.Sprintf("%d points", points)
		}
		r.differ("%s: the server says %d coins for %d gifts, %d points, but settled were %d for %d, with %s",
			s, c.coins, c.gifts, c.points, sum.coins, sum.gifts, bring)
	}
}
