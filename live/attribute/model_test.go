package attribute_test

import (
	"bytes"
	"maps"
	"reflect"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// state is every attribute by key, at one timestamp.
type state struct {
	at         live.Timestamp
	attributes map[string]attribute.Attribute
}

// all returns the attributes in order of key.
func (s state) all() []attribute.Attribute {
	list := []attribute.Attribute{}
	for _, key := range slices.Sorted(maps.Keys(s.attributes)) {
		list = append(list, s.attributes[key])
	}
	return list
}

// model is the oracle: the rules in their plainest form, over a history in which
// every state that the map ever stood at is kept whole.
type model struct {
	states []state
	// changes is all that ever were, in order.
	changes []attribute.Change
	// kept is the sizes of the updates that the log should still hold, the latest
	// last; all before them are trimmed.
	kept []int
}

func newModel() *model {
	return &model{states: []state{{attributes: map[string]attribute.Attribute{}}}}
}

// now returns the state that the map should be in.
func (m *model) now() state { return m.states[len(m.states)-1] }

// asOf returns the state that the map was in at a timestamp.
func (m *model) asOf(at live.Timestamp) state {
	past := m.states[0]
	for _, s := range m.states {
		if s.at <= at {
			past = s
		}
	}
	return past
}

// floor returns the earliest timestamp that the log should reach back to.
func (m *model) floor() live.Timestamp { return m.states[len(m.states)-1-len(m.kept)].at }

// after returns the changes later than a timestamp.
func (m *model) after(at live.Timestamp) []attribute.Change {
	later := []attribute.Change{}
	for _, c := range m.changes {
		if c.Attribute.Timestamp > at {
			later = append(later, c)
		}
	}
	return later
}

// commit moves the model to its next state.
func (m *model) commit(next map[string]attribute.Attribute, changes []attribute.Change, at live.Timestamp, log int) {
	m.states = append(m.states, state{at: at, attributes: next})
	m.changes = append(m.changes, changes...)
	m.kept = append(m.kept, len(changes))
	total := 0
	for _, size := range m.kept {
		total += size
	}
	for len(m.kept) > 0 && total > log {
		total -= m.kept[0]
		m.kept = m.kept[1:]
	}
}

// update returns what a batch should leave, at a timestamp, or how it should fail.
func (m *model) update(actor attribute.Actor, limits attribute.Limits, updates []attribute.Update, at live.Timestamp) (map[string]attribute.Attribute, error) {
	if !actor.Privileged && !limits.ViewersWrite {
		return nil, attribute.ErrReadOnly
	}
	for i, u := range updates {
		if slices.ContainsFunc(updates[:i], func(v attribute.Update) bool { return v.Key == u.Key }) {
			return nil, attribute.ErrDuplicateKey
		}
	}
	before, next, added := m.now().attributes, maps.Clone(m.now().attributes), ""
	for _, u := range updates {
		if err := refusal(before, actor, u); err != nil {
			return nil, err
		}
		if u.Delete {
			delete(next, u.Key)
			continue
		}
		a, err := outcome(before[u.Key], actor, u)
		if err != nil {
			return nil, err
		}
		old, exists := before[u.Key]
		a.Timestamp = old.Timestamp
		if exists && reflect.DeepEqual(a, old) {
			continue
		}
		if err := excess(a, exists, limits); err != nil {
			return nil, err
		}
		if !exists {
			added = u.Key
		}
		a.Timestamp = at
		next[u.Key] = a
	}
	if len(next) > len(before) && len(next) > limits.Keys {
		return nil, &attribute.LimitError{Key: added, Limit: attribute.LimitKeys, Max: limits.Keys}
	}
	return next, nil
}

// refusal returns why the actor may not touch the key.
func refusal(before map[string]attribute.Attribute, actor attribute.Actor, u attribute.Update) error {
	old, exists := before[u.Key]
	mine := actor.User != "" && old.Owner == actor.User
	switch {
	case u.IfTimestamp != nil && *u.IfTimestamp == 0 && exists,
		u.IfTimestamp != nil && *u.IfTimestamp != 0 && old.Timestamp != *u.IfTimestamp:
		return &attribute.ConflictError{Key: u.Key, Timestamp: old.Timestamp}
	case exists && !mine && !actor.Privileged:
		return &attribute.OwnedError{Key: u.Key, Owner: old.Owner}
	}
	return nil
}

// outcome returns the attribute that setting should leave.
func outcome(old attribute.Attribute, actor attribute.Actor, u attribute.Update) (attribute.Attribute, error) {
	a := attribute.Attribute{Key: u.Key, Value: bytes.Clone(u.Value)}
	if len(u.Value) == 0 {
		a.Value = nil
	}
	switch {
	case u.Own || !actor.Privileged:
		a.Owner, a.DeleteOnLeave = actor.User, u.DeleteOnLeave
		if actor.User == "" {
			return a, attribute.ErrOwnerless
		}
	case old.Owner != "":
		a.Owner, a.DeleteOnLeave = old.Owner, old.DeleteOnLeave || u.DeleteOnLeave
	case u.DeleteOnLeave:
		return a, attribute.ErrOwnerless
	}
	return a, nil
}

// excess returns which size is beyond the limits.
func excess(a attribute.Attribute, exists bool, limits attribute.Limits) error {
	switch {
	case !exists && len(a.Key) > limits.KeyBytes:
		return &attribute.LimitError{Key: a.Key, Limit: attribute.LimitKeyBytes, Max: limits.KeyBytes}
	case len(a.Value) > limits.ValueBytes:
		return &attribute.LimitError{Key: a.Key, Limit: attribute.LimitValueBytes, Max: limits.ValueBytes}
	}
	return nil
}

// leave returns what a user who leaves should leave behind.
func (m *model) leave(user live.UserID) map[string]attribute.Attribute {
	next := maps.Clone(m.now().attributes)
	maps.DeleteFunc(next, func(_ string, a attribute.Attribute) bool { return a.DeleteOnLeave && a.Owner == user })
	return next
}

// difference returns the changes that lead from one state to another at a
// timestamp, over keys in their order.
func difference(from, to map[string]attribute.Attribute, keys []string, at live.Timestamp) []attribute.Change {
	var list []attribute.Change
	for _, key := range keys {
		old, was := from[key]
		a, is := to[key]
		switch {
		case was && !is:
			list = append(list, attribute.Change{Attribute: attribute.Attribute{Key: key, Timestamp: at}, Deleted: true})
		case is && !reflect.DeepEqual(a, old):
			list = append(list, attribute.Change{Attribute: a})
		}
	}
	return list
}
