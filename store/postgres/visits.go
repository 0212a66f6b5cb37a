package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/store"
)

// MergeVisits implements store.Visits. Who merges events of the same users waits, and of the
// same room to write its figures.
func (s *Store) MergeVisits(
	ctx context.Context, events []visit.Event, record store.VisitRecorder,
) (aside []store.AsideVisit, err error) {
	if len(events) == 0 {
		return nil, ctx.Err()
	}
	m := newMerging(events, s.config.MaxVisits)
	err = s.merging(ctx, func(ctx context.Context, tx pgx.Tx) error {
		now, err := s.readVisits(ctx, tx, m)
		if err != nil {
			return err
		}
		faults := m.merge(events, now)
		if aside, err = s.keepAside(ctx, tx, faults); err != nil {
			return err
		}
		return s.writeVisits(ctx, tx, m, record)
	})
	if err != nil {
		return nil, err
	}
	return aside, nil
}

// errRoomMoved says that a room has ended, or was pruned, since its visits were read.
var errRoomMoved = errors.New("postgres: the room has ended meanwhile")

// merging is search for what changes visits. If a room ends meanwhile it begins again: a room
// ends once, but there may be several.
func (s *Store) merging(ctx context.Context, f func(context.Context, pgx.Tx) error) error {
	for n := 1; ; n++ {
		err := s.search(ctx, f)
		switch {
		case !errors.Is(err, errRoomMoved):
			return err
		case n == attempts:
			return errors.Join(store.ErrUnavailable, err)
		}
	}
}

// readVisits locks what visits are decided by, and reads it. It says what time it is.
func (s *Store) readVisits(ctx context.Context, tx pgx.Tx, m *merging) (now live.Timestamp, err error) {
	var all pgx.Batch
	m.queueReads(&all, s.instant(), &now)
	if err := tx.SendBatch(ctx, &all).Close(); err != nil {
		return 0, err
	}
	unknown := m.unknown()
	if len(unknown) == 0 {
		return now, nil
	}
	all = pgx.Batch{}
	all.Queue(statement("open visit rooms"), unknown)
	all.Queue(statement("visit rooms"), unknown).Query(m.readRooms)
	return now, tx.SendBatch(ctx, &all).Close()
}

// writeVisits writes what visits have become, and the events of those that are closed.
func (s *Store) writeVisits(ctx context.Context, tx pgx.Tx, m *merging, record store.VisitRecorder) error {
	if err := m.addRows(ctx, tx); err != nil {
		return err
	}
	var all pgx.Batch
	m.queueWrites(&all)
	if all.Len() > 0 {
		if err := tx.SendBatch(ctx, &all).Close(); err != nil {
			return err
		}
	}
	if len(m.closed) == 0 || record == nil {
		return nil
	}
	events := record(m.closed)
	if len(events) == 0 {
		return nil
	}
	return s.appendEvents(ctx, tx, events)
}

// CloseVisits implements store.Visits. It also counts minutes of curves that nobody has
// asked for since they were changed.
func (s *Store) CloseVisits(
	ctx context.Context, limit int, record store.VisitRecorder,
) (n int, more bool, err error) {
	c, err := s.visitsToClose(ctx, limit)
	if err != nil {
		return 0, false, err
	}
	if c == nil {
		return 0, false, s.countStale(ctx)
	}
	err = s.merging(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := s.readVisits(ctx, tx, &c.merging); err != nil {
			return err
		}
		c.merge(nil, 0)
		n = len(c.closed)
		if err := s.writeVisits(ctx, tx, &c.merging, record); err != nil {
			return err
		}
		return c.advance(ctx, tx)
	})
	if err != nil {
		return 0, false, err
	}
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, statement("rooms left to close")).Scan(&more)
	})
	return n, more, err
}

// closing is visits to a room that has ended, those that are to be closed among some of them.
type closing struct {
	merging
	number int64
	next   int64 // from when on the others begin; 0: there are none
	all    bool  // none of the some is left out
}

// advance notes up to where visits are closed.
func (c *closing) advance(ctx context.Context, tx pgx.Tx) (err error) {
	switch {
	case !c.all:
	case c.next == 0:
		_, err = tx.Exec(ctx, statement("close visit room"), c.number)
	default:
		_, err = tx.Exec(ctx, statement("visits are closed to"), c.number, c.next)
	}
	return err
}

// lookThrough is among how many visits of a room those are looked for at once that are to be
// closed.
const lookThrough = 20_000

// visitsToClose returns visits of a room that are to be closed; nil: there is none.
func (s *Store) visitsToClose(ctx context.Context, limit int) (c *closing, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		c = nil
		one := new(closing)
		var room string
		var ending, from int64
		err := q.QueryRow(ctx, statement("room to close"), lookThrough).Scan(&room, &one.number, &ending, &from, &one.next)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		until := int64(openEnd)
		if one.next != 0 {
			until = one.next // and with it all that began at once
			one.next++
		}
		rows, err := q.Query(ctx, statement("viewers to close"), one.number, from, until, ending, limit)
		if err != nil {
			return err
		}
		viewers, err := pgx.CollectRows(rows, pgx.RowTo[string])
		one.all = len(viewers) < limit
		slices.Sort(viewers)
		for _, viewer := range slices.Compact(viewers) {
			one.guests = append(one.guests, guest{guestKey: guestKey{unpack[live.RoomID](room), unpack[live.UserID](viewer)}})
		}
		c = one
		return err
	})
	return c, err
}

// keepAside sets events aside, and returns them as they are kept.
func (s *Store) keepAside(ctx context.Context, tx pgx.Tx, events []store.AsideVisit) ([]store.AsideVisit, error) {
	if len(events) == 0 {
		return nil, nil
	}
	var now live.Timestamp
	if err := tx.QueryRow(ctx, statement("instant"), s.instant()).Scan(&now); err != nil {
		return nil, err
	}
	digests := make([]string, len(events))
	last := make(map[string]int, len(events))
	for i, a := range events {
		digests[i] = a.Event.Digest()
		last[digests[i]] = i
	}
	var rows asideRows
	for i, a := range events {
		if last[digests[i]] == i {
			rows.add(a, digests[i], now)
		}
	}
	got, err := tx.Query(ctx, statement("set visits aside"), append([]any{int64(now)}, rows.args()...)...)
	if err != nil {
		return nil, err
	}
	kept := make(map[string]store.AsideVisit, len(events))
	var digest, id string
	var noted live.Timestamp
	if _, err = pgx.ForEachRow(got, []any{&digest, &id, &noted}, func() error {
		a := events[last[digest]]
		a.ID, a.At = id, noted
		kept[digest] = a
		return nil
	}); err != nil {
		return nil, err
	}
	aside := make([]store.AsideVisit, len(events))
	for i, digest := range digests {
		aside[i] = kept[digest]
	}
	return aside, nil
}

// SetAside implements store.Visits.
func (s *Store) SetAside(ctx context.Context, events []store.AsideVisit) (kept []store.AsideVisit, err error) {
	if len(events) == 0 {
		return nil, ctx.Err()
	}
	err = s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		kept, err = s.keepAside(ctx, tx, events)
		return err
	})
	return kept, err
}

// AsideVisits implements store.Visits.
func (s *Store) AsideVisits(
	ctx context.Context, id live.RoomID, after string, limit int,
) ([]store.AsideVisit, error) {
	if id == "" {
		return s.asides(ctx, "visits set aside", pack(after), limit)
	}
	return s.asides(ctx, "visits of room set aside", pack(after), limit, pack(id))
}

// TakeAside implements store.Visits.
func (s *Store) TakeAside(ctx context.Context, ids []string) ([]store.AsideVisit, error) {
	return s.asides(ctx, "take visits set aside", packAll(ids))
}

// asides returns events that were set aside.
func (s *Store) asides(ctx context.Context, name string, args ...any) (all []store.AsideVisit, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, statement(name), args...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, asideRow)
		return err
	})
	return all, err
}

// asideRow reads an event that was set aside.
func asideRow(row pgx.CollectableRow) (a store.AsideVisit, err error) {
	var id, room, viewer, session, detail string
	var reason int16
	e := &a.Event
	err = row.Scan(&id, &room, &viewer, &session, &e.Version, &e.At, &e.Inferred, &reason, &detail, &a.At)
	a.ID, a.Detail = unpack[string](id), unpack[string](detail)
	a.Reason = visit.SetAside(reason) //nolint:gosec // as it was written
	e.Room, e.User, e.Session = unpack[live.RoomID](room), unpack[live.UserID](viewer), unpack[live.SessionID](session)
	return a, err
}

// DropAside implements store.Visits.
func (s *Store) DropAside(ctx context.Context, ids []string) error {
	return s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, statement("drop visits set aside"), packAll(ids))
		return err
	})
}

// PruneVisits implements store.Visits. A room takes no more events as soon as it is to be
// pruned.
func (s *Store) PruneVisits(ctx context.Context, keep time.Duration, limit int) (n int, err error) {
	err = s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		n = 0
		tag, err := tx.Exec(ctx, statement("prune visits set aside"), s.instant(), keep.Microseconds(), limit)
		if err != nil {
			return err
		}
		n = int(tag.RowsAffected())
		if _, err := tx.Exec(ctx, statement("visit rooms to prune"), s.instant(), keep.Microseconds(), limit); err != nil {
			return err
		}
		for n < limit {
			gone, some, err := pruneOneRoom(ctx, tx, limit-n)
			if err != nil || !some {
				return err
			}
			n += gone
		}
		return nil
	})
	return n, err
}

// pruneOneRoom deletes visits of a room that is to be pruned, and says whether there is one.
func pruneOneRoom(ctx context.Context, tx pgx.Tx, limit int) (gone int, some bool, err error) {
	var id int64
	err = tx.QueryRow(ctx, statement("visit rooms being pruned")).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	tag, err := tx.Exec(ctx, statement("prune visits"), id, limit)
	if err != nil {
		return 0, false, err
	}
	if gone = int(tag.RowsAffected()); gone == limit {
		return gone, true, nil
	}
	var all pgx.Batch
	for _, name := range []string{"prune visit minutes", "prune visit moments", "prune visit lengths", "visit room is pruned"} {
		all.Queue(statement(name), id)
	}
	return gone, true, tx.SendBatch(ctx, &all).Close()
}

// asideRows is events as a statement takes them.
type asideRows struct {
	ids, digests, rooms, viewers, sessions, details []string
	versions, at                                    []int64
	inferred                                        []bool
	reasons                                         []int16
}

func (r *asideRows) add(a store.AsideVisit, digest string, now live.Timestamp) {
	e := a.Event
	r.ids, r.digests = append(r.ids, e.AsideID(now)), append(r.digests, digest)
	r.rooms, r.viewers = append(r.rooms, pack(e.Room)), append(r.viewers, pack(e.User))
	r.sessions, r.details = append(r.sessions, pack(e.Session)), append(r.details, pack(a.Detail))
	r.versions, r.at = append(r.versions, int64(e.Version)), append(r.at, int64(e.At))
	r.inferred, r.reasons = append(r.inferred, e.Inferred), append(r.reasons, int16(a.Reason))
}

func (r *asideRows) args() []any {
	return []any{
		r.ids, r.digests, r.rooms, r.viewers, r.sessions, r.versions, r.at, r.inferred, r.reasons, r.details,
	}
}

// partsOf returns the parts that users are in, in order.
func partsOf(guests []guest) []int32 {
	parts := make([]int32, len(guests))
	for i := range guests {
		parts[i] = int32(visit.Part(guests[i].user, visitParts)) //nolint:gosec // parts are few
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}
