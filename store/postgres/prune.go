package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
)

const (
	// PastSanctions is how many sanctions that act no more are kept of each place, at
	// least.
	PastSanctions = 5000
	// SanctionRetention is how long all of them are kept.
	SanctionRetention = 90 * 24 * time.Hour

	// batch is how much is deleted in one transaction.
	batch = 5000
	// largeBatch is that of what is large: a part may have tens of thousands of players.
	largeBatch = 100
)

// Pruned is what Prune has deleted.
type Pruned struct{ Messages, Sanctions, Requests, Rooms int64 }

// Prune deletes what is kept for longer than it should be, in small transactions, until
// there is no more or the context is over. Any number of nodes may do so, at any time;
// once an hour is often enough.
func (s *Store) Prune(ctx context.Context) (p Pruned, err error) {
	for _, step := range []func(context.Context, *Pruned) error{
		s.pruneRequests, s.pruneCombos, s.pruneSanctions, s.pruneRooms, s.pruneMessages,
	} {
		err = errors.Join(err, step(ctx, &p))
	}
	return p, err
}

// pruneRequests deletes requests that are remembered no more.
func (s *Store) pruneRequests(ctx context.Context, p *Pruned) error {
	rooms, err := s.drain(ctx, "prune room requests", s.instant(), batch)
	sanctions, err2 := s.drain(ctx, "prune sanction requests", s.instant(), batch)
	quizzes, err3 := s.drain(ctx, "prune quiz requests", s.instant(), batch)
	p.Requests += rooms + sanctions + quizzes
	return errors.Join(err, err2, err3)
}

// pruneCombos deletes combos that cannot go on.
func (s *Store) pruneCombos(ctx context.Context, _ *Pruned) error {
	_, err := s.drain(ctx, "prune combos", s.instant(), gift.MaxComboWindow.Microseconds(), batch)
	return err
}

// pruneMessages deletes messages that are older than history is kept.
func (s *Store) pruneMessages(ctx context.Context, p *Pruned) error {
	if s.config.HistoryRetention == 0 {
		return nil
	}
	n, err := s.drain(ctx, "prune messages", s.instant(), s.config.HistoryRetention.Microseconds(), batch)
	p.Messages += n
	return err
}

// pruneSanctions deletes sanctions that act no more, where there are many.
func (s *Store) pruneSanctions(ctx context.Context, p *Pruned) error {
	places, err := s.texts(ctx, "crowded places", PastSanctions)
	for _, place := range places {
		n, err2 := s.drain(ctx, "prune sanctions",
			place, s.instant(), SanctionRetention.Microseconds(), PastSanctions-1, batch)
		p.Sanctions += n
		err = errors.Join(err, err2)
	}
	return err
}

// pruneRooms forgets rooms that ended long ago.
func (s *Store) pruneRooms(ctx context.Context, p *Pruned) error {
	if s.config.RoomRetention == 0 {
		return nil
	}
	for {
		rooms, err := s.texts(ctx, "rooms to forget", s.instant(), s.config.RoomRetention.Microseconds(), batch)
		if err != nil || len(rooms) == 0 {
			return err
		}
		for _, id := range rooms {
			if err := s.forget(ctx, id, p); err != nil {
				return err
			}
		}
	}
}

// forget deletes an ended room: its messages, what its quizzes came to and who gave in it, of
// which there may be much, then all else at once. The books keep what was given.
func (s *Store) forget(ctx context.Context, id string, p *Pruned) error {
	n, err := s.drain(ctx, "forget messages", id, batch)
	p.Messages += n
	if err == nil {
		_, err = s.drainBy(ctx, largeBatch, "forget quiz parts", id, largeBatch)
	}
	if err == nil {
		_, err = s.drain(ctx, "forget givers", id, batch)
	}
	if err != nil {
		return err
	}
	var gone bool
	err = s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var row roomRow
		var now live.Timestamp
		err := tx.QueryRow(ctx, statement("room to change"), id, s.instant()).Scan(append(row.fields(), &now)...)
		if gone = errors.Is(err, pgx.ErrNoRows); gone {
			return nil // another node did it
		}
		if err != nil {
			return err
		}
		var all pgx.Batch
		all.Queue(statement("forget messages"), id, batch) // archived meanwhile
		all.Queue(statement("forget quizzes"), id)         // first: who holds one may be writing what it came to
		all.Queue(statement("forget quiz parts"), id, batch)
		for _, name := range []string{
			"forget quiz tasks", "forget quiz tallies", "forget quiz requests", "forget gift tallies", "forget goals", "forget archives", "forget words",
			"forget word lists", "forget word book", "forget sanction requests",
			"forget sanctions", "forget place", "forget debts", "forget room",
		} {
			all.Queue(statement(name), id)
		}
		return tx.SendBatch(ctx, &all).Close()
	})
	if err == nil && !gone {
		p.Rooms++
	}
	return err
}

// drain calls a statement that deletes a batch at most until there is less than that, and
// returns how much it deleted. The size of a batch is its last argument.
func (s *Store) drain(ctx context.Context, name string, args ...any) (all int64, err error) {
	return s.drainBy(ctx, batch, name, args...)
}

// drainBy is drain with batches of another size.
func (s *Store) drainBy(ctx context.Context, size int64, name string, args ...any) (all int64, err error) {
	for {
		var n int64
		err := s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, statement(name), args...)
			n = tag.RowsAffected()
			return err
		})
		if err != nil {
			return all, err
		}
		if all += n; n < size {
			return all, nil
		}
	}
}

// texts returns what a statement selects, packed as it is.
func (s *Store) texts(ctx context.Context, name string, args ...any) (all []string, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, statement(name), args...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return all, err
}
