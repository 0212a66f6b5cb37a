package books

import (
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
)

// sale is whose gifts of which room are settled together.
type sale struct{ receiver, room string }

// given is gifts that were paid and are to be settled.
type given struct {
	sequence     uint64
	coins, gifts int64
	settled      bool
}

// pending is gifts that were given: of each sale those that are not settled, in order,
// and all of them from the oldest that is not settled.
type pending struct {
	of       map[sale][]*given
	all      []*given
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
	g := &given{sequence: t.GetSequence(), gifts: t.GetGifts()}
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

// settle takes away the gifts that a settlement pays.
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
	var sum given
	queue := b.gifts.of[s]
	n := 0
	for ; n < len(queue) && sum.gifts < t.GetGifts(); n++ {
		sum.gifts += queue[n].gifts
		sum.coins += queue[n].coins
	}
	if sum.gifts != t.GetGifts() || sum.coins != coins || n == 0 {
		b.wrong(t, "pays %s %d coins for %d gifts in room %s, but the oldest gifts that were not settled are %d for %d coins",
			s.receiver, coins, t.GetGifts(), s.room, sum.gifts, sum.coins)
	}
	for _, g := range queue[:n] {
		g.settled = true
		b.gifts.latest = max(b.gifts.latest, g.sequence)
	}
	b.gifts.of[s] = queue[n:]
	if n == len(queue) {
		delete(b.gifts.of, s)
	}
}

// checkPassedOver checks that no gift was passed over by what is settled.
func (b *Books) checkPassedOver() {
	p := &b.gifts
	for len(p.all) > 0 && p.all[0].settled {
		p.all = p.all[1:]
	}
	for _, g := range p.all {
		if g.sequence > p.latest {
			break
		}
		if !g.settled {
			b.report.differ("the gifts of transaction %d were passed over: those up to %d are settled", g.sequence, p.latest)
			g.settled = true // it is said once
		}
	}
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
