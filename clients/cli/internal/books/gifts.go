package books

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
)

// sale is whose gifts of which room are settled together.
type sale struct{ receiver, room string }

// given is gifts that were paid and are to be settled.
type given struct {
	sequence     uint64
	at           int64
	gift         string
	coins, gifts int64
	settled      bool
	passed       bool // what was given later was settled before it
}

// pending is gifts that were given: of each sale those that are not settled, in order,
// all of them from the oldest that is neither settled nor passed over, and what was passed over.
type pending struct {
	of       map[sale][]*given
	all      []*given
	passed   []*given
	latest   uint64 // the sequence of the latest that is settled
	settling bool   // the latest transaction was a settlement
}

// gift follows what was given, and what a settlement pays: the oldest gifts of its sale
// that are not settled, whole.
func (b *Books) gift(t *ovationv1.LedgerTransaction) {
	if t.GetKind() == ovationv1.LedgerKind_LEDGER_KIND_SETTLEMENT {
		b.gifts.settling = true
		b.settle(t)
		return
	}
	if b.gifts.settling { // a settlement writes all that it pays together
		b.gifts.settling = false
		b.checkPassedOver()
	}
	if t.GetKind() != ovationv1.LedgerKind_LEDGER_KIND_GIFT {
		return
	}
	g := &given{sequence: t.GetSequence(), at: t.GetAt(), gift: t.GetReference(), gifts: t.GetGifts()}
	var s sale
	for _, p := range t.GetPostings() {
		if p.GetAmount() > 0 {
			s = sale{p.GetAccount().GetOwnerId(), t.GetRoomId()}
			g.coins += p.GetAmount()
		}
	}
	if len(t.GetPostings()) != 2 || g.gifts < 1 || s.room == "" {
		b.wrong(t, "is no gift from one to another in a room")
	}
	b.report.Gifts += g.gifts
	b.report.GiftCoins += g.coins
	b.gifts.of[s] = append(b.gifts.of[s], g)
	b.gifts.all = append(b.gifts.all, g)
}

// settle takes away the gifts that a settlement pays: the oldest, but for what was set aside.
func (b *Books) settle(t *ovationv1.LedgerTransaction) {
	var coins int64
	owners := make(map[string]bool)
	for _, p := range t.GetPostings() {
		owners[p.GetAccount().GetOwnerId()] = true
		coins += max(p.GetAmount(), 0)
	}
	if len(owners) != 1 {
		b.wrong(t, "is a settlement between %d users", len(owners))
		return
	}
	s := sale{payer(t).owner, t.GetRoomId()}
	b.report.Settlements++
	b.numbers[s.receiver]++
	if n := b.numbers[s.receiver]; t.GetTransactionId() != gift.SettlementID(live.UserID(s.receiver), n) {
		b.wrong(t, "has not the id that the settlement %d of %s has", n, s.receiver)
	}
	queue := b.gifts.of[s]
	paid, sum := paidBy(queue, t.GetGifts(), coins)
	if sum.gifts != t.GetGifts() || sum.coins != coins || len(paid) == 0 {
		b.wrong(t, "pays %s %d coins for %d gifts in room %s, but the oldest gifts that were not settled are %d for %d coins",
			s.receiver, coins, t.GetGifts(), s.room, sum.gifts, sum.coins)
	}
	for _, g := range paid {
		g.settled = true
		b.gifts.latest = max(b.gifts.latest, g.sequence)
	}
	b.tallies.settle(s, t.GetAt(), coins, t.GetGifts(), paid)
	if queue = slices.DeleteFunc(queue, func(g *given) bool { return g.settled }); len(queue) > 0 {
		b.gifts.of[s] = queue
	} else {
		delete(b.gifts.of, s)
	}
}

// paidBy returns which gifts of a queue are so many and cost so much: the oldest; or else those
// of them that were not passed over; or else those but for one, which is passed over now. Where
// none do, it is the oldest.
func paidBy(queue []*given, gifts, coins int64) (paid []*given, sum given) {
	oldest, first := oldestOf(queue, gifts)
	if first.gifts == gifts && first.coins == coins {
		return oldest, first
	}
	kept := slices.DeleteFunc(slices.Clone(queue), func(g *given) bool { return g.passed })
	if paid, sum = oldestOf(kept, gifts); sum.gifts == gifts && sum.coins == coins {
		return paid, sum
	}
	if others := butForOne(kept, gifts, coins); others != nil {
		return others, given{gifts: gifts, coins: coins}
	}
	return oldest, first
}

// oldestOf returns the oldest gifts of a queue until they are as many, and what they come to.
func oldestOf(queue []*given, gifts int64) (oldest []*given, sum given) {
	n := 0
	for ; n < len(queue) && sum.gifts < gifts; n++ {
		sum.gifts += queue[n].gifts
		sum.coins += queue[n].coins
	}
	return queue[:n:n], sum
}

// butForOne returns the oldest gifts that are so many and cost so much without one of them; nil
// where none do.
func butForOne(queue []*given, gifts, coins int64) []*given {
	type size struct{ gifts, coins int64 }
	seen := make(map[size]int)
	var sum size
	for n, g := range queue {
		if _, is := seen[size{g.gifts, g.coins}]; !is {
			seen[size{g.gifts, g.coins}] = n
		}
		sum.gifts, sum.coins = sum.gifts+g.gifts, sum.coins+g.coins
		if at, is := seen[size{sum.gifts - gifts, sum.coins - coins}]; is {
			return slices.Delete(slices.Clone(queue[:n+1]), at, at+1)
		}
	}
	return nil
}

// checkPassedOver finds the gifts that were passed over by what is settled.
func (b *Books) checkPassedOver() {
	p := &b.gifts
	for len(p.all) > 0 && (p.all[0].settled || p.all[0].passed) {
		p.all = p.all[1:]
	}
	for _, g := range p.all {
		if g.sequence > p.latest {
			break
		}
		if !g.settled && !g.passed {
			g.passed = true
			p.passed = append(p.passed, g)
		}
	}
}

// checkWaiting checks that no gift was passed over for good, and that none waits for too long.
// What was set aside, and settled when it was right, is only counted.
func (b *Books) checkWaiting() {
	p := &b.gifts
	for _, g := range p.passed {
		if g.settled {
			b.report.Late += g.gifts
			continue
		}
		b.report.differ("the gifts of transaction %d were passed over: those up to %d are settled", g.sequence, p.latest)
	}
	for _, s := range slices.SortedFunc(maps.Keys(p.of), sale.compare) {
		late := slices.DeleteFunc(slices.Clone(p.of[s]), func(g *given) bool { return g.passed || g.at >= b.overdue })
		if len(late) > 0 {
			b.report.differ("%d gifts to %s in room %s wait to be settled since %s, the first of transaction %d", len(late),
				s.receiver, s.room, time.UnixMicro(late[0].at).UTC().Format(time.RFC3339), late[0].sequence)
		}
	}
}

// compare orders sales.
func (s sale) compare(other sale) int {
	return cmp.Or(strings.Compare(s.receiver, other.receiver), strings.Compare(s.room, other.room))
}

// left returns what is not settled.
func (p *pending) left() (gifts, coins int64) {
	for _, queue := range p.of {
		for _, g := range queue {
			gifts += g.gifts
			coins += g.coins
		}
	}
	return gifts, coins
}
