package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// recordRoom records, with what else a transaction does, that a room was created or has
// ended.
func (s *Store) recordRoom(ctx context.Context, tx pgx.Tx, r room.Room) error {
	if s.config.Payloads == nil {
		return nil
	}
	return s.appendEvents(ctx, tx, []store.Event{store.RoomEvent(s.config.Payloads, r)})
}

// recordSanctions records that sanctions were lifted or applied.
func (s *Store) recordSanctions(ctx context.Context, tx pgx.Tx, all []moderation.Sanction) error {
	if s.config.Payloads == nil {
		return nil
	}
	events := make([]store.Event, len(all))
	for i, one := range all {
		events[i] = store.SanctionEvent(s.config.Payloads, one)
	}
	return s.appendEvents(ctx, tx, events)
}

// recordMessages records those of some messages that a consumer asks for. What was sent after
// it had begun to ask is archived by a transaction that sees it.
func (s *Store) recordMessages(
	ctx context.Context, tx pgx.Tx, id live.RoomID, epoch live.Epoch, messages []*feed.Message,
) error {
	if s.config.Payloads == nil || len(messages) == 0 {
		return nil
	}
	wish, err := messageWish(ctx, tx)
	if err != nil {
		return err
	}
	var events []store.Event
	for _, m := range messages {
		if wish.Of(id, m) {
			events = append(events, store.MessageEvent(s.config.Payloads, id, epoch, m))
		}
	}
	return s.appendEvents(ctx, tx, events)
}

// messageWish returns which messages consumers ask for.
func messageWish(ctx context.Context, tx pgx.Tx) (store.MessageWish, error) {
	rows, err := tx.Query(ctx, statement("message wishes"))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (store.EventFilter, error) {
		var kinds []int16
		var rooms []string
		err := row.Scan(&kinds, &rooms)
		return filterOf(rooms, kinds), err
	})
}
