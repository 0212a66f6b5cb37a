package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store/record"
)

// Archived implements paired.Durable.
func (s *Store) Archived(ctx context.Context, id live.RoomID, epoch live.Epoch) (feed.Cursor, error) {
	at := feed.Cursor{Epoch: epoch}
	err := s.read(ctx, func(ctx context.Context, q querier) error {
		var timestamps, sequences []int64
		err := q.QueryRow(ctx, statement("archived"), pack(id), pack(epoch)).Scan(&timestamps, &sequences)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		for b := range min(feed.Buckets, len(timestamps), len(sequences)) {
			//nolint:gosec // as it was written
			at.At[b] = feed.Place{Timestamp: live.Timestamp(timestamps[b]), Sequence: uint64(sequences[b])}
		}
		return err
	})
	return at, err
}

// placesOf returns the places of a cursor as they are kept.
func placesOf(c feed.Cursor) (timestamps, sequences []int64) {
	for _, place := range c.At {
		timestamps = append(timestamps, int64(place.Timestamp))
		sequences = append(sequences, int64(place.Sequence)) //nolint:gosec // counts that are far below
	}
	return timestamps, sequences
}

// Archive implements paired.Durable. Of the messages it keeps those between the cursors,
// and of those that lives of one log share, each life's own. ErrRoomNotFound.
func (s *Store) Archive(
	ctx context.Context, id live.RoomID, from, to feed.Cursor, messages []*feed.Message,
) (moved bool, err error) {
	if from.Epoch != to.Epoch {
		return false, fmt.Errorf("postgres: an archive of life %q cannot go on in %q", from.Epoch, to.Epoch)
	}
	messages = between(from, to, messages)
	rows, recalls, err := messageRows(id, to.Epoch, messages)
	if err != nil {
		return false, err
	}
	err = s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var state int16
		if err := tx.QueryRow(ctx, statement("hold room"), pack(id)).Scan(&state); err != nil {
			return absent(err, id)
		}
		if moved, err = move(ctx, tx, id, from, to); err != nil || !moved {
			return err
		}
		if err := keep(ctx, tx, id, to.Epoch, rows, recalls); err != nil {
			return err
		}
		return s.recordMessages(ctx, tx, id, to.Epoch, messages)
	})
	return moved && err == nil, err
}

// move moves the place of a room's archive, if it is from.
func move(ctx context.Context, tx pgx.Tx, id live.RoomID, from, to feed.Cursor) (bool, error) {
	timestamps, sequences := placesOf(to)
	if from.At == (feed.Cursor{}).At {
		tag, err := tx.Exec(ctx, statement("begin archive"), pack(id), pack(to.Epoch), timestamps, sequences)
		return tag.RowsAffected() == 1, err
	}
	fromTimestamps, fromSequences := placesOf(from)
	tag, err := tx.Exec(ctx, statement("move archive"),
		pack(id), pack(to.Epoch), timestamps, sequences, fromTimestamps, fromSequences)
	return tag.RowsAffected() == 1, err
}

// messageColumns are what messageRows are of.
var messageColumns = []string{
	"room", "timestamp", "epoch", "sequence", "bucket", "recalls", "recalled", "kept", "content",
}

// between returns those messages that are between two cursors, in order of time.
func between(from, to feed.Cursor, messages []*feed.Message) []*feed.Message {
	var all []*feed.Message
	for _, m := range messages {
		if m.Timestamp > from.At[m.Bucket].Timestamp && m.Timestamp <= to.At[m.Bucket].Timestamp {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b *feed.Message) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	return all
}

// messageRows returns the rows of messages, and the timestamps of what they recall.
func messageRows(
	id live.RoomID, life live.Epoch, messages []*feed.Message,
) (rows [][]any, recalls []int64, err error) {
	room, epoch := pack(id), pack(life)
	for _, m := range messages {
		content, kept, err := record.AppendContent([]byte{}, m.Content) // nil would be NULL
		if err != nil {
			return nil, nil, err
		}
		//nolint:gosec // counts and sizes that are far below
		rows = append(rows, []any{
			room, int64(m.Timestamp), epoch, int64(m.Sequence), int16(m.Bucket),
			int64(m.Recalls), m.Recalled, int32(kept), content,
		})
		if m.Recalls != 0 {
			recalls = append(recalls, int64(m.Recalls))
		}
	}
	return rows, recalls, nil
}

// keep writes messages of a life of a room's log, and takes away the contents of what they
// recall, and of what was recalled in another life already: a node that was stopped may come
// late with what it had read before.
func keep(
	ctx context.Context, tx pgx.Tx, id live.RoomID, epoch live.Epoch, rows [][]any, recalls []int64,
) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"messages"}, messageColumns, pgx.CopyFromRows(rows))
	if err != nil {
		return err
	}
	first, last := span(rows)
	if _, err := tx.Exec(ctx, statement("recall as other lives"), pack(id), pack(epoch), first, last); err != nil {
		return err
	}
	if len(recalls) == 0 {
		return nil
	}
	_, err = tx.Exec(ctx, statement("recall messages"), pack(id), recalls)
	return err
}

// span returns the least and the greatest timestamp of rows, of which there is one at least.
func span(rows [][]any) (first, last int64) {
	first = math.MaxInt64
	for _, row := range rows {
		at, _ := row[1].(int64)
		first, last = min(first, at), max(last, at)
	}
	return first, last
}

// History implements paired.Durable. Lives of a log share what one went on from: of
// messages with one timestamp it returns one.
func (s *Store) History(
	ctx context.Context, id live.RoomID, after, until live.Timestamp, limit int,
) (messages []*feed.Message, err error) {
	if until == 0 {
		until = math.MaxInt64
	}
	err = s.readOf(ctx, id, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, statement("history"), pack(id), int64(after), int64(until), limit)
		if err != nil {
			return err
		}
		messages, err = pgx.CollectRows(rows, messageRow)
		return err
	})
	return messages, err
}

// messageRow reads one message.
func messageRow(row pgx.CollectableRow) (*feed.Message, error) {
	var m feed.Message
	var sequence int64
	var content []byte
	err := row.Scan(&m.Timestamp, &sequence, &m.Bucket, &m.Recalls, &m.Recalled, &content)
	if err != nil {
		return nil, err
	}
	m.Sequence = uint64(sequence) //nolint:gosec // as it was written
	if m.Content, err = record.Content(content); err != nil {
		return nil, refuse(err)
	}
	return &m, nil
}
