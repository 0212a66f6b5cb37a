package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/store"
)

// PutGift implements store.Gifts. All that put gifts wait for each other.
func (s *Store) PutGift(ctx context.Context, g gift.Gift, limit int) (put gift.Gift, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, statement("lock catalogue")); err != nil {
			return err
		}
		before, err := readGifts(ctx, tx, "gift", pack(g.ID))
		if err != nil {
			return err
		}
		put = g
		put.Revision = 1
		if len(before) > 0 {
			if before[0].Room != g.Room {
				return refuse(store.ErrGiftElsewhere)
			}
			if put.Revision = before[0].Revision; sameGift(put, before[0]) {
				put = before[0]
				return nil
			}
			put.Revision++
		}
		if err := roomForGift(ctx, tx, g, limit); err != nil {
			return err
		}
		labels, err := packLabels(g.Labels)
		if err != nil {
			return refuse(err)
		}
		_, err = tx.Exec(ctx, statement("put gift"), pack(g.ID), pack(g.Name), g.Price, g.Points, pack(g.Room),
			g.ComboWindow.Microseconds(), g.Retired, g.Position, labels, put.Revision)
		return err
	})
	if err != nil {
		return gift.Gift{}, err
	}
	return put, nil
}

// roomForGift returns ErrGiftLimit where the catalogue is full of others.
func roomForGift(ctx context.Context, tx pgx.Tx, g gift.Gift, limit int) error {
	var others int
	if err := tx.QueryRow(ctx, statement("other gifts"), pack(g.ID)).Scan(&others); err != nil {
		return err
	}
	if !g.Retired && others >= limit {
		return refuse(store.ErrGiftLimit)
	}
	return nil
}

// sameGift says whether two gifts are equal, where nil is as good as empty.
func sameGift(a, b gift.Gift) bool {
	return maps.Equal(a.Labels, b.Labels) && a.Compare(&b) == 0 && a.Name == b.Name && a.Price == b.Price &&
		a.Points == b.Points && a.Room == b.Room && a.ComboWindow == b.ComboWindow && a.Retired == b.Retired
}

// packLabels returns labels as they are kept.
func packLabels(labels map[string]string) (string, error) {
	packed := make(map[string]string, len(labels))
	for name, value := range labels {
		packed[pack(name)] = pack(value)
	}
	text, err := json.Marshal(packed)
	return string(text), err
}

// unpackLabels returns the labels that are kept so, nil for none.
func unpackLabels(text string) (map[string]string, error) {
	var packed map[string]string
	if err := json.Unmarshal([]byte(text), &packed); err != nil || len(packed) == 0 {
		return nil, err
	}
	labels := make(map[string]string, len(packed))
	for name, value := range packed {
		labels[unpack[string](name)] = unpack[string](value)
	}
	return labels, nil
}

// readGifts reads gifts of the catalogue.
func readGifts(ctx context.Context, q querier, name string, args ...any) ([]gift.Gift, error) {
	rows, err := q.Query(ctx, statement(name), args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (g gift.Gift, err error) {
		var id, name, room, labels string
		var combo int64
		err = row.Scan(&id, &name, &g.Price, &g.Points, &room, &combo, &g.Retired, &g.Position, &labels, &g.Revision)
		if err != nil {
			return g, err
		}
		g.ID, g.Name, g.Room = unpack[gift.ID](id), unpack[string](name), unpack[live.RoomID](room)
		g.ComboWindow = time.Duration(combo) * time.Microsecond
		if g.Labels, err = unpackLabels(labels); err != nil {
			return g, refuse(err)
		}
		return g, nil
	})
}

// Gift implements store.Gifts.
func (s *Store) Gift(ctx context.Context, id gift.ID) (g gift.Gift, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		all, err := readGifts(ctx, q, "gift", pack(id))
		if err == nil && len(all) == 0 {
			return refuse(store.ErrGiftNotFound)
		}
		if err == nil {
			g = all[0]
		}
		return err
	})
	return g, err
}

// Gifts implements store.Gifts.
func (s *Store) Gifts(ctx context.Context, q store.GiftQuery) (all []gift.Gift, err error) {
	var after gift.Gift
	if q.After != nil {
		after = *q.After
	}
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		all, err = readGifts(ctx, db, "gifts",
			q.After != nil, after.Position, pack(after.ID), q.All, pack(q.Room), q.Retired, q.Limit)
		return err
	})
	return all, err
}

// PutGoal implements store.Gifts. All that put goals of a room wait for each other, and for
// who settles its gifts: at the room's tally.
func (s *Store) PutGoal(
	ctx context.Context, id live.RoomID, g gift.Goal, limit int, record store.GoalRecorder,
) (put gift.Goal, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := open(ctx, tx, id); err != nil {
			return err
		}
		var now live.Timestamp
		if err := tx.QueryRow(ctx, statement("hold tally"), pack(id), s.instant()).Scan(&now); err != nil {
			return err
		}
		goals, err := readGoals(ctx, tx, "goals of room", pack(id))
		if err != nil {
			return err
		}
		var before *gift.Goal
		if before, err = roomForGoal(goals[id], g, limit); err != nil {
			return refuse(err)
		}
		if put = g.Put(before, now); before != nil && *before == put {
			return nil
		}
		var all pgx.Batch
		all.Queue(statement("put goal"), pack(id), pack(put.ID), pack(put.Title), int16(put.Measure), put.Target, pack(put.Gift),
			pack(put.Receiver), put.Closed, put.Progress, int64(put.Reached), int64(put.Created))
		all.Queue(statement("raise tally"), pack(id))
		if err := tx.SendBatch(ctx, &all).Close(); err != nil || !put.ReachedBy(before) {
			return err
		}
		return s.appendEvents(ctx, tx, record(put))
	})
	if err != nil {
		return gift.Goal{}, err
	}
	return put, nil
}

// roomForGoal returns the goal that is to be replaced, nil for none, or ErrGiftLimit where the
// room has enough others.
func roomForGoal(goals []gift.Goal, g gift.Goal, limit int) (before *gift.Goal, err error) {
	others := 0
	for i := range goals {
		if goals[i].ID == g.ID {
			before = &goals[i]
		} else if !goals[i].Closed {
			others++
		}
	}
	if !g.Closed && others >= limit {
		return nil, store.ErrGiftLimit
	}
	return before, nil
}

// readGoals reads goals, by room.
func readGoals(ctx context.Context, q querier, name string, args ...any) (map[live.RoomID][]gift.Goal, error) {
	rows, err := q.Query(ctx, statement(name), args...)
	if err != nil {
		return nil, err
	}
	goals := make(map[live.RoomID][]gift.Goal)
	var room string
	var row goalRow
	_, err = pgx.ForEachRow(rows, append([]any{&room}, row.fields()...), func() error {
		id := unpack[live.RoomID](room)
		goals[id] = append(goals[id], row.goal())
		return nil
	})
	return goals, err
}

// goalRow is a goal as it is read; there may be none.
type goalRow struct {
	id, title, gift, receiver          *string
	measure                            *int16
	closed                             *bool
	target, progress, reached, created *int64
}

// fields are where a row is read into, in the order of the statements.
func (r *goalRow) fields() []any {
	return []any{
		&r.id, &r.title, &r.measure, &r.target, &r.gift, &r.receiver, &r.closed, &r.progress, &r.reached, &r.created,
	}
}

// goal returns the goal of a row.
func (r *goalRow) goal() gift.Goal {
	return gift.Goal{
		ID: unpack[gift.GoalID](*r.id), Title: unpack[string](*r.title),
		Measure: gift.Measure(*r.measure), //nolint:gosec // as it was written
		Target:  *r.target, Gift: unpack[gift.ID](*r.gift), Receiver: unpack[live.UserID](*r.receiver), Closed: *r.closed,
		Progress: *r.progress, Reached: live.Timestamp(*r.reached), Created: live.Timestamp(*r.created),
	}
}

// Points implements store.Gifts.
func (s *Store) Points(ctx context.Context, receivers []live.UserID) (points []int64, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		points = make([]int64, len(receivers))
		rows, err := q.Query(ctx, statement("points"), packAll(receivers))
		if err != nil {
			return err
		}
		of := make(map[live.UserID]int64)
		var user string
		var n int64
		_, err = pgx.ForEachRow(rows, []any{&user, &n}, func() error {
			of[unpack[live.UserID](user)] = n
			return nil
		})
		for i, user := range receivers {
			points[i] = of[user]
		}
		return err
	})
	return points, err
}

// none says whether a row that was asked for is not there.
func none(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
