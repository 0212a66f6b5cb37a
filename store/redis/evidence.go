package redis

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/rueidis"
	"golang.org/x/sync/errgroup"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

var sealSlot = load("slot", "seal")

// noteName returns what a note is of: of the same name the earliest counts.
func noteName(n quiz.Note) string {
	b := append(make([]byte, 0, 5+len(n.User)+len(n.ID)), byte(n.Kind))
	if n.Kind == quiz.Granted {
		b = append(appendLength(b, len(n.User)), n.User...)
		return rueidis.BinaryString(append(b, n.ID...))
	}
	return rueidis.BinaryString(append(b, n.User...))
}

// packNote returns what else a note says.
func packNote(n quiz.Note) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 12+len(n.Session)), uint64(n.At)) //nolint:gosec // not negative
	switch n.Kind {
	case quiz.Delivered:
		b = append(b, n.Session...)
	case quiz.Granted:
		b = appendLength(b, n.Count)
	case quiz.Entered, quiz.Revive:
	}
	return rueidis.BinaryString(b)
}

// Seal implements store.Answers.
func (s *Store) Seal(ctx context.Context, slot quiz.Slot) (store.SlotLife, []quiz.Evidence, error) {
	code, list, err := s.runSlot(ctx, sealSlot, slot, decimal(s.config.PutAgain.Microseconds()))
	if err != nil {
		return "", nil, err
	}
	if err := slotRefusal(code); err != nil {
		return "", nil, err
	}
	f := fieldsOf(list)
	life := store.SlotLife(f.text())
	answers, notes := int(f.number()), int(f.number())
	if f.err != nil {
		return "", nil, f.err
	}
	evidence, err := s.collect(ctx, slot, answers, notes)
	return life, evidence, err
}

// collect reads what is in a sealed slot.
func (s *Store) collect(ctx context.Context, slot quiz.Slot, answers, notes int) ([]quiz.Evidence, error) {
	keys := s.shardKeysOf(slot.Ref, slot.Shard)
	var given, noted map[string]string
	reading, ctx := errgroup.WithContext(ctx)
	reading.Go(func() (err error) {
		given, err = s.scan(ctx, keys.answers(slot.Question), answers)
		return err
	})
	reading.Go(func() (err error) {
		noted, err = s.scan(ctx, keys.notes(slot.Question), notes)
		return err
	})
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	all := make(evidenceOf, max(len(given), len(noted)))
	for user, b := range given {
		if err := all.answer(live.UserID(user), b); err != nil {
			return nil, err
		}
	}
	for name, b := range noted {
		if err := all.note(name, b); err != nil {
			return nil, err
		}
	}
	return all.sorted(), nil
}

const (
	// scanAtOnce is about how many fields are read at once: others wait for it.
	scanAtOnce = 1000
	// scans is how often a hash is read until it is complete.
	scans = 3
)

// errIncomplete says that a hash was not read whole.
var errIncomplete = errors.New("what was sealed could not be read whole")

// scan reads a hash of so many fields that does not change. In the midst of it another
// process may take over, where fields have other places; then it is read again.
func (s *Store) scan(ctx context.Context, key string, fields int) (all map[string]string, err error) {
	for range scans {
		all = make(map[string]string, fields)
		for cursor, begun := uint64(0), false; cursor > 0 || !begun; begun = true {
			if fields == 0 {
				return all, nil
			}
			if cursor, err = s.scanOn(ctx, key, cursor, all); err != nil {
				return nil, err
			}
		}
		if len(all) == fields {
			return all, nil
		}
	}
	return nil, unavailable(errIncomplete)
}

// scanOn reads some fields and returns where to go on, 0 at the end.
func (s *Store) scanOn(ctx context.Context, key string, cursor uint64, all map[string]string) (uint64, error) {
	var page rueidis.ScanEntry
	err := s.reachKey(ctx, key, func(ctx context.Context) (err error) {
		command := s.client.B().Hscan().Key(key).Cursor(cursor).Count(scanAtOnce).Build()
		page, err = s.client.Do(ctx, command).AsScanEntry()
		return err
	})
	if err != nil {
		return 0, err
	}
	for pair := range slices.Chunk(page.Elements, 2) {
		if len(pair) != 2 {
			return 0, errMalformed
		}
		all[pair[0]] = pair[1]
	}
	return page.Cursor, nil
}

// evidenceOf is what a slot has of each user.
type evidenceOf map[live.UserID]*quiz.Evidence

// of returns what there is of a user.
func (all evidenceOf) of(user live.UserID) *quiz.Evidence {
	e := all[user]
	if e == nil {
		e = &quiz.Evidence{User: user}
		all[user] = e
	}
	return e
}

// answer takes an answer.
func (all evidenceOf) answer(user live.UserID, value string) error {
	p, e := packed{rest: []byte(value)}, all.of(user)
	e.Option = quiz.Option(p.number(1)) //nolint:gosec // of one byte
	e.Received, e.Stored = p.instant(), p.instant()
	return p.end()
}

// note takes a note.
func (all evidenceOf) note(name, value string) error {
	of, p := packed{rest: []byte(name)}, packed{rest: []byte(value)}
	kind, at := quiz.NoteKind(of.number(1)), p.instant() //nolint:gosec // of one byte
	switch kind {
	case quiz.Entered:
		all.of(live.UserID(of.rest)).Entered = at
	case quiz.Revive:
		all.of(live.UserID(of.rest)).Revived = at
	case quiz.Delivered:
		e := all.of(live.UserID(of.rest))
		e.Delivered, e.Session = at, live.SessionID(p.text(uint64(len(p.rest))))
	case quiz.Granted:
		user := live.UserID(of.text(of.number(4)))
		grant := quiz.Grant{ID: string(of.rest), At: at, Count: int(p.number(4))} //nolint:gosec // of four bytes
		e := all.of(user)
		e.Grants = append(e.Grants, grant)
	default:
		return fmt.Errorf("%w: a note of the kind %d", errMalformed, kind)
	}
	return firstOf(of.err(), p.end())
}

// sorted returns all in order of user, and grants in order of their ids.
func (all evidenceOf) sorted() []quiz.Evidence {
	list := make([]quiz.Evidence, 0, len(all))
	for _, e := range all {
		slices.SortFunc(e.Grants, func(a, b quiz.Grant) int { return cmp.Compare(a.ID, b.ID) })
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b quiz.Evidence) int { return cmp.Compare(a.User, b.User) })
	return list
}
