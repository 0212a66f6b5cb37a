package redis

import (
	"cmp"
	"slices"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
)

// The flags of an entry.
const (
	flagDeleted = 1 // it is a deletion
	flagGoes    = 2 // it goes with its owner
)

// packChange packs a change as scripts take it: an entry without its timestamp.
func packChange(c attribute.Change) string {
	a := c.Attribute
	b := make([]byte, 1, 9+len(a.Key)+len(a.Owner)+len(a.Value))
	switch {
	case c.Deleted:
		b[0] = flagDeleted
	case a.DeleteOnLeave:
		b[0] = flagGoes
	}
	b = appendLength(appendLength(b, len(a.Key)), len(a.Owner))
	b = append(append(b, a.Key...), a.Owner...)
	return string(append(b, a.Value...))
}

// decodeChange reads an entry: a change, or what is kept of a key.
func decodeChange(b []byte) (attribute.Change, error) {
	p := packed{rest: b}
	a := attribute.Attribute{Timestamp: live.Timestamp(p.number(8))} //nolint:gosec // as it was written
	flags, key, owner := p.number(1), p.number(4), p.number(4)
	a.Key, a.Owner = p.text(key), live.UserID(p.text(owner))
	if len(p.rest) > 0 {
		a.Value = append([]byte(nil), p.rest...)
	}
	a.DeleteOnLeave = flags == flagGoes
	return attribute.Change{Attribute: a, Deleted: flags == flagDeleted}, p.err()
}

// decodeChanges reads what is published of changes, after its first byte.
func decodeChanges(b []byte) (*attribute.Changes, error) {
	p := packed{rest: b}
	c := &attribute.Changes{
		After:     live.Timestamp(p.number(8)), //nolint:gosec // as it was written
		Timestamp: live.Timestamp(p.number(8)), //nolint:gosec // as it was written
	}
	for n := p.number(4); n > 0 && !p.short; n-- {
		change, err := decodeChange(p.take(p.number(4)))
		if err != nil {
			return nil, err
		}
		c.List = append(c.List, change)
	}
	return c, p.end()
}

// decodeAttributes reads what a script answers to bring a map from after to the present.
func decodeAttributes(answer []rueidis.RedisMessage, after live.Timestamp) (store.AttributeDelta, error) {
	a := fieldsOf(answer)
	epoch, at := live.Epoch(a.text()), live.Timestamp(a.number())
	continued, entries := a.text() == "1", a.list()
	list := make([]attribute.Change, len(entries))
	for i, entry := range entries {
		change, err := decodeChange(entry)
		a.err = cmp.Or(a.err, err)
		list[i] = change
	}
	if a.err != nil {
		return store.AttributeDelta{}, a.err
	}
	if continued {
		return store.AttributeDelta{Epoch: epoch, Changes: &attribute.Changes{List: list, After: after, Timestamp: at}}, nil
	}
	return store.AttributeDelta{Epoch: epoch, Snapshot: snapshotOf(list, at)}, nil
}

// snapshotOf returns the map of what is kept of its keys, in any order.
func snapshotOf(entries []attribute.Change, at live.Timestamp) *attribute.Snapshot {
	all := make([]attribute.Attribute, len(entries))
	for i, entry := range entries {
		all[i] = entry.Attribute
	}
	slices.SortFunc(all, func(a, b attribute.Attribute) int { return cmp.Compare(a.Key, b.Key) })
	return &attribute.Snapshot{Attributes: all, Timestamp: at}
}
