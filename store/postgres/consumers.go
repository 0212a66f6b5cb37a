package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/store"
)

// consumerRow reads one consumer.
func consumerRow(row pgx.CollectableRow) (c store.EventConsumer, err error) {
	var url *string
	var w store.Webhook
	var timeout, giveUp int64
	var kinds []int16
	var rooms []string
	err = row.Scan(&c.Name, &c.Acknowledged, &c.Latest, &c.Lag, &c.Oldest, &c.Dropped, &c.Active, &c.Held, &c.Dead,
		&url, &timeout, &giveUp, &w.Paused, &kinds, &rooms)
	c.Name = unpack[string](c.Name)
	if url != nil {
		w.URL, w.Timeout, w.GiveUpAfter = unpack[string](*url), microseconds(timeout), microseconds(giveUp)
		w.EventFilter = filterOf(rooms, kinds)
		c.Webhook = &w
	}
	return c, err
}

// microseconds returns a time that was kept.
func microseconds(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// consumer returns one consumer.
func (s *Store) consumer(ctx context.Context, q querier, name string) (store.EventConsumer, error) {
	all, err := s.consumers(ctx, q, name, 0)
	if err == nil && len(all) == 0 {
		err = refuse(store.ErrConsumerNotFound)
	}
	if err != nil {
		return store.EventConsumer{}, err
	}
	return all[0], nil
}

// consumers returns consumers after one; with no limit, the one of that name.
func (s *Store) consumers(ctx context.Context, q querier, name string, limit int) ([]store.EventConsumer, error) {
	rows, err := q.Query(ctx, statement("consumers"), s.instant(), pack(name), limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, consumerRow)
}

// EventConsumer implements store.Consumers.
func (s *Store) EventConsumer(ctx context.Context, name string) (c store.EventConsumer, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		c, err = s.consumer(ctx, q, name)
		return err
	})
	return c, err
}

// EventConsumers implements store.Consumers.
func (s *Store) EventConsumers(ctx context.Context, after string, limit int) (all []store.EventConsumer, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		all, err = s.consumers(ctx, q, after, limit)
		return err
	})
	return all, err
}

// changeConsumer changes a consumer, and returns it.
func (s *Store) changeConsumer(
	ctx context.Context, name string, change func(context.Context, pgx.Tx) error,
) (c store.EventConsumer, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := change(ctx, tx); err != nil {
			return err
		}
		c, err = s.consumer(ctx, tx, name)
		return err
	})
	if err != nil {
		return store.EventConsumer{}, err
	}
	return c, nil
}

// OpenConsumer implements store.Consumers.
func (s *Store) OpenConsumer(ctx context.Context, o store.ConsumerOpening) (store.EventConsumer, error) {
	rooms, kinds := filterColumns(o.EventFilter)
	return s.changeConsumer(ctx, o.Name, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, statement("open consumer"), pack(o.Name), o.Start == store.StartEarliest, pack(o.Owner),
			s.instant(), o.Lease.Microseconds(), kinds, rooms)
		if err == nil && tag.RowsAffected() == 0 {
			err = refuse(store.ErrConsumerConflict)
		}
		return err
	})
}

// KeepConsumer implements store.Consumers.
func (s *Store) KeepConsumer(
	ctx context.Context, name, owner string, lease time.Duration, passed store.EventPosition,
) (store.EventConsumer, error) {
	return s.changeConsumer(ctx, name, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, statement("keep consumer"),
			pack(name), pack(owner), s.instant(), lease.Microseconds(), int64(passed))
		if err != nil || tag.RowsAffected() > 0 {
			return err
		}
		return otherwise(ctx, tx, name, store.ErrConsumerReplaced)
	})
}

// otherwise returns ErrConsumerNotFound if a consumer is not there, and else another refusal.
func otherwise(ctx context.Context, tx pgx.Tx, name string, refusal error) error {
	var there bool
	if err := tx.QueryRow(ctx, statement("consumer exists"), pack(name)).Scan(&there); err != nil {
		return err
	}
	if !there {
		refusal = store.ErrConsumerNotFound
	}
	return refuse(refusal)
}

// CloseConsumer implements store.Consumers.
func (s *Store) CloseConsumer(ctx context.Context, name, owner string) error {
	return s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, statement("close consumer"), pack(name), pack(owner))
		return err
	})
}

// AcknowledgeEvents implements store.Consumers.
func (s *Store) AcknowledgeEvents(
	ctx context.Context, name string, upTo store.EventPosition,
) (store.EventConsumer, error) {
	return s.changeConsumer(ctx, name, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, statement("acknowledge events"), pack(name), int64(upTo))
		if err == nil && tag.RowsAffected() == 0 {
			return otherwise(ctx, tx, name, store.ErrEventPosition)
		}
		if err == nil {
			_, err = tx.Exec(ctx, statement("hold no more up to"), pack(name), int64(upTo))
		}
		return err
	})
}

// DeleteConsumer implements store.Consumers.
func (s *Store) DeleteConsumer(ctx context.Context, name string) error {
	return s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var batch pgx.Batch
		for _, forget := range []string{"forget consumer", "forget held events", "forget dead letters"} {
			batch.Queue(statement(forget), pack(name))
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
}
