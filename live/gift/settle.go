package gift

import (
	"maps"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
)

// Batch is a stretch of what was sent, added up: what each receiver is to get of each room.
type Batch struct {
	Parts []*Part // in the order of the first that each holds
	Sends int
	Upto  uint64 // the place in the ledger of the last
	given map[Scope]map[live.UserID]*Giver
}

// Part is what one receiver gets of one room.
type Part struct {
	Scope
	Sum
	Sequence uint64 // among the receiver's settlements
	At       live.Timestamp
	Reached  []Goal // with it
	byGift   map[ID]Sum
}

// AddUp adds up what was sent, in the order of the ledger, as far as one posting can move
// what each part holds.
func AddUp(sends []*Sent) *Batch {
	b := &Batch{given: make(map[Scope]map[live.UserID]*Giver)}
	parts := make(map[Scope]*Part)
	for _, s := range sends {
		scope := Scope{s.Room, s.Receiver}
		part := parts[scope]
		if part == nil {
			part = &Part{Scope: scope, byGift: make(map[ID]Sum)}
			parts[scope] = part
			b.Parts = append(b.Parts, part)
		}
		if part.Coins > ledger.MaxAmount-s.Coins() {
			break
		}
		b.add(part, s)
	}
	return b
}

// add adds what was sent to its part.
func (b *Batch) add(part *Part, s *Sent) {
	part.Sum = part.Sum.Add(s.Sum())
	part.byGift[s.Gift.ID] = part.byGift[s.Gift.ID].Add(s.Sum())
	for _, scope := range part.scopes() {
		of := b.given[scope]
		if of == nil {
			of = make(map[live.UserID]*Giver)
			b.given[scope] = of
		}
		giver := of[s.Giver]
		if giver == nil {
			giver = &Giver{User: s.Giver}
			of[s.Giver] = giver
		}
		*giver = giver.with(s.GiverName, s.Coins(), s.Count)
	}
	b.Sends, b.Upto = b.Sends+1, s.Sequence
}

// with returns the giver with more that they gave under a name.
func (g Giver) with(name string, coins, gifts int64) Giver {
	return Giver{g.User, name, plus(g.Coins, coins), plus(g.Gifts, gifts)}
}

// scopes returns the scopes that the part is of.
func (p *Part) scopes() [3]Scope {
	return [3]Scope{{Room: p.Room}, p.Scope, {Receiver: p.Receiver}}
}

// Scopes returns the scopes of which something was given, in order.
func (b *Batch) Scopes() []Scope { return slices.SortedFunc(maps.Keys(b.given), Scope.Compare) }

// Givers returns who gave something of a scope, in order.
func (b *Batch) Givers(of Scope) []live.UserID { return slices.Sorted(maps.Keys(b.given[of])) }

// Books is what was settled before, of all that a batch is about. Settling writes what
// becomes of it in its place.
type Books struct {
	At        live.Timestamp         // never less than before
	Receivers map[live.UserID]uint64 // how many settlements they have had
	Tallies   map[Scope]Tally
	Givers    map[Scope]map[live.UserID]Giver // those who give in the batch, if they gave before
	Goals     map[live.RoomID][]Goal          // that are not closed
}

// Settle settles the batch.
func (b *Batch) Settle(on *Books) {
	for _, part := range b.Parts {
		on.Receivers[part.Receiver]++
		part.Sequence, part.At = on.Receivers[part.Receiver], on.At
		goals := on.Goals[part.Room]
		for i := range goals {
			if goals[i].count(part) {
				part.Reached = append(part.Reached, goals[i])
			}
		}
		for _, scope := range part.scopes() {
			tally := on.Tallies[scope]
			tally.Sum = tally.Sum.Add(part.Sum)
			on.Tallies[scope] = tally
		}
	}
	for _, scope := range b.Scopes() {
		b.rise(on, scope)
	}
}

// rise notes who gave how much of a scope.
func (b *Batch) rise(on *Books, scope Scope) {
	tally, of := on.Tallies[scope], on.Givers[scope]
	if of == nil {
		of = make(map[live.UserID]Giver)
		on.Givers[scope] = of
	}
	risers := make([]Giver, 0, len(b.given[scope]))
	for user, more := range b.given[scope] {
		before, gave := of[user]
		if !gave {
			before.User = user
			tally.Givers++
		}
		now := before.with(more.Name, more.Coins, more.Gifts)
		of[user] = now
		risers = append(risers, now)
	}
	tally.Top = risen(tally.Top, risers)
	tally.Revision, tally.Settled = tally.Revision+1, on.At
	on.Tallies[scope] = tally
}

// Settlement returns the payment of a part that is settled.
func (p *Part) Settlement() Settlement {
	return Settlement{
		ID: SettlementID(p.Receiver, p.Sequence), Receiver: p.Receiver, Room: p.Room, Sequence: p.Sequence,
		Coins: p.Coins, Gifts: p.Gifts, Points: p.Points, At: p.At,
	}
}

// Transaction returns the transaction that pays it.
func (s *Settlement) Transaction() ledger.Transaction {
	return ledger.Transaction{
		ID: s.ID, Kind: ledger.Settlement,
		Postings: []ledger.Posting{
			{Account: purse(s.Receiver), Amount: s.Coins},
			{Account: pending(s.Receiver), Amount: -s.Coins},
		},
		Room: s.Room, Reference: s.ID, Gifts: s.Gifts,
	}
}
