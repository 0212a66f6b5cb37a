package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/paired"
)

// lockBook locks all lists of a room, or of every room, and returns how many words they
// hold.
func lockBook(ctx context.Context, tx pgx.Tx, id live.RoomID) (count int, err error) {
	var revision store.WordsRevision
	lock := func() error {
		return tx.QueryRow(ctx, statement("lock book"), pack(id)).Scan(&count, &revision)
	}
	if err = lock(); !errors.Is(err, pgx.ErrNoRows) {
		return count, err
	}
	if _, err = tx.Exec(ctx, statement("add book"), pack(id)); err != nil {
		return 0, err
	}
	err = lock()
	return count, err
}

// PutWords implements store.Words.
func (s *Store) PutWords(ctx context.Context, id live.RoomID, c words.Change) (list words.Summary, err error) {
	err = s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := open(ctx, tx, id); err != nil {
			return err
		}
		count, err := lockBook(ctx, tx, id)
		if err != nil {
			return err
		}
		var now live.Timestamp
		if list, now, err = s.list(ctx, tx, id, c.List); err != nil {
			return err
		}
		before, err := concerned(ctx, tx, id, c)
		if err != nil {
			return err
		}
		after := c.Apply(before)
		grown := len(after) - len(before)
		if grown > 0 && count+grown > store.MaxWords {
			return refuse(&store.WordLimitError{Max: store.MaxWords})
		}
		if slices.Equal(after, before) {
			return nil
		}
		list.Words += grown
		list.Revision++
		list.Changed = max(now, list.Changed)
		return s.putWords(ctx, tx, list, difference(before, after), grown)
	})
	if err != nil {
		return words.Summary{}, err
	}
	return list, nil
}

// list reads a list, empty if it is not there, and the clock.
func (s *Store) list(
	ctx context.Context, tx pgx.Tx, id live.RoomID, name string,
) (words.Summary, live.Timestamp, error) {
	list := words.Summary{Room: id, ID: name}
	var count *int
	var revision *int64
	var changed *live.Timestamp
	var now live.Timestamp
	err := tx.QueryRow(ctx, statement("word list"), pack(id), pack(name), s.instant()).
		Scan(&count, &revision, &changed, &now)
	if err == nil && count != nil {
		list.Words, list.Revision, list.Changed = *count, *revision, *changed
	}
	return list, now, err
}

// concerned reads the words of a list that a change may change: those that it names, or
// all where they are replaced.
func concerned(ctx context.Context, tx pgx.Tx, id live.RoomID, c words.Change) ([]words.Word, error) {
	if c.Mode == words.Replace {
		return readWords(ctx, tx, statement("words of a list"), pack(id), pack(c.List))
	}
	texts := make([]string, len(c.Words))
	for i, w := range c.Words {
		texts[i] = pack(w.Text)
	}
	return readWords(ctx, tx, statement("named words of a list"), pack(id), pack(c.List), texts)
}

// wordRow reads one word.
func wordRow(row pgx.CollectableRow) (w words.Word, err error) {
	err = row.Scan(&w.Text, &w.Action, &w.Match)
	w.Text = unpack[string](w.Text)
	return w, err
}

// readWords reads words.
func readWords(ctx context.Context, q querier, sql string, args ...any) ([]words.Word, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, wordRow)
}

// rewording is what makes of a list another.
type rewording struct {
	gone, texts      []string // packed; those that go, and those that are put
	actions, matches []int16  // of texts
}

// difference returns what makes after of before; both are in order.
func difference(before, after []words.Word) (d rewording) {
	for _, w := range before {
		if _, stays := slices.BinarySearchFunc(after, w, words.ByText); !stays {
			d.gone = append(d.gone, pack(w.Text))
		}
	}
	for _, w := range after {
		if at, was := slices.BinarySearchFunc(before, w, words.ByText); was && before[at] == w {
			continue
		}
		d.texts = append(d.texts, pack(w.Text))
		d.actions = append(d.actions, int16(w.Action))
		d.matches = append(d.matches, int16(w.Match))
	}
	return d
}

// putWords writes a list that has changed.
func (s *Store) putWords(ctx context.Context, tx pgx.Tx, list words.Summary, d rewording, grown int) error {
	var batch pgx.Batch
	place, name := pack(list.Room), pack(list.ID)
	if len(d.gone) > 0 {
		batch.Queue(statement("drop words"), place, name, d.gone)
	}
	if len(d.texts) > 0 {
		batch.Queue(statement("put words"), place, name, d.texts, d.actions, d.matches)
	}
	if list.Words > 0 {
		batch.Queue(statement("put word list"), place, name, list.Words, list.Revision, int64(list.Changed))
	} else {
		batch.Queue(statement("drop word list"), place, name)
	}
	batch.Queue(statement("change book"), place, grown, s.instant())
	s.queueDebt(&batch, paired.OfWords, list.Room)
	return tx.SendBatch(ctx, &batch).Close()
}

// WordLists implements store.Words.
func (s *Store) WordLists(
	ctx context.Context, id live.RoomID, after string, limit int,
) (lists []words.Summary, err error) {
	err = s.readOf(ctx, id, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, statement("word lists"), pack(id), pack(after), limit)
		if err != nil {
			return err
		}
		lists, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (words.Summary, error) {
			list := words.Summary{Room: id}
			err := row.Scan(&list.ID, &list.Words, &list.Revision, &list.Changed)
			list.ID = unpack[string](list.ID)
			return list, err
		})
		return err
	})
	return lists, err
}

// readOf is read for what is of a room that must be there.
func (s *Store) readOf(ctx context.Context, id live.RoomID, f func(context.Context, querier) error) error {
	return s.read(ctx, func(ctx context.Context, q querier) error {
		if err := exists(ctx, q, id); err != nil {
			return err
		}
		return f(ctx, q)
	})
}

// WordsOf implements store.Words.
func (s *Store) WordsOf(
	ctx context.Context, id live.RoomID, list, after string, limit int,
) (all []words.Word, err error) {
	err = s.readOf(ctx, id, func(ctx context.Context, q querier) (err error) {
		all, err = readWords(ctx, q, statement("page of words"), pack(id), pack(list), pack(after), limit)
		return err
	})
	return all, err
}

// AllWords implements store.Words. The lists and the revision are of one instant.
func (s *Store) AllWords(
	ctx context.Context, id live.RoomID,
) (lists []words.List, revision store.WordsRevision, err error) {
	err = s.carry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		lists, revision = nil, 0
		if err := exists(ctx, tx, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, statement("all words"), pack(id))
		if err != nil {
			return err
		}
		var name string
		var w words.Word
		_, err = pgx.ForEachRow(rows, []any{&revision, &name, &w.Text, &w.Action, &w.Match}, func() error {
			name, w.Text = unpack[string](name), unpack[string](w.Text)
			if n := len(lists); n == 0 || lists[n-1].ID != name {
				lists = append(lists, words.List{ID: name})
			}
			last := &lists[len(lists)-1]
			last.Words = append(last.Words, w)
			return nil
		})
		return err
	})
	return lists, revision, err
}

// WordsRevision implements paired.Durable.
func (s *Store) WordsRevision(ctx context.Context, id live.RoomID) (revision store.WordsRevision, err error) {
	err = s.readOf(ctx, id, func(ctx context.Context, q querier) error {
		err := q.QueryRow(ctx, statement("words revision"), pack(id)).Scan(&revision)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return revision, err
}
