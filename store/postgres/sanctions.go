package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
)

// place is where sanctions act, locked.
type place struct {
	revision int64
	latest   live.Timestamp // when the latest sanction was applied
}

// lockPlace locks a place, which is added if it is not there.
func lockPlace(ctx context.Context, tx pgx.Tx, id live.RoomID) (p place, err error) {
	lock := func() error {
		return tx.QueryRow(ctx, statement("lock place"), pack(id)).Scan(&p.revision, &p.latest)
	}
	if err = lock(); !errors.Is(err, pgx.ErrNoRows) {
		return p, err
	}
	if _, err = tx.Exec(ctx, statement("add place"), pack(id)); err != nil {
		return p, err
	}
	return p, lock()
}

// ApplySanction implements paired.Durable.
func (s *Store) ApplySanction(
	ctx context.Context, o store.SanctionOrder,
) (applied moderation.Sanction, change paired.Change, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if o.Room != "" { // no protection in every room comes between
			var held int64
			if err := tx.QueryRow(ctx, statement("hold every room's sanctions")).Scan(&held); err != nil {
				return err
			}
		}
		if err := open(ctx, tx, o.Room); err != nil {
			return err
		}
		p, err := lockPlace(ctx, tx, o.Room)
		if err != nil {
			return err
		}
		change = paired.Change{From: p.revision, To: p.revision}
		first, err := s.repeated(ctx, tx, o)
		if err != nil || first != nil {
			if first != nil {
				applied = *first
			}
			return err
		}
		applied, change.To, err = s.apply(ctx, tx, o, p)
		return err
	})
	if err != nil {
		return moderation.Sanction{}, paired.Change{}, err
	}
	return applied, change, nil
}

// repeated returns what a request came to before; nil if it was not made lately.
func (s *Store) repeated(ctx context.Context, tx pgx.Tx, o store.SanctionOrder) (*moderation.Sanction, error) {
	if o.RequestID == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	var row sanctionRow
	var first moderation.Order
	err := tx.QueryRow(ctx, statement("sanction request"),
		pack(o.Room), int16(o.Kind), pack(o.By), pack(o.RequestID), s.instant()).
		Scan(append([]any{&first.For}, row.fields()...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	was := row.sanction(0)
	first.Kind, first.Room, first.User, first.Reason, first.By = was.Kind, was.Room, was.User, was.Reason, was.By
	if first != o.Order {
		return nil, refuse(store.ErrRequestReused)
	}
	return &was, nil
}

// apply is moderation.Book's Apply, and remembers the request.
func (s *Store) apply(
	ctx context.Context, tx pgx.Tx, o store.SanctionOrder, p place,
) (applied moderation.Sanction, revision int64, err error) {
	var now live.Timestamp
	var barred bool
	bar, refusal := o.Kind.Bar()
	err = tx.QueryRow(ctx, statement("barred"), pack(o.User), pack(o.Room), int16(bar), s.instant()).Scan(&now, &barred)
	if err != nil {
		return moderation.Sanction{}, 0, err
	}
	if barred {
		return moderation.Sanction{}, 0, refuse(refusal)
	}
	applied = moderation.Sanction{
		ID: strings.ToLower(rand.Text()), Kind: o.Kind, Room: o.Room, User: o.User, Reason: o.Reason, By: o.By,
		At: max(now, p.latest+1), State: moderation.Active,
	}
	if o.For > 0 {
		applied.Until = max(applied.At.Add(o.For), applied.At+1)
	}
	var batch pgx.Batch
	var events []moderation.Sanction
	batch.Queue(statement("replace sanctions"),
		pack(o.User), pack(o.Room), replaced(o.Kind), pack(o.By), int64(applied.At)).
		Query(func(rows pgx.Rows) error {
			events, err = pgx.CollectRows(rows, liftedRow)
			return err
		})
	batch.Queue(statement("apply sanction"),
		applied.ID, int16(o.Kind), pack(o.Room), pack(o.User), pack(o.Reason), pack(o.By),
		int64(applied.At), int64(endOf(applied)))
	if o.RequestID != "" {
		batch.Queue(statement("remember sanction request"),
			pack(o.Room), int16(o.Kind), pack(o.By), pack(o.RequestID),
			applied.ID, int64(o.For), int64(now.Add(rememberRequests)))
	}
	batch.Queue(statement("change place"), pack(o.Room), int64(applied.At), s.instant()).
		QueryRow(func(row pgx.Row) error { return row.Scan(&revision) })
	s.queueDebt(&batch, paired.OfSanctions, o.Room)
	if err = tx.SendBatch(ctx, &batch).Close(); err == nil {
		err = s.recordSanctions(ctx, tx, append(events, applied))
	}
	return applied, revision, err
}

// liftedRow reads one that was lifted just now.
func liftedRow(row pgx.CollectableRow) (moderation.Sanction, error) {
	var r sanctionRow
	err := row.Scan(append(r.fields(), &r.liftedBy, &r.liftedAt)...)
	return r.sanction(r.liftedAt), err
}

// replaced returns the kinds that one takes the place of, on the same user.
func replaced(kind moderation.Kind) []int16 {
	if kind == moderation.Protect {
		return []int16{int16(moderation.Protect), int16(moderation.Ban), int16(moderation.Mute)}
	}
	return []int16{int16(kind)}
}

// LiftSanction implements paired.Durable.
func (s *Store) LiftSanction(ctx context.Context, l store.SanctionLift) (change paired.Change, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := exists(ctx, tx, l.Room); err != nil {
			return err
		}
		p, err := lockPlace(ctx, tx, l.Room)
		if err != nil {
			return err
		}
		change = paired.Change{From: p.revision, To: p.revision}
		rows, err := tx.Query(ctx, statement("lift sanction"),
			pack(l.User), pack(l.Room), int16(l.Kind), pack(l.By), s.instant())
		if err != nil {
			return err
		}
		lifted, err := pgx.CollectRows(rows, liftedRow)
		if err != nil || len(lifted) == 0 {
			return err
		}
		err = tx.QueryRow(ctx, statement("change place"), pack(l.Room), int64(0), s.instant()).Scan(&change.To)
		if err != nil {
			return err
		}
		if err := s.owe(ctx, tx, paired.OfSanctions, l.Room); err != nil {
			return err
		}
		return s.recordSanctions(ctx, tx, lifted)
	})
	return change, err
}

// sanctionRow is a sanction as it is kept.
type sanctionRow struct {
	kind                                  int16
	id, place, user, reason, by, liftedBy string
	at, until, liftedAt                   live.Timestamp
}

// fields are where a row is read into, in the order of the statements: as it was applied.
func (r *sanctionRow) fields() []any {
	return []any{&r.id, &r.kind, &r.place, &r.user, &r.reason, &r.by, &r.at, &r.until}
}

// sanction returns the sanction of a row, as it is at an instant.
func (r *sanctionRow) sanction(now live.Timestamp) moderation.Sanction {
	s := moderation.Sanction{
		ID:   r.id,
		Kind: moderation.Kind(r.kind), //nolint:gosec // as it was written
		Room: unpack[live.RoomID](r.place), User: unpack[live.UserID](r.user),
		Reason: unpack[string](r.reason), By: unpack[live.UserID](r.by),
		At: r.at, Until: moderation.Term{Until: r.until}.Timed(),
		LiftedBy: unpack[live.UserID](r.liftedBy), LiftedAt: r.liftedAt,
	}
	s.State = s.StateAt(now)
	return s
}

// endOf returns until when a sanction acts, if nobody lifts it.
func endOf(s moderation.Sanction) live.Timestamp {
	if s.Until == 0 {
		return moderation.Forever
	}
	return s.Until
}

// Sanctions implements store.Sanctions.
func (s *Store) Sanctions(ctx context.Context, q store.SanctionQuery) (all []moderation.Sanction, err error) {
	name, args := "sanctions", s.selection(q.Query)
	if q.Room != "" {
		name, args = "sanctions of a room", append([]any{pack(q.Room)}, args...)
	}
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		if err := exists(ctx, db, q.Room); err != nil {
			return err
		}
		rows, err := db.Query(ctx, statement(name), args...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (moderation.Sanction, error) {
			var r sanctionRow
			var now live.Timestamp
			err := row.Scan(append(append([]any{&now}, r.fields()...), &r.liftedBy, &r.liftedAt)...)
			return r.sanction(now), err
		})
		return err
	})
	return all, err
}

// selection returns what selects the sanctions of a query.
func (s *Store) selection(q moderation.Query) []any {
	kinds := make([]int16, len(q.Kinds))
	for i, kind := range q.Kinds {
		kinds[i] = int16(kind)
	}
	after := q.After
	if after == (moderation.Mark{}) {
		after.At = math.MaxInt64
	}
	return []any{pack(q.User), kinds, q.Past, int64(after.At), pack(after.ID), s.instant(), q.Limit}
}

// Acting implements paired.Durable.
func (s *Store) Acting(ctx context.Context, id live.RoomID) (paired.Acting, error) {
	return s.acting(ctx, id, "acting", pack(id), s.instant())
}

// Terms implements paired.Durable; what the room's mute is comes with it.
func (s *Store) Terms(ctx context.Context, id live.RoomID, user live.UserID) (paired.Acting, error) {
	return s.acting(ctx, id, "acting on a user", pack(id), s.instant(), pack(user))
}

// SanctionRevisions implements paired.Durable.
func (s *Store) SanctionRevisions(ctx context.Context, places []live.RoomID) (map[live.RoomID]int64, error) {
	names := make([]string, len(places))
	for i, place := range places {
		names[i] = pack(place)
	}
	var all map[live.RoomID]int64
	err := s.read(ctx, func(ctx context.Context, q querier) error {
		all = make(map[live.RoomID]int64, len(places))
		for _, place := range places {
			all[place] = 0
		}
		rows, err := q.Query(ctx, statement("sanction revisions"), names)
		if err != nil {
			return err
		}
		var place string
		var revision int64
		_, err = pgx.ForEachRow(rows, []any{&place, &revision}, func() error {
			all[unpack[live.RoomID](place)] = revision
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// acting reads what acts in a place.
func (s *Store) acting(ctx context.Context, id live.RoomID, name string, args ...any) (paired.Acting, error) {
	var all paired.Acting
	err := s.read(ctx, func(ctx context.Context, q querier) error {
		all = paired.Acting{Place: id, Users: make(map[live.UserID]moderation.Terms)}
		if err := exists(ctx, q, id); err != nil {
			return err
		}
		rows, err := q.Query(ctx, statement(name), args...)
		if err != nil {
			return err
		}
		var kind *int16 // nil, as all that follows, where nothing acts
		var user, reason *string
		var until *live.Timestamp
		_, err = pgx.ForEachRow(rows, []any{&all.Revision, &kind, &user, &reason, &until}, func() error {
			if kind != nil {
				//nolint:gosec // as it was written
				add(&all, moderation.Kind(*kind), unpack[live.UserID](*user),
					moderation.Term{Until: *until, Why: unpack[string](*reason)})
			}
			return nil
		})
		return err
	})
	return all, err
}

// add adds one term to what acts.
func add(a *paired.Acting, kind moderation.Kind, user live.UserID, term moderation.Term) {
	if kind == moderation.RoomMute {
		a.RoomMute = term
		return
	}
	terms := a.Users[user]
	if of := terms.Of(kind); of != nil {
		*of = term
	}
	a.Users[user] = terms
}
