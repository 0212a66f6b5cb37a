package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
)

// rebuildTops makes anew the top lists that cannot be read, of who gave how much: one holds up
// neither its room nor others. They are written with what is settled.
func (s *Store) rebuildTops(ctx context.Context, tx pgx.Tx, r *giftReader) error {
	for _, scope := range r.damaged {
		top, err := readTop(ctx, tx, scope)
		if err != nil {
			return err
		}
		tally := r.Tallies[scope]
		tally.Top = top
		r.Tallies[scope] = tally
		s.config.Logger.ErrorContext(ctx, "who gave most could not be read, and was made anew of who gave how much",
			"room_id", string(scope.Room), "receiver_id", string(scope.Receiver), "givers", len(top))
	}
	return nil
}

// readTop reads who gave most of a scope.
func readTop(ctx context.Context, tx pgx.Tx, scope gift.Scope) ([]gift.Giver, error) {
	rows, err := tx.Query(ctx, statement("top givers"), pack(scope.Room), pack(scope.Receiver), gift.MaxTop)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (g gift.Giver, err error) {
		var user, name string
		err = row.Scan(&user, &name, &g.Coins, &g.Gifts)
		g.User, g.Name = unpack[live.UserID](user), unpack[string](name)
		return g, err
	})
}

// shownTally returns a tally to be shown: without who gave most where that cannot be read,
// until something is settled again.
func (s *Store) shownTally(ctx context.Context, scope gift.Scope, row *tallyRow) gift.Tally {
	tally, err := row.tally()
	if err != nil {
		s.config.Logger.ErrorContext(ctx, "who gave most cannot be read, and is not shown until the next gift is settled",
			"room_id", string(scope.Room), "receiver_id", string(scope.Receiver), "error", err)
	}
	return tally
}
