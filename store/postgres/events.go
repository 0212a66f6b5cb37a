package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// lookAhead is how many events are passed over at once, for those that a query asks for.
const lookAhead = 10_000

// AppendEvents implements store.Events. All that record events wait for each other: one
// that committed later at an earlier position would never be read.
func (s *Store) AppendEvents(ctx context.Context, events []store.Event) error {
	if len(events) == 0 {
		return ctx.Err()
	}
	return s.change(ctx, func(ctx context.Context, tx pgx.Tx) error { return s.appendEvents(ctx, tx, events) })
}

// appendEvents records events with what else a transaction does.
func (s *Store) appendEvents(ctx context.Context, tx pgx.Tx, events []store.Event) error {
	n := len(events)
	ids, rooms, at := make([]string, n), make([]string, n), make([]int64, n)
	kinds, payloads := make([]int16, n), make([][]byte, n)
	for i, e := range events {
		ids[i], rooms[i], at[i], kinds[i] = pack(e.ID), pack(e.Room), int64(e.At), int16(e.Kind)
		payloads[i] = append([]byte{}, e.Payload...) // nil would be NULL
	}
	_, err := tx.Exec(ctx, statement("append events"), s.instant(), ids, rooms, at, kinds, payloads)
	return err
}

// Events implements store.Events. What is up to the end of the window was committed when
// the window was read.
func (s *Store) Events(ctx context.Context, q store.EventQuery) (page store.EventPage, err error) {
	ahead := q.Limit
	if len(q.Rooms) > 0 || len(q.Kinds) > 0 {
		ahead = max(ahead, lookAhead)
	}
	err = s.read(ctx, func(ctx context.Context, querier querier) error {
		page = store.EventPage{}
		var latest store.EventPosition
		err := querier.QueryRow(ctx, statement("event window"), int64(q.After), ahead-1).Scan(&latest, &page.Next)
		if err != nil || latest <= q.After {
			return err
		}
		page.Events, err = eventsWithin(ctx, querier, q, page.Next)
		if len(page.Events) == q.Limit {
			page.Next = page.Events[q.Limit-1].Position
		}
		page.More = page.Next < latest
		return err
	})
	return page, err
}

// eventsWithin returns the first events up to a position that a query asks for.
func eventsWithin(
	ctx context.Context, querier querier, q store.EventQuery, upTo store.EventPosition,
) ([]store.Event, error) {
	rooms, kinds := make([]string, len(q.Rooms)), make([]int16, len(q.Kinds))
	for i, id := range q.Rooms {
		rooms[i] = pack(id)
	}
	for i, kind := range q.Kinds {
		kinds[i] = int16(kind)
	}
	rows, err := querier.Query(ctx, statement("events"), int64(q.After), int64(upTo), rooms, kinds, q.Limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, eventRow)
}

// eventRow reads one event.
func eventRow(row pgx.CollectableRow) (e store.Event, err error) {
	err = row.Scan(&e.Position, &e.ID, &e.Room, &e.At, &e.Recorded, &e.Kind, &e.Payload)
	e.ID, e.Room = unpack[string](e.ID), unpack[live.RoomID](string(e.Room))
	return e, err
}

// EventConsumer implements store.Events.
func (s *Store) EventConsumer(ctx context.Context, name string) (c store.EventConsumer, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, statement("event consumer"), pack(name)).Scan(&c.Known, &c.Acknowledged, &c.Latest)
	})
	return c, err
}

// AcknowledgeEvents implements store.Events.
func (s *Store) AcknowledgeEvents(
	ctx context.Context, name string, upTo store.EventPosition,
) (at store.EventPosition, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		err := tx.QueryRow(ctx, statement("acknowledge events"), pack(name), int64(upTo)).Scan(&at)
		if errors.Is(err, pgx.ErrNoRows) {
			return refuse(store.ErrEventPosition)
		}
		return err
	})
	return at, err
}

// PruneEvents implements store.Events. Several nodes delete each their own.
func (s *Store) PruneEvents(ctx context.Context, keep time.Duration, limit int) (n int, err error) {
	err = s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, statement("prune events"), s.instant(), keep.Microseconds(), limit)
		n = int(tag.RowsAffected())
		return err
	})
	return n, err
}
