package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store/paired"
)

// Surpass implements paired.Durable. Revisions of words are only ever compared for being
// the same, and need not be surpassed.
func (s *Store) Surpass(ctx context.Context, of paired.Matter, place live.RoomID, revision int64) error {
	if of == paired.OfWords {
		return nil
	}
	return s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := exists(ctx, tx, place); err != nil {
			return err
		}
		name := "surpass room"
		if of == paired.OfSanctions {
			name = "surpass place"
			if _, err := lockPlace(ctx, tx, place); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, statement(name), pack(place), revision); err != nil {
			return err
		}
		return s.owe(ctx, tx, of, place)
	})
}
