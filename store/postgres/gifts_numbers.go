package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
)

// renumber puts right how many settlements receivers have had, where the next of a batch would
// have numbers that there are in the ledger.
func (s *Store) renumber(ctx context.Context, tx pgx.Tx, batch *gift.Batch, had map[live.UserID]uint64) error {
	gets := make(map[live.UserID]uint64)
	for _, part := range batch.Parts {
		gets[part.Receiver]++
	}
	for {
		taken, err := takenNumbers(ctx, tx, had, gets)
		if err != nil || len(taken) == 0 {
			return err
		}
		if err := lastNumbers(ctx, tx, taken); err != nil {
			return err
		}
		for user, n := range taken {
			s.config.Logger.ErrorContext(ctx, "how many settlements somebody had is not what the ledger says, and was made anew of that",
				"receiver_id", string(user), "kept", had[user], "settlements", n.there)
			had[user] = n.there
		}
	}
}

// takenNumbers returns the receivers of whose next settlements there are some, with one of these.
func takenNumbers(ctx context.Context, tx pgx.Tx, had, gets map[live.UserID]uint64) (map[live.UserID]*lastNumber, error) {
	type number struct {
		user live.UserID
		n    uint64
	}
	next := make(map[string]number)
	for user, more := range gets {
		for n := had[user] + 1; n <= had[user]+more; n++ {
			next[pack(gift.SettlementID(user, n))] = number{user, n}
		}
	}
	there, err := thereAre(ctx, tx, next)
	taken := make(map[live.UserID]*lastNumber)
	for id := range there {
		taken[next[id].user] = &lastNumber{there: next[id].n, step: 1}
	}
	return taken, err
}

// lastNumbers looks for the last settlement of each receiver. Each trip asks for one number of
// all of them, so it takes few, whatever there were.
func lastNumbers(ctx context.Context, tx pgx.Tx, of map[live.UserID]*lastNumber) error {
	for {
		asked := make(map[string]*lastNumber)
		for user, last := range of {
			if !last.known() {
				asked[pack(gift.SettlementID(user, last.next()))] = last
			}
		}
		if len(asked) == 0 {
			return nil
		}
		there, err := thereAre(ctx, tx, asked)
		if err != nil {
			return err
		}
		for id, last := range asked {
			last.note(there[id])
		}
	}
}

// thereAre returns which transactions there are, of ids as they are kept.
func thereAre[V any](ctx context.Context, tx pgx.Tx, ids map[string]V) (map[string]bool, error) {
	asked := make([]string, 0, len(ids))
	for id := range ids {
		asked = append(asked, id)
	}
	rows, err := tx.Query(ctx, statement("transactions there are"), asked)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool)
	return there, notes(there)(rows)
}

// lastNumber looks for the last of numbers that follow each other: in steps that double until
// there is none, and then by halves.
type lastNumber struct {
	there uint64 // one that there is
	free  uint64 // one above it that there is not; 0: not known yet
	step  uint64
}

// known says whether it is found: there.
func (l *lastNumber) known() bool { return l.free == l.there+1 }

// next returns the number to ask for.
func (l *lastNumber) next() uint64 {
	if l.free == 0 {
		return l.there + l.step
	}
	return l.there + (l.free-l.there)/2
}

// note notes whether there is the number that was asked for.
func (l *lastNumber) note(there bool) {
	switch n := l.next(); {
	case !there:
		l.free = n
	case l.free == 0:
		l.there, l.step = n, 2*l.step
	default:
		l.there = n
	}
}
