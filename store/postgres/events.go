package postgres

import (
	"context"
	"errors"
	"slices"
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

// appendEvents records events with what else a transaction does. It is the last lock that one
// takes: all that record events wait for each other.
func (s *Store) appendEvents(ctx context.Context, tx pgx.Tx, events []store.Event) error {
	if len(events) == 0 {
		return nil
	}
	if len(events) >= copied {
		return s.copyEvents(ctx, tx, onceEach(events))
	}
	var batch pgx.Batch
	s.queueEvents(&batch, events)
	return tx.SendBatch(ctx, &batch).Close()
}

// copied is from how many events on they are written by COPY, which takes two trips more and
// half of the time for each.
const copied = 200

// eventColumns are the columns of events, as rows are copied.
var eventColumns = []string{"position", "id", "room", "at", "recorded", "kind", "payload"}

// copyEvents is appendEvents for many events.
func (s *Store) copyEvents(ctx context.Context, tx pgx.Tx, events []store.Event) error {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = pack(e.ID)
	}
	var latest, recorded int64
	known := make(map[string]bool)
	var batch pgx.Batch
	batch.Queue(statement("hold event head"), s.instant()).QueryRow(func(row pgx.Row) error {
		return row.Scan(&latest, &recorded)
	})
	batch.Queue(statement("events there are"), ids).Query(notes(known))
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	fresh := slices.DeleteFunc(events, func(e store.Event) bool { return known[pack(e.ID)] })
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"events"}, eventColumns, pgx.CopyFromSlice(len(fresh), func(i int) ([]any, error) {
		e := &fresh[i]
		payload := append([]byte{}, e.Payload...) // nil would be NULL
		return []any{latest + int64(i) + 1, pack(e.ID), pack(e.Room), int64(e.At), recorded, int16(e.Kind), payload}, nil
	}))
	if err != nil || len(fresh) == 0 {
		return err
	}
	_, err = tx.Exec(ctx, statement("move event head"), latest+int64(len(fresh)), recorded)
	return err
}

// queueEvents is appendEvents as the last of a batch.
func (s *Store) queueEvents(batch *pgx.Batch, events []store.Event) {
	events = onceEach(events)
	n := len(events)
	ids, rooms, at := make([]string, n), make([]string, n), make([]int64, n)
	kinds, payloads := make([]int16, n), make([][]byte, n)
	for i, e := range events {
		ids[i], rooms[i], at[i], kinds[i] = pack(e.ID), pack(e.Room), int64(e.At), int16(e.Kind)
		payloads[i] = append([]byte{}, e.Payload...) // nil would be NULL
	}
	batch.Queue(statement("hold event head"), s.instant())
	batch.Queue(statement("append events"), s.instant(), ids, rooms, at, kinds, payloads)
}

// onceEach returns the first of those with one id.
func onceEach(events []store.Event) []store.Event {
	ids := make(map[string]struct{}, len(events))
	once := make([]store.Event, 0, len(events))
	for _, e := range events {
		if _, there := ids[e.ID]; !there {
			ids[e.ID] = struct{}{}
			once = append(once, e)
		}
	}
	return once
}

// lookAgain is how often is looked for new events.
const lookAgain = 100 * time.Millisecond

// AwaitEvents implements store.Events. A notification would not come through a pool of
// connections; a read of one row costs little.
func (s *Store) AwaitEvents(ctx context.Context, at store.EventPosition) (latest store.EventPosition, err error) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		err := s.read(ctx, func(ctx context.Context, q querier) error {
			return q.QueryRow(ctx, statement("latest event")).Scan(&latest)
		})
		if err != nil || latest != at {
			return latest, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
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
	rooms, kinds := filterColumns(q.EventFilter)
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

// filterColumns returns a filter as it is kept.
func filterColumns(f store.EventFilter) (rooms []string, kinds []int16) {
	rooms, kinds = make([]string, len(f.Rooms)), make([]int16, len(f.Kinds))
	for i, id := range f.Rooms {
		rooms[i] = pack(id)
	}
	for i, kind := range f.Kinds {
		kinds[i] = int16(kind)
	}
	return rooms, kinds
}

// filterOf returns a filter that was kept.
func filterOf(rooms []string, kinds []int16) (f store.EventFilter) {
	for _, id := range rooms {
		f.Rooms = append(f.Rooms, unpack[live.RoomID](id))
	}
	for _, kind := range kinds {
		f.Kinds = append(f.Kinds, store.EventKind(kind))
	}
	return f
}

// PruneEvents implements store.Events. One node does it at a time.
func (s *Store) PruneEvents(ctx context.Context, keep time.Duration, limit int) (n int, err error) {
	err = s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		n = 0
		var before, after int64
		err := tx.QueryRow(ctx, statement("hold event floor")).Scan(&before)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // another does
		}
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, statement("prune events"), s.instant(), keep.Microseconds(), limit, before).Scan(&n, &after)
		if err != nil || n == 0 {
			return err
		}
		var batch pgx.Batch
		batch.Queue(statement("raise event floor"), after)
		batch.Queue(statement("count dropped events"), after, before)
		return tx.SendBatch(ctx, &batch).Close()
	})
	return n, err
}
