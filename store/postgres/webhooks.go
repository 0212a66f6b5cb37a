package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// PutWebhook implements store.Webhooks.
func (s *Store) PutWebhook(
	ctx context.Context, name string, w store.Webhook, start store.EventStart,
) (store.EventConsumer, error) {
	rooms, kinds := filterColumns(w.EventFilter)
	return s.changeConsumer(ctx, name, func(ctx context.Context, tx pgx.Tx) error {
		var has, streams bool
		var secret string
		err := tx.QueryRow(ctx, statement("consumer to change"), pack(name), s.instant()).Scan(&has, &streams, &secret)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if w.Secret != "" {
			secret = pack(w.Secret)
		}
		switch {
		case streams:
			return refuse(store.ErrConsumerConflict)
		case secret == "":
			return refuse(store.ErrNoSecret)
		}
		_, err = tx.Exec(ctx, statement("put webhook"), pack(name), start == store.StartEarliest, kinds, rooms,
			pack(w.URL), secret, w.Timeout.Microseconds(), w.GiveUpAfter.Microseconds(), w.Paused)
		return err
	})
}

// ClaimWebhooks implements store.Webhooks.
func (s *Store) ClaimWebhooks(
	ctx context.Context, node store.NodeID, limit int, lease time.Duration,
) (all []store.ClaimedWebhook, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, statement("claim webhooks"), pack(node), s.instant(), lease.Microseconds(), limit)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, claimedRow)
		return err
	})
	return all, err
}

// claimedRow reads one webhook that a node owns.
func claimedRow(row pgx.CollectableRow) (c store.ClaimedWebhook, err error) {
	var timeout, giveUp int64
	var kinds []int16
	var rooms []string
	w := &c.Webhook
	err = row.Scan(&c.Name, &c.Revision, &c.Read, &w.URL, &w.Secret, &timeout, &giveUp, &kinds, &rooms)
	c.Name, w.URL, w.Secret = unpack[string](c.Name), unpack[string](w.URL), unpack[string](w.Secret)
	w.Timeout, w.GiveUpAfter, w.EventFilter = microseconds(timeout), microseconds(giveUp), filterOf(rooms, kinds)
	return c, err
}

// deliveryFields are where a delivery is read into, in the order of the statements.
func deliveryFields(d *store.Delivery) []any {
	e := &d.Event
	return []any{
		&e.Position, &e.ID, &e.Room, &e.At, &e.Recorded, &e.Kind, &e.Payload,
		&d.Again, &d.Attempts, &d.First, &d.Due, &d.LastStatus, &d.LastError,
	}
}

// unpackDelivery undoes what pack has done to a delivery.
func unpackDelivery(d *store.Delivery) {
	d.Event.ID, d.Event.Room = unpack[string](d.Event.ID), unpack[live.RoomID](string(d.Event.Room))
	d.LastError = unpack[string](d.LastError)
}

// HeldDeliveries implements store.Webhooks.
func (s *Store) HeldDeliveries(ctx context.Context, name string) (all []store.Delivery, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, statement("held deliveries"), pack(name))
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d store.Delivery, err error) {
			err = row.Scan(deliveryFields(&d)...)
			unpackDelivery(&d)
			return d, err
		})
		return err
	})
	return all, err
}

// SettleDeliveries implements store.Webhooks.
func (s *Store) SettleDeliveries(ctx context.Context, done store.Settlement) error {
	return s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var read int64
		err := tx.QueryRow(ctx, statement("hold webhook"), pack(done.Name), pack(done.Node), done.Revision).Scan(&read)
		if errors.Is(err, pgx.ErrNoRows) {
			return refuse(store.ErrConsumerReplaced)
		}
		if err != nil {
			return err
		}
		var batch pgx.Batch
		batch.Queue(statement("webhook has read"), pack(done.Name), int64(done.Read))
		if over := overWith(done); len(over) > 0 {
			batch.Queue(statement("hold no more"), pack(done.Name), over)
		}
		if len(done.Held) > 0 {
			batch.Queue(statement("hold events"), deliveryColumns(done.Name, done.Held)...)
		}
		if len(done.Dead) > 0 {
			batch.Queue(statement("write dead letters"), append(deliveryColumns(done.Name, done.Dead), s.instant())...)
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
}

// overWith returns the positions of what is held no more.
func overWith(done store.Settlement) (over []int64) {
	for _, at := range done.Done {
		over = append(over, int64(at))
	}
	for _, d := range done.Dead {
		over = append(over, int64(d.Event.Position))
	}
	return over
}

// deliveryColumns returns deliveries of a consumer as they are kept: a column each.
func deliveryColumns(name string, all []store.Delivery) []any {
	n := len(all)
	position, at, recorded, first, due := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	id, room, failure := make([]string, n), make([]string, n), make([]string, n)
	kind, payload, again := make([]int16, n), make([][]byte, n), make([]bool, n)
	attempts, status := make([]int32, n), make([]int32, n)
	for i, d := range all {
		e := d.Event
		position[i], at[i], recorded[i], first[i], due[i] = int64(e.Position), int64(e.At), int64(e.Recorded), int64(d.First), int64(d.Due)
		id[i], room[i], failure[i] = pack(e.ID), pack(e.Room), pack(d.LastError)
		kind[i], payload[i], again[i] = int16(e.Kind), append([]byte{}, e.Payload...), d.Again
		attempts[i], status[i] = int32(d.Attempts), int32(d.LastStatus) //nolint:gosec // small counts, and codes
	}
	return []any{
		pack(name), position, id, room, at, recorded, kind, payload, again, attempts, first, due, status, failure,
	}
}

// DeadLetters implements store.Webhooks.
func (s *Store) DeadLetters(
	ctx context.Context, consumer string, after int64, limit int,
) (all []store.DeadLetter, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, statement("dead letters"), pack(consumer), after, limit)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l store.DeadLetter, err error) {
			err = row.Scan(append([]any{&l.ID, &l.Consumer, &l.GivenUp}, deliveryFields(&l.Delivery)...)...)
			l.Consumer = unpack[string](l.Consumer)
			unpackDelivery(&l.Delivery)
			return l, err
		})
		return err
	})
	return all, err
}

// RetryDeadLetters implements store.Webhooks.
func (s *Store) RetryDeadLetters(ctx context.Context, ids []int64) (n int, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, statement("revise webhooks of dead letters"), ids); err != nil {
			return err
		}
		return tx.QueryRow(ctx, statement("retry dead letters"), ids).Scan(&n)
	})
	return n, err
}

// PruneDeadLetters implements store.Webhooks.
func (s *Store) PruneDeadLetters(ctx context.Context, keep, limit int) (n int, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, statement("prune dead letters"), keep, limit)
		n = int(tag.RowsAffected())
		return err
	})
	return n, err
}
