package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/store"
)

// asideAtOnce is how many gifts that were set aside are looked at again with each settlement.
const asideAtOnce = 100

// candidates is what is to be settled, and why some of it is not.
type candidates struct {
	fresh  []*gift.Sent // that were sent since the last settlement, in order
	old    []*gift.Sent // that were set aside, in order
	faults map[uint64]string
}

// readCandidates reads what is to be settled: what was sent since, and what was set aside.
func (c *cursor) readCandidates(ctx context.Context, tx pgx.Tx, limit int) (*candidates, error) {
	all := &candidates{faults: make(map[uint64]string)}
	var err error
	if all.fresh, err = readSends(ctx, tx, "gifts to settle", c.settled, c.latest, limit); err != nil {
		return nil, err
	}
	if all.old, err = readSends(ctx, tx, "gifts that were set aside", asideAtOnce); err != nil {
		return nil, err
	}
	var batch pgx.Batch
	if n := len(all.fresh); n > 0 {
		all.queueCheck(&batch, all.fresh[0].Sequence, all.fresh[n-1].Sequence)
	}
	for _, s := range all.old {
		all.queueCheck(&batch, s.Sequence, s.Sequence)
	}
	if batch.Len() == 0 {
		return all, nil
	}
	return all, tx.SendBatch(ctx, &batch).Close()
}

// queueCheck finds out what of a stretch of the ledger is not as it was paid.
func (c *candidates) queueCheck(batch *pgx.Batch, first, last uint64) {
	//nolint:gosec // sequences are far from so large
	batch.Queue(statement("gifts that are not as they were paid"), int64(first), int64(last)).Query(func(rows pgx.Rows) error {
		var sequence uint64
		var why string
		_, err := pgx.ForEachRow(rows, []any{&sequence, &why}, func() error {
			c.faults[sequence] = why
			return nil
		})
		return err
	})
}

// readSends reads gifts that were sent.
func readSends(ctx context.Context, tx pgx.Tx, name string, args ...any) ([]*gift.Sent, error) {
	rows, err := tx.Query(ctx, statement(name), args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (*gift.Sent, error) {
		var r sentRow
		err := row.Scan(r.fields()...)
		return r.sent(), err
	})
}

// isSound says whether gifts are as they were paid.
func (c *candidates) isSound(s *gift.Sent) bool { return c.faults[s.Sequence] == "" }

// sound returns those of some gifts that are as they were paid.
func (c *candidates) sound(sends []*gift.Sent) []*gift.Sent {
	if len(c.faults) == 0 {
		return sends
	}
	return slices.DeleteFunc(slices.Clone(sends), func(s *gift.Sent) bool { return !c.isSound(s) })
}

// cover finds out for whom too little is pending, or who has more than can be added up: whoever
// settles is the only one who takes from what is pending. What was set aside of them stays so, and
// if that is not enough what is new is, too.
func (c *candidates) cover(ctx context.Context, tx pgx.Tx) error {
	old, fresh := c.sound(c.old), c.sound(c.fresh)
	has, err := readHoldings(ctx, tx, slices.Concat(old, fresh))
	if err != nil {
		return err
	}
	note := func(sends []*gift.Sent, cost map[live.UserID]int64) {
		for _, s := range sends {
			if why := has[s.Receiver].fault(cost[s.Receiver]); why != "" {
				c.faults[s.Sequence] = why
			}
		}
	}
	note(old, coins(fresh, old))
	note(fresh, coins(fresh))
	return nil
}

// holdings is what a receiver has.
type holdings struct{ pending, settled int64 }

// fault says why gifts that cost so much cannot be settled; "" if they can.
func (h holdings) fault(coins int64) string {
	switch {
	case h.pending < coins:
		return fmt.Sprintf("only %d coins are pending for its receiver, whose gifts of this settlement cost %d", h.pending, coins)
	case h.settled > math.MaxInt64-coins:
		return fmt.Sprintf("its receiver has %d coins, to which %d cannot be added", h.settled, coins)
	default:
		return ""
	}
}

// coins adds up what gifts bring each receiver.
func coins(lists ...[]*gift.Sent) map[live.UserID]int64 {
	sums := make(map[live.UserID]int64)
	for _, list := range lists {
		for _, s := range list {
			if before := sums[s.Receiver]; before > math.MaxInt64-s.Coins() {
				sums[s.Receiver] = math.MaxInt64
			} else {
				sums[s.Receiver] = before + s.Coins()
			}
		}
	}
	return sums
}

// readHoldings returns what the receivers of gifts have.
func readHoldings(ctx context.Context, tx pgx.Tx, sends []*gift.Sent) (map[live.UserID]holdings, error) {
	all := make(map[live.UserID]holdings)
	for _, s := range sends {
		all[s.Receiver] = holdings{}
	}
	receivers := make([]string, 0, len(all))
	for user := range all {
		receivers = append(receivers, pack(user))
	}
	rows, err := tx.Query(ctx, statement("what receivers have"), receivers)
	if err != nil {
		return nil, err
	}
	var kind int16
	var owner string
	var balance int64
	_, err = pgx.ForEachRow(rows, []any{&kind, &owner, &balance}, func() error {
		user := unpack[live.UserID](owner)
		h := all[user]
		if accountOf(kind, owner).Kind == ledger.Pending {
			h.pending = balance
		} else {
			h.settled = balance
		}
		all[user] = h
		return nil
	})
	return all, err
}

// queueAside notes what is set aside up to a place in the ledger, and what was and is settled
// now, and returns how many gifts are set aside that were not.
func (c *candidates) queueAside(all *pgx.Batch, upto uint64, settled []*gift.Sent, now live.Timestamp) (n int) {
	var sequences, healed []int64
	var rooms, receivers, reasons []string
	for _, s := range c.fresh {
		if why := c.faults[s.Sequence]; why != "" && s.Sequence <= upto {
			sequences, reasons = append(sequences, int64(s.Sequence)), append(reasons, why) //nolint:gosec // as it was read
			rooms, receivers = append(rooms, pack(s.Room)), append(receivers, pack(s.Receiver))
		}
	}
	for _, s := range settled {
		healed = append(healed, int64(s.Sequence)) //nolint:gosec // as above
	}
	if len(sequences) > 0 {
		all.Queue(statement("set gifts aside"), sequences, rooms, receivers, reasons, int64(now))
	}
	if len(healed) > 0 {
		all.Queue(statement("set gifts aside no more"), healed)
	}
	return len(sequences)
}

// GiftsSetAside implements store.Gifts.
func (s *Store) GiftsSetAside(ctx context.Context, limit int) (all []store.GiftSetAside, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, statement("gifts set aside"), limit)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a store.GiftSetAside, err error) {
			var room, receiver string
			err = row.Scan(&a.Sequence, &room, &receiver, &a.Why, &a.At)
			a.Room, a.Receiver = unpack[live.RoomID](room), unpack[live.UserID](receiver)
			return a, err
		})
		return err
	})
	return all, err
}
