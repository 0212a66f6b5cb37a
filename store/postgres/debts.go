package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store/paired"
)

// grace is how long whoever made a change has to hand it over.
const grace = 2 * time.Second

// owe notes a debt, with the change that it is for. It is the last lock that a
// transaction takes, but for that of events.
func (s *Store) owe(ctx context.Context, tx pgx.Tx, of paired.Matter, id live.RoomID) error {
	_, err := tx.Exec(ctx, statement("note debt"), int16(of), pack(id), s.instant())
	return err
}

// queueDebt is owe as the last of a batch.
func (s *Store) queueDebt(b *pgx.Batch, of paired.Matter, id live.RoomID) {
	b.Queue(statement("note debt"), int16(of), pack(id), s.instant())
}

// Owed implements paired.Durable.
func (s *Store) Owed(ctx context.Context, limit int) (debts []paired.Debt, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, statement("owed"), s.instant(), grace.Microseconds(), limit)
		if err != nil {
			return err
		}
		debts, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (paired.Debt, error) {
			var of int16
			var place string
			var since int64
			err := row.Scan(&of, &place, &since)
			//nolint:gosec // as it was written
			return paired.Debt{Of: paired.Matter(of), Room: unpack[live.RoomID](place), Since: since}, err
		})
		return err
	})
	return debts, err
}

// Paid implements paired.Durable.
func (s *Store) Paid(ctx context.Context, d paired.Debt) error {
	return s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, statement("pay debt"), int16(d.Of), pack(d.Room), d.Since)
		return err
	})
}
