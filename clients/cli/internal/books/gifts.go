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
	sum

	sequence uint64
	at       int64
	gift     string
	settled  bool
	passed   bool // what was given later was settled before it
	claimed  bool // by a settlement that is wrong: it may have paid others
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
	g := &given{sequence: t.GetSequence(), at: t.GetAt(), gift: t.GetReference(), sum: sum{gifts: t.GetGifts()}}
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
	b.tallies.give(s, g.sum)
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
	b.number(t, s.receiver)
	queue := b.gifts.of[s]
	pays := sum{coins, t.GetGifts()}
	paid, right := paidBy(queue, pays)
	if !right {
		due := costOf(paid)
		b.wrong(t, "pays %s %d coins for %d gifts in room %s, but the oldest gifts that were not settled are %d for %d coins",
			s.receiver, coins, t.GetGifts(), s.room, due.gifts, due.coins)
	}
	for _, g := range paid {
		g.settled, g.claimed = right, !right
		b.gifts.latest = max(b.gifts.latest, g.sequence)
	}
	b.tallies.settle(s, t.GetAt(), pays, paid)
	if queue = slices.DeleteFunc(queue, func(g *given) bool { return g.settled }); len(queue) > 0 {
		b.gifts.of[s] = queue
	} else {
		delete(b.gifts.of, s)
	}
}

// number counts a receiver's settlement, which its id follows from. One that is out of turn is
// wrong itself, and not those that go on from it.
func (b *Books) number(t *ovationv1.LedgerTransaction, receiver string) {
	const apart = 1000 // that it is looked for at most
	due := b.numbers[receiver] + 1
	b.numbers[receiver] = due
	if t.GetTransactionId() == gift.SettlementID(live.UserID(receiver), due) {
		return
	}
	b.wrong(t, "has not the id that the settlement %d of %s has", due, receiver)
	for n := max(due, apart) - apart; n < due+apart; n++ {
		if t.GetTransactionId() == gift.SettlementID(live.UserID(receiver), n) {
			b.numbers[receiver] = max(due-1, n)
		}
	}
}

// paidBy returns which gifts of a queue are so many and cost so much: not those that a wrong
// settlement may have paid, unless only they are. Where none are, it is the oldest.
func paidBy(queue []*given, want sum) (paid []*given, right bool) {
	free := queue
	if slices.ContainsFunc(queue, func(g *given) bool { return g.claimed }) {
		free = slices.DeleteFunc(slices.Clone(queue), func(g *given) bool { return g.claimed })
	}
	if paid = among(free, want); len(paid) == 0 {
		paid = among(queue, want)
	}
	if len(paid) == 0 {
		return oldestOf(free, want.gifts), false
	}
	return paid, true
}

// among returns which gifts of a queue are so many and cost so much: the oldest; or else those
// of them that were not passed over; or else those but for some, or after some, which are passed
// over now; or else those with some that were. Nothing: none are.
func among(queue []*given, want sum) []*given {
	if oldest := oldestOf(queue, want.gifts); costOf(oldest) == want {
		return oldest
	}
	kept := slices.DeleteFunc(slices.Clone(queue), func(g *given) bool { return g.passed })
	if oldest := oldestOf(kept, want.gifts); costOf(oldest) == want {
		return oldest
	}
	if others := butForSome(kept, want); len(others) > 0 {
		return others
	}
	if later := afterSome(kept, want); len(later) > 0 {
		return later
	}
	return withPassed(queue, kept, want)
}

// oldestOf returns the oldest gifts of a queue until they are as many.
func oldestOf(queue []*given, gifts int64) []*given {
	n := 0
	for so := int64(0); n < len(queue) && so < gifts; n++ {
		so += queue[n].gifts
	}
	return queue[:n:n]
}

// costOf adds gifts up.
func costOf(all []*given) (of sum) {
	for _, g := range all {
		of = of.plus(g.sum)
	}
	return of
}

// butForSome returns the oldest gifts that are so many and cost so much without some of them that
// follow each other; nil where none do.
func butForSome(queue []*given, want sum) []*given {
	const most = 200 // that are left out
	n := len(oldestOf(queue, want.gifts))
	all := costOf(queue[:n])
	for _, g := range queue[n:min(len(queue), n+most)] {
		n, all = n+1, all.plus(g.sum)
		if begin, end := run(queue[:n], all.minus(want)); begin < end {
			return slices.Concat(queue[:begin], queue[end:n])
		}
	}
	return nil
}

// afterSome returns the oldest gifts that are so many and cost so much, and follow each other
// after some others; nil where none do.
func afterSome(queue []*given, want sum) []*given {
	begin, end := run(queue, want)
	return queue[begin:end]
}

// run returns where the first gifts of a queue are that follow each other, are so many and cost so
// much; nowhere: there are none.
func run(queue []*given, want sum) (begin, end int) {
	var all sum
	for n, g := range queue {
		all = all.plus(g.sum)
		for ; all.gifts > want.gifts && begin <= n; begin++ {
			all = all.minus(queue[begin].sum)
		}
		if all == want {
			return begin, n + 1
		}
	}
	return 0, 0
}

// withPassed returns the oldest of the gifts that were not passed over, with some of a queue that
// were and follow each other, so that they are so many and cost so much; nil where none do.
func withPassed(queue, kept []*given, want sum) []*given {
	const most = 100 // that are looked at
	passed := slices.DeleteFunc(slices.Clone(queue), func(g *given) bool { return !g.passed })
	passed = passed[:min(len(passed), most)]
	runs := make(map[sum][]*given)
	for begin := range passed {
		var so sum
		for end := begin; end < len(passed); end++ {
			so = so.plus(passed[end].sum)
			runs[so] = passed[begin : end+1]
		}
	}
	var all sum
	for n := 0; n <= len(kept) && all.gifts < want.gifts; n++ {
		if run, is := runs[want.minus(all)]; is {
			return slices.Concat(run, kept[:n])
		}
		if n < len(kept) {
			all = all.plus(kept[n].sum)
		}
	}
	return nil
}

// checkPassedOver finds the gifts that were passed over by what is settled.
func (b *Books) checkPassedOver() {
	p := &b.gifts
	for len(p.all) > 0 && (p.all[0].settled || p.all[0].claimed || p.all[0].passed) {
		p.all = p.all[1:]
	}
	for _, g := range p.all {
		if g.sequence > p.latest {
			break
		}
		if !g.settled && !g.claimed && !g.passed {
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
		late := slices.DeleteFunc(slices.Clone(p.of[s]), func(g *given) bool { return g.passed || g.claimed || g.at >= b.overdue })
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
			if !g.claimed {
				gifts += g.gifts
				coins += g.coins
			}
		}
	}
	return gifts, coins
}
