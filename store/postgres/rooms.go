package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
	"github.com/ovation-live/ovation/store/record"
)

// rememberRequests is how long a request id is remembered.
const rememberRequests = 5 * time.Minute

// CreateRoom implements store.Rooms.
func (s *Store) CreateRoom(ctx context.Context, r room.Room, requestID string) (room.Room, error) {
	r.State, r.Revision, r.Created, r.Ended = room.Live, 1, 0, 0
	err := s.change(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		now := s.instant()
		if requestID != "" {
			claimed, created, err := s.claim(ctx, tx, r, requestID)
			if err != nil || !claimed {
				r.Created = created
				return err
			}
			now = (*int64)(&created)
		}
		r.Created, err = create(ctx, tx, r, now)
		if err != nil {
			return err
		}
		if err := s.owe(ctx, tx, paired.OfRoom, r.ID); err != nil {
			return err
		}
		return s.recordRoom(ctx, tx, r)
	})
	if err != nil {
		return room.Room{}, err
	}
	return r, nil
}

// claim takes a request for the caller, or says when it created the room before.
func (s *Store) claim(
	ctx context.Context, tx pgx.Tx, r room.Room, requestID string,
) (claimed bool, created live.Timestamp, err error) {
	digest, err := digestOf(r)
	if err != nil {
		return false, 0, refuse(err)
	}
	err = tx.QueryRow(ctx, statement("claim room request"),
		pack(requestID), digest, rememberRequests.Microseconds(), s.instant()).Scan(&created)
	if !errors.Is(err, pgx.ErrNoRows) {
		return err == nil, created, err
	}
	var first []byte
	if err := tx.QueryRow(ctx, statement("room request"), pack(requestID)).Scan(&first, &created); err != nil {
		return false, 0, err
	}
	if !slices.Equal(first, digest) {
		return false, 0, refuse(store.ErrRequestReused)
	}
	return false, created, nil
}

// digestOf returns what tells a room that is to be created from others.
func digestOf(r room.Room) ([]byte, error) {
	r.Created = 0
	b, err := record.MarshalRoom(r)
	digest := sha256.Sum256(b)
	return digest[:], err
}

// create adds a room and returns when that was.
func create(ctx context.Context, tx pgx.Tx, r room.Room, now *int64) (created live.Timestamp, err error) {
	settings, labels, err := documents(r)
	if err != nil {
		return 0, refuse(err)
	}
	err = tx.QueryRow(ctx, statement("create room"),
		pack(r.ID), pack(r.Title), pack(r.Host), int16(r.State), settings, labels, now).Scan(&created)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, refuse(&store.RoomError{Room: r.ID, Err: store.ErrRoomExists})
	}
	return created, err
}

// documents returns the JSON of a room's settings and labels.
func documents(r room.Room) (settings, labels string, err error) {
	packed := make(map[string]string, len(r.Labels))
	for name, value := range r.Labels {
		packed[pack(name)] = pack(value)
	}
	s, err := record.SettingsJSON(r.Settings)
	if err != nil {
		return "", "", err
	}
	l, err := json.Marshal(packed)
	return string(s), string(l), err
}

// roomRow is a room as it is kept.
type roomRow struct {
	id, title, host  string
	state            int16
	settings, labels []byte
	revision         int64
	created, ended   live.Timestamp
}

// fields are where a row is read into, in the order of the statements.
func (r *roomRow) fields() []any {
	return []any{
		&r.id, &r.title, &r.host, &r.state, &r.settings, &r.labels, &r.revision, &r.created, &r.ended,
	}
}

// room returns the room of a row.
func (r *roomRow) room() (room.Room, error) {
	var packed map[string]string
	if err := json.Unmarshal(r.labels, &packed); err != nil {
		return room.Room{}, refuse(fmt.Errorf("postgres: labels: %w", err))
	}
	settings, err := record.SettingsOfJSON(r.settings)
	if err != nil {
		return room.Room{}, refuse(err)
	}
	var labels map[string]string
	if len(packed) > 0 {
		labels = make(map[string]string, len(packed))
	}
	for name, value := range packed {
		labels[unpack[string](name)] = unpack[string](value)
	}
	return room.Room{
		ID: unpack[live.RoomID](r.id), Title: unpack[string](r.title), Host: unpack[live.UserID](r.host),
		State:    room.State(r.state), //nolint:gosec // as it was written
		Settings: settings, Labels: labels, Revision: r.revision, Created: r.created, Ended: r.ended,
	}, nil
}

// Room implements store.Rooms. It is never behind.
func (s *Store) Room(ctx context.Context, id live.RoomID) (r room.Room, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		var row roomRow
		err := q.QueryRow(ctx, statement("room"), pack(id)).Scan(row.fields()...)
		if err != nil {
			return absent(err, id)
		}
		r, err = row.room()
		return err
	})
	return r, err
}

// absent turns the absence of a row into that of a room.
func absent(err error, id live.RoomID) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return refuse(notFound(id))
	}
	return err
}

// Rooms implements store.Rooms.
func (s *Store) Rooms(ctx context.Context, q store.RoomQuery) (rooms []room.Room, err error) {
	name, args := "rooms", []any{pack(q.After), q.Limit}
	if q.State != room.StateAny {
		name, args = "rooms of a state", append(args, int16(q.State))
	}
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		rows, err := db.Query(ctx, statement(name), args...)
		if err != nil {
			return err
		}
		rooms, err = pgx.CollectRows(rows, func(rows pgx.CollectableRow) (room.Room, error) {
			var row roomRow
			if err := rows.Scan(row.fields()...); err != nil {
				return room.Room{}, err
			}
			return row.room()
		})
		return err
	})
	return rooms, err
}

// UpdateRoom implements store.Rooms.
func (s *Store) UpdateRoom(ctx context.Context, id live.RoomID, c room.Change) (room.Room, error) {
	return s.replace(ctx, id, func(r room.Room, _ live.Timestamp) (room.Room, error) {
		if r.State == room.Ended {
			return r, ended(id)
		}
		return r.Apply(c)
	})
}

// EndRoom implements store.Rooms.
func (s *Store) EndRoom(ctx context.Context, id live.RoomID) (room.Room, error) {
	return s.EndRoomAfter(ctx, id, 0)
}

// EndRoomAfter is EndRoom at an instant later than one on another clock: that of the
// latest that happened in the room.
func (s *Store) EndRoomAfter(ctx context.Context, id live.RoomID, after live.Timestamp) (room.Room, error) {
	return s.replace(ctx, id, func(r room.Room, now live.Timestamp) (room.Room, error) {
		return r.End(max(now, after+1, r.Created+1)), nil
	})
}

// replace puts what becomes of a room in its place, if that is another revision.
func (s *Store) replace(
	ctx context.Context, id live.RoomID, decide func(room.Room, live.Timestamp) (room.Room, error),
) (next room.Room, err error) {
	err = s.change(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var row roomRow
		var now live.Timestamp
		err := tx.QueryRow(ctx, statement("room to change"), pack(id), s.instant()).Scan(append(row.fields(), &now)...)
		if err != nil {
			return absent(err, id)
		}
		before, err := row.room()
		if err != nil {
			return err
		}
		if next, err = decide(before, now); err != nil {
			return refuse(err)
		}
		if next.Revision == before.Revision {
			return nil
		}
		if err := s.write(ctx, tx, next); err != nil || next.State == before.State {
			return err
		}
		return s.recordRoom(ctx, tx, next)
	})
	if err != nil {
		return room.Room{}, err
	}
	return next, nil
}

// write writes a room that has changed.
func (s *Store) write(ctx context.Context, tx pgx.Tx, r room.Room) error {
	settings, labels, err := documents(r)
	if err != nil {
		return refuse(err)
	}
	_, err = tx.Exec(ctx, statement("change room"),
		pack(r.ID), pack(r.Title), int16(r.State), settings, labels, r.Revision, int64(r.Ended))
	if err == nil && r.State == room.Ended {
		_, err = tx.Exec(ctx, statement("end visit room"), pack(r.ID), int64(r.Ended))
	}
	if err != nil {
		return err
	}
	return s.owe(ctx, tx, paired.OfRoom, r.ID)
}

// exists returns notFound for a room that is not there. Every room ("") is.
func exists(ctx context.Context, q querier, id live.RoomID) error {
	if id == "" {
		return nil
	}
	var there bool
	if err := q.QueryRow(ctx, statement("room exists"), pack(id)).Scan(&there); err != nil {
		return err
	}
	if !there {
		return refuse(notFound(id))
	}
	return nil
}

// open locks a room against its end, and returns ended for one that has. Every room ("")
// never does.
func open(ctx context.Context, tx pgx.Tx, id live.RoomID) error {
	if id == "" {
		return nil
	}
	var state int16
	if err := tx.QueryRow(ctx, statement("state of room"), pack(id)).Scan(&state); err != nil {
		return absent(err, id)
	}
	if room.State(state) == room.Ended { //nolint:gosec // as it was written
		return refuse(ended(id))
	}
	return nil
}
