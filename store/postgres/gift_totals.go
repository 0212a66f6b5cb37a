package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/store"
)

// GiftTotals implements store.Gifts. All of it is read as of one instant.
func (s *Store) GiftTotals(ctx context.Context, q store.GiftTotalsQuery) (totals gift.Totals, err error) {
	scope := gift.Scope{Room: q.Room, Receiver: q.Receiver}
	err = s.reach(ctx, s.config.Timeout, func(ctx context.Context) error {
		return s.transact(ctx, s.still, func(ctx context.Context, tx pgx.Tx) error {
			totals = gift.Totals{}
			tally, err := s.readTally(ctx, tx, scope)
			if err != nil {
				return err
			}
			goals, err := openGoals(ctx, tx, scope)
			if err != nil {
				return err
			}
			totals.Counters, totals.Givers = tally.Counters(goals, q.Top), tally.Givers
			waiting, err := readWaiting(ctx, tx, scope)
			if err != nil {
				return err
			}
			for _, sum := range waiting {
				totals.Pending = totals.Pending.Add(sum)
			}
			received, err := readReceived(ctx, tx, scope, q.Receivers)
			totals.Receivers = gift.Receivers(received, waiting, q.Receivers)
			return err
		})
	})
	return totals, err
}

// readTally reads the tally of a scope; the zero value where there is none.
func (s *Store) readTally(ctx context.Context, q querier, scope gift.Scope) (gift.Tally, error) {
	var row tallyRow
	err := q.QueryRow(ctx, statement("gift tally"), pack(scope.Room), pack(scope.Receiver)).Scan(row.fields()...)
	if none(err) {
		return gift.Tally{}, nil
	}
	if err != nil {
		return gift.Tally{}, err
	}
	return s.shownTally(ctx, scope, &row), nil
}

// openGoals reads the goals of a scope's room that are not closed, and that count for its
// receiver.
func openGoals(ctx context.Context, q querier, scope gift.Scope) (open []gift.Goal, err error) {
	if scope.Room == "" {
		return nil, nil
	}
	goals, err := readGoals(ctx, q, "goals to settle", []string{pack(scope.Room)})
	for _, g := range goals[scope.Room] {
		if g.CountsFor(scope.Receiver) {
			open = append(open, g)
		}
	}
	return open, err
}

// readWaiting reads what was sent of a scope and is not settled, by receiver.
func readWaiting(ctx context.Context, q querier, scope gift.Scope) (map[live.UserID]gift.Sum, error) {
	rows, err := q.Query(ctx, statement("gifts that wait"), pack(scope.Room), pack(scope.Receiver))
	if err != nil {
		return nil, err
	}
	waiting := make(map[live.UserID]gift.Sum)
	var user string
	var sum gift.Sum
	_, err = pgx.ForEachRow(rows, []any{&user, &sum.Coins, &sum.Gifts, &sum.Points}, func() error {
		waiting[unpack[live.UserID](user)] = sum
		return nil
	})
	return waiting, err
}

// readReceived reads what the receivers of a scope got that is settled.
func readReceived(ctx context.Context, q querier, scope gift.Scope, limit int) ([]gift.ReceiverTotals, error) {
	name, args := "receivers of a room", []any{pack(scope.Room), limit}
	if scope.Receiver != "" {
		name, args = "receiver", []any{pack(scope.Room), pack(scope.Receiver)}
	}
	rows, err := q.Query(ctx, statement(name), args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r gift.ReceiverTotals, err error) {
		var user string
		err = row.Scan(&user, &r.Coins, &r.Gifts, &r.Points, &r.Settled)
		r.Receiver = unpack[live.UserID](user)
		return r, err
	})
}

// GiftCounters implements store.Gifts.
func (s *Store) GiftCounters(
	ctx context.Context, known map[live.RoomID]int64,
) (later map[live.RoomID]gift.Counters, err error) {
	var rooms []string
	var revisions []int64
	for id, revision := range known {
		rooms, revisions = append(rooms, pack(id)), append(revisions, revision)
	}
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		later = make(map[live.RoomID]gift.Counters)
		rows, err := q.Query(ctx, statement("gift counters"), rooms, revisions)
		if err != nil {
			return err
		}
		var room string
		var row tallyRow
		var goal goalRow
		_, err = pgx.ForEachRow(rows, append(append([]any{&room}, row.fields()...), goal.fields()...), func() error {
			id := unpack[live.RoomID](room)
			counters, seen := later[id]
			if !seen {
				tally := s.shownTally(ctx, gift.Scope{Room: id}, &row)
				counters = tally.Counters(nil, gift.Shown)
			}
			if goal.id != nil {
				counters.Goals = append(counters.Goals, goal.goal())
			}
			later[id] = counters
			return nil
		})
		return err
	})
	return later, err
}
