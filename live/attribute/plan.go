package attribute

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// Plan is an update that was decided and not yet committed. It holds for the map
// that made it, until that map's next commit. The zero Plan changes nothing.
type Plan struct {
	base    live.Timestamp
	changes []Change
}

// Empty says whether committing the plan would change nothing: no timestamp is
// needed then.
func (p Plan) Empty() bool { return len(p.changes) == 0 }

// Changes returns what the plan would change, in the batch's order and still without
// timestamps. Shared: read only.
func (p Plan) Changes() []Change { return p.changes }

// Leaving returns whose leaving will delete keys that the plan sets, in order. They
// should be there: who is not there does not leave.
func (p Plan) Leaving() (users []live.UserID) {
	for _, c := range p.changes {
		if c.Attribute.DeleteOnLeave {
			users = append(users, c.Attribute.Owner)
		}
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// Plan decides a batch without applying it: all of it or nothing. What would
// change nothing (deleting an absent key, setting a key to what it is) is not part
// of the plan. The values are copied.
//
// Errors: ErrReadOnly, ErrDuplicateKey, then update by update *ConflictError,
// *OwnedError, ErrOwnerless or *LimitError, and *LimitError for the number of keys
// that the whole batch would leave.
func (m *Map) Plan(actor Actor, limits Limits, updates []Update) (Plan, error) {
	if !actor.Privileged && !limits.ViewersWrite {
		return Plan{}, ErrReadOnly
	}
	if err := checkDistinct(updates); err != nil {
		return Plan{}, err
	}
	changes := make([]Change, 0, len(updates))
	for _, u := range updates {
		c, changed, err := m.decide(actor, limits, u)
		if err != nil {
			return Plan{}, err
		}
		if changed {
			changes = append(changes, c)
		}
	}
	if err := m.checkGrowth(limits, changes); err != nil {
		return Plan{}, err
	}
	return m.planOf(changes), nil
}

// planOf returns the plan of changes to the map as it stands.
func (m *Map) planOf(changes []Change) Plan {
	return Plan{base: m.timestamp, changes: slices.Clip(changes)}
}

// decide returns the change that one update makes, and whether it makes any.
func (m *Map) decide(actor Actor, limits Limits, u Update) (Change, bool, error) {
	old, exists := m.attributes[u.Key]
	if u.IfTimestamp != nil && *u.IfTimestamp != old.Timestamp {
		return Change{}, false, &ConflictError{Key: u.Key, Timestamp: old.Timestamp}
	}
	if exists && !actor.Privileged && !actor.owns(old) {
		return Change{}, false, &OwnedError{Key: u.Key, Owner: old.Owner}
	}
	if u.Delete {
		return deletion(u.Key), exists, nil
	}
	next, err := successor(actor, old, u)
	if err != nil || exists && same(old, next) {
		return Change{}, false, err
	}
	if err := checkSize(limits, next, exists); err != nil {
		return Change{}, false, err
	}
	next.Value = frozen(next.Value)
	return Change{Attribute: next}, true, nil
}

// successor returns what setting makes of an attribute (of the zero one, where the
// key is new), still with the update's own bytes and no timestamp.
func successor(actor Actor, old Attribute, u Update) (Attribute, error) {
	next := Attribute{Key: u.Key, Value: u.Value, Owner: old.Owner, DeleteOnLeave: old.DeleteOnLeave || u.DeleteOnLeave}
	owning := u.Own || !actor.Privileged
	if owning {
		next.Owner, next.DeleteOnLeave = actor.User, u.DeleteOnLeave
	}
	if next.Owner == "" && (owning || next.DeleteOnLeave) {
		return Attribute{}, fmt.Errorf("%w: %q", ErrOwnerless, u.Key)
	}
	return next, nil
}

// deletion returns the change that removes key, without a timestamp.
func deletion(key string) Change {
	return Change{Attribute: Attribute{Key: key}, Deleted: true}
}

// same says whether two states of one key differ in nothing but the timestamp.
func same(a, b Attribute) bool {
	return a.Owner == b.Owner && a.DeleteOnLeave == b.DeleteOnLeave && bytes.Equal(a.Value, b.Value)
}

// frozen returns a copy of value that nobody else holds; nil when empty.
func frozen(value []byte) []byte {
	if len(value) == 0 {
		return nil
	}
	return append(make([]byte, 0, len(value)), value...)
}

// checkDistinct returns an error if a key is there twice.
func checkDistinct(updates []Update) error {
	seen := make(map[string]struct{}, len(updates))
	for _, u := range updates {
		if _, twice := seen[u.Key]; twice {
			return fmt.Errorf("%w: %q", ErrDuplicateKey, u.Key)
		}
		seen[u.Key] = struct{}{}
	}
	return nil
}

// checkSize returns an error if the value, or a key that is new, is too long.
func checkSize(limits Limits, next Attribute, exists bool) error {
	if !exists && len(next.Key) > limits.KeyBytes {
		return &LimitError{Key: next.Key, Limit: LimitKeyBytes, Max: limits.KeyBytes}
	}
	if len(next.Value) > limits.ValueBytes {
		return &LimitError{Key: next.Key, Limit: LimitValueBytes, Max: limits.ValueBytes}
	}
	return nil
}

// checkGrowth returns an error if the changes would leave more keys than there are
// and than there may be.
func (m *Map) checkGrowth(limits Limits, changes []Change) error {
	growth, last := 0, ""
	for _, c := range changes {
		if c.Deleted {
			growth--
		} else if _, exists := m.attributes[c.Attribute.Key]; !exists {
			growth++
			last = c.Attribute.Key
		}
	}
	if growth > 0 && len(m.attributes)+growth > limits.Keys {
		return &LimitError{Key: last, Limit: LimitKeys, Max: limits.Keys}
	}
	return nil
}
