package postgres

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// lookFor is how long payments that were made before are looked for since there was one. Looking
// for them costs as much as a fifth of a payment: seldom is one repeated, and seldom one alone.
const lookFor = 10 * time.Second

// plainSends is sends that most likely can all be paid: they are, in one trip, by a statement
// that writes what gift.Till decides for those of them that can, and leaves the others. What it
// decided by it returns, and Till says with that what was written.
type plainSends struct {
	sends []gift.Send
	ids   []string // of the transactions

	purses []live.UserID
	purse  []int32 // of each send, from 1
	coins  []int64 // that each purse is to have
	rooms  []live.RoomID
	room   []int32 // of each send, from 1

	windows []int64  // of each send's combo, in microseconds; 0: it is no part of one
	combos  []string // by which a combo is known if it begins here; "": as above
	counts  []int64  // of a combo's gifts, up to that send
	last    []bool   // of its combo here

	// What was decided by.
	sequence uint64
	at       live.Timestamp
	plain    []bool // by purse
	balances []int64
	paid     []int32  // sends, from 1
	was      []string // the combo of each of them
	counted  []int64
	lasted   []int64
}

// newPlainSends returns sends as they are paid in one trip, nil if they cannot be: where one comes
// twice, or a gift has two windows.
func newPlainSends(sends []gift.Send) *plainSends {
	n := len(sends)
	p := &plainSends{
		sends: sends, ids: make([]string, n), purse: make([]int32, n), room: make([]int32, n),
		windows: make([]int64, n), combos: make([]string, n), counts: make([]int64, n), last: make([]bool, n),
	}
	ids, purses, rooms := make(map[string]struct{}, n), make(map[live.UserID]int32, n), make(map[live.RoomID]int32)
	keys := make(map[gift.ComboKey]int, n) // with their latest send
	for i := range sends {
		p.ids[i] = gift.TransactionID(sends[i].Giver, sends[i].RequestID)
		ids[p.ids[i]] = struct{}{}
		p.room[i] = numberOf(sends[i].Room, &p.rooms, rooms)
		if !p.addPurse(i, purses) || !p.addCombo(i, keys) {
			return nil
		}
	}
	if len(ids) < n {
		return nil
	}
	return p
}

// numberOf returns the number of one of many, from 1, and gives it the next if it has none.
func numberOf[K comparable](one K, all *[]K, numbers map[K]int32) int32 {
	if numbers[one] == 0 {
		*all = append(*all, one)
		numbers[one] = int32(len(*all)) //nolint:gosec // a call has not that many
	}
	return numbers[one]
}

// addPurse adds a send to what its giver pays.
func (p *plainSends) addPurse(i int, purses map[live.UserID]int32) bool {
	s := &p.sends[i]
	p.purse[i] = numberOf(s.Giver, &p.purses, purses)
	if len(p.coins) < len(p.purses) {
		p.coins = append(p.coins, 0)
	}
	sum := &p.coins[p.purse[i]-1]
	if s.Coins() > math.MaxInt64-*sum {
		return false
	}
	*sum += s.Coins()
	return true
}

// addCombo adds a send to its combo.
func (p *plainSends) addCombo(i int, keys map[gift.ComboKey]int) bool {
	s := &p.sends[i]
	key, combines := s.Combo()
	before, there := keys[key]
	keys[key] = i
	window := int64(0)
	if combines {
		window = s.Gift.ComboWindow.Microseconds()
		p.combos[i], p.counts[i], p.last[i] = p.ids[i], s.Count, true
	}
	p.windows[i] = window
	if !there {
		return true
	}
	if combines {
		p.combos[i], p.counts[i], p.last[before] = p.combos[before], p.counts[before]+s.Count, false
	}
	return window == p.windows[before]
}

// queue pays, while the ledger stands still.
func (p *plainSends) queue(all *pgx.Batch, instant *int64, look bool) {
	rooms := packAll(p.rooms)
	all.Queue(statement("hold ledger and rooms"), rooms)
	args := append([]any{instant, packAll(p.purses), p.coins, rooms, int16(room.Ended)}, p.columns()...)
	all.Queue(statement("pay what is plain"), append(args, look)...).QueryRow(func(row pgx.Row) error {
		return row.Scan(&p.sequence, &p.at, &p.plain, &p.balances, &p.paid, &p.was, &p.counted, &p.lasted)
	})
}

// columns returns the sends as the statement takes them.
func (p *plainSends) columns() []any {
	given := newSendColumns(len(p.sends))
	for i := range p.sends {
		given.set(i, &p.sends[i])
	}
	return append(append([]any{p.ids}, given.all()...), p.purse, p.room, p.windows, p.combos, p.counts, p.last)
}

// results says what became of what was paid. Which were not it returns.
func (p *plainSends) results(results []store.GiftResult) (left []int) {
	till := p.till()
	for i := range p.sends {
		if !p.plain[p.purse[i]-1] {
			left = append(left, i)
			continue
		}
		sent, _, err := till.Take(&p.sends[i], nil)
		if err != nil {
			results[i].Err = err
			continue
		}
		results[i] = store.GiftResult{Sent: *sent, Transaction: sent.ID, Balance: till.Balances[p.sends[i].Giver]}
	}
	return left
}

// till returns what was decided by.
func (p *plainSends) till() *gift.Till {
	till := newTill()
	till.Sequence, till.At = p.sequence, p.at
	for i, giver := range p.purses {
		till.Balances[giver] = p.balances[i]
	}
	for i, number := range p.paid {
		if key, combines := p.sends[number-1].Combo(); combines && p.was[i] != "" {
			till.Combos[key] = gift.Combo{ID: p.was[i], Count: p.counted[i], Last: live.Timestamp(p.lasted[i])}
		}
	}
	return &till
}

// payPlain pays those of some sends that are plain. Which are not it returns.
func (s *Store) payPlain(ctx context.Context, sends []gift.Send, results []store.GiftResult) (left []int, err error) {
	p := newPlainSends(sends)
	if p != nil {
		look := time.Now().UnixNano() < s.paidAgain.Load()+int64(lookFor)
		err = s.inOneTrip(ctx, func(all *pgx.Batch) { p.queue(all, s.instant(), look) })
	}
	// A gift that was sent before, or one to somebody for whom more is pending than there can be.
	if p == nil || errors.Is(err, errThereAlready) || errors.Is(err, errTooLarge) {
		for i := range sends {
			left = append(left, i)
		}
		return left, nil
	}
	if err != nil {
		return nil, err
	}
	return p.results(results), nil
}
