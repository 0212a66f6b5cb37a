package redis

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/rueidis"

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
	code, list, err := s.runSlot(ctx, sealSlot, slot, s.putAgain())
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

// putAgain is how long nodes have to put again what was lost, as scripts take it.
func (s *Store) putAgain() string { return decimal(s.config.PutAgain.Microseconds()) }

// collect reads what is in a sealed slot.
func (s *Store) collect(ctx context.Context, slot quiz.Slot, answers, notes int) ([]quiz.Evidence, error) {
	keys, c := s.shardKeysOf(slot.Ref, slot.Shard), newCollection(max(answers, notes/2))
	if err := s.scan(ctx, keys.answers(slot.Question), answers, c.answer); err != nil {
		return nil, err
	}
	if err := s.scan(ctx, keys.notes(slot.Question), notes, c.note); err != nil {
		return nil, err
	}
	return c.sorted(), nil
}

// EvidenceOf implements store.Answers.
func (s *Store) EvidenceOf(
	ctx context.Context, slot quiz.Slot, sealed bool, users []live.UserID,
) (store.SlotLife, []quiz.Evidence, error) {
	args := make([]string, 0, 2+len(users))
	args = append(args, s.putAgain(), truth(sealed))
	for _, user := range users {
		args = append(args, string(user))
	}
	code, list, err := s.runSlot(ctx, evidenceOf, slot, args...)
	if err := firstOf(err, slotRefusal(code)); err != nil {
		return "", nil, err
	}
	f := fieldsOf(list)
	life := store.SlotLife(f.text())
	c := newCollection(len(users))
	all := make([]quiz.Evidence, len(users))
	for i, user := range users {
		all[i].User = user
		if f.err == nil {
			f.err = c.held(user, f)
			all[i] = *c.of(user)
		}
	}
	return life, all, f.err
}

// collection is what a slot has of each user.
type collection struct {
	list  []quiz.Evidence
	index map[live.UserID]int
}

// held takes what the script evidence says of a user.
func (c *collection) held(user live.UserID, f *answer) error {
	if given := f.text(); given != "" {
		if _, err := c.answer(string(user), given); err != nil {
			return err
		}
	}
	for _, kind := range []quiz.NoteKind{quiz.Entered, quiz.Delivered, quiz.Revive} {
		if said := f.text(); said != "" {
			if _, err := c.note(noteName(quiz.Note{Kind: kind, User: user}), said); err != nil {
				return err
			}
		}
	}
	return f.err
}

const (
	// scanAtOnce is about how many fields are read at once: others wait for it.
	scanAtOnce = 1000
	// scans is how often a hash is read until it is complete.
	scans = 3
)

// errIncomplete says that a hash was not read whole.
var errIncomplete = errors.New("what was sealed could not be read whole")

// scan hands every field of a hash that does not change to take, which says whether it is
// new: some may come again. In the midst of it another process may take over, where fields
// have other places; then what is missing is looked for once more.
func (s *Store) scan(
	ctx context.Context, key string, fields int, take func(field, value string) (fresh bool, err error),
) error {
	for range scans {
		if fields == 0 {
			return nil
		}
		for cursor, begun := uint64(0), false; cursor > 0 || !begun; begun = true {
			page, err := s.page(ctx, key, cursor)
			if err != nil {
				return err
			}
			for i := 1; i < len(page.Elements); i += 2 {
				fresh, err := take(page.Elements[i-1], page.Elements[i])
				if err != nil {
					return err
				}
				if fresh {
					fields--
				}
			}
			cursor = page.Cursor
		}
	}
	if fields != 0 {
		return unavailable(errIncomplete)
	}
	return nil
}

// page reads some fields of a hash, and where to go on, 0 at the end.
func (s *Store) page(ctx context.Context, key string, cursor uint64) (page rueidis.ScanEntry, err error) {
	err = s.reachKey(ctx, key, func(ctx context.Context) (err error) {
		command := s.client.B().Hscan().Key(key).Cursor(cursor).Count(scanAtOnce).Build()
		page, err = s.client.Do(ctx, command).AsScanEntry()
		return err
	})
	return page, err
}

func newCollection(users int) *collection {
	return &collection{make([]quiz.Evidence, 0, users), make(map[live.UserID]int, users)}
}

// of returns what there is of a user.
func (c *collection) of(user live.UserID) *quiz.Evidence {
	at, known := c.index[user]
	if !known {
		at = len(c.list)
		c.index[user] = at
		c.list = append(c.list, quiz.Evidence{User: user})
	}
	return &c.list[at]
}

// instantOf reads the instant that something begins with; the caller has seen that it is
// long enough.
func instantOf(packed string) live.Timestamp {
	var b [8]byte
	copy(b[:], packed)
	return live.Timestamp(binary.BigEndian.Uint64(b[:])) //nolint:gosec // as it was written
}

// answer takes an answer, and says whether it is new.
func (c *collection) answer(user, value string) (fresh bool, err error) {
	if len(value) != answerLength+8 {
		return false, fmt.Errorf("%w: an answer of %d bytes", errMalformed, len(value))
	}
	e := c.of(live.UserID(user))
	fresh = e.Option == 0
	e.Option, e.Received, e.Stored = quiz.Option(value[0]), instantOf(value[1:]), instantOf(value[answerLength:])
	return fresh, nil
}

// note takes a note, and says whether it is new.
func (c *collection) note(name, value string) (fresh bool, err error) {
	if name == "" || len(value) < 8 {
		return false, fmt.Errorf("%w: a note of %d bytes", errMalformed, len(value))
	}
	kind, of, at := quiz.NoteKind(name[0]), name[1:], instantOf(value)
	switch kind {
	case quiz.Entered:
		return note(&c.of(live.UserID(of)).Entered, at), nil
	case quiz.Revive:
		return note(&c.of(live.UserID(of)).Revived, at), nil
	case quiz.Delivered:
		e := c.of(live.UserID(of))
		e.Session = live.SessionID(value[8:])
		return note(&e.Delivered, at), nil
	case quiz.Granted:
		return c.grant(of, at, value[8:])
	default:
		return false, fmt.Errorf("%w: a note of the kind %d", errMalformed, kind)
	}
}

// note notes an instant, and says whether there was none.
func note(known *live.Timestamp, at live.Timestamp) (fresh bool) {
	fresh = *known == 0
	*known = at
	return fresh
}

// grant takes a grant, and says whether it is new.
func (c *collection) grant(of string, at live.Timestamp, rest string) (fresh bool, err error) {
	name, count := packed{rest: []byte(of)}, packed{rest: []byte(rest)}
	user := live.UserID(name.text(name.number(4)))
	g := quiz.Grant{ID: string(name.rest), At: at, Count: int(count.number(4))} //nolint:gosec // of four bytes
	if err := firstOf(name.err(), count.end()); err != nil {
		return false, err
	}
	e := c.of(user)
	if slices.Contains(e.Grants, g) {
		return false, nil
	}
	e.Grants = append(e.Grants, g)
	return true, nil
}

// sorted returns all in order of user, and grants in order of their ids.
func (c *collection) sorted() []quiz.Evidence {
	order := make([]int, len(c.list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, k int) int { return cmp.Compare(c.list[i].User, c.list[k].User) })
	list := make([]quiz.Evidence, len(order))
	for i, at := range order {
		list[i] = c.list[at]
		slices.SortFunc(list[i].Grants, func(a, b quiz.Grant) int { return cmp.Compare(a.ID, b.ID) })
	}
	return list
}
