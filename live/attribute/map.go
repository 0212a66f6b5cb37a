package attribute

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// Map is a room's attributes and the log of their latest changes. It is not safe
// for concurrent use, its reading methods included (a snapshot is kept for the next
// reader): a room's map lives under the room's lock. What it handed out may be read
// without.
type Map struct {
	timestamp  live.Timestamp
	attributes map[string]Attribute
	departures departures
	log        changeLog
	// sorted is the attributes in order of key; nil since they last changed.
	sorted []Attribute
}

// NewMap returns an empty map at timestamp 0.
func NewMap() *Map {
	return &Map{attributes: map[string]Attribute{}, departures: departures{}}
}

// Restore returns the map that a snapshot was taken of, which must be of a whole one.
// Its log begins where the snapshot is.
func Restore(s Snapshot) *Map {
	m := &Map{
		timestamp:  s.Timestamp,
		attributes: make(map[string]Attribute, len(s.Attributes)),
		departures: departures{},
		log:        changeLog{floor: s.Timestamp},
	}
	for _, a := range s.Attributes {
		m.apply(Change{Attribute: a})
	}
	return m
}

// Timestamp returns when the map last changed; 0: never.
func (m *Map) Timestamp() live.Timestamp { return m.timestamp }

// Commit applies a plan at a room timestamp, trims the log to limits.Log changes
// and returns the step that it was, ready for every replica that stands at the
// timestamp before. An empty plan leaves the map where it is, and its step goes
// nowhere.
//
// It panics if another commit came after the plan, or if the timestamp is not
// later than the map's: either would leave replicas wrong without their knowing.
func (m *Map) Commit(p Plan, at live.Timestamp, limits Limits) Changes {
	step := Changes{After: m.timestamp, Timestamp: m.timestamp}
	if p.Empty() {
		return step
	}
	if p.base != m.timestamp {
		panic(fmt.Sprintf("attribute: plan of timestamp %d committed at %d", p.base, m.timestamp))
	}
	if at <= m.timestamp {
		panic(fmt.Sprintf("attribute: commit at timestamp %d after %d", at, m.timestamp))
	}
	step.List, step.Timestamp = m.log.append(p.changes, at), at
	m.advance(step, limits)
	return step
}

// Apply brings the map through changes that were committed to it elsewhere, all of them
// or none, and trims the log to limits.Log changes. Changes that it has already seen
// change nothing and are well. False: the changes do not continue the map, which stays
// as it is.
func (m *Map) Apply(c Changes, limits Limits) bool {
	if c.Timestamp <= m.timestamp {
		return true
	}
	if c.After != m.timestamp {
		return false
	}
	m.log.extend(c.List)
	m.advance(c, limits)
	return true
}

// advance brings the map through changes that are in its log.
func (m *Map) advance(c Changes, limits Limits) {
	for _, change := range c.List {
		m.apply(change)
	}
	m.timestamp, m.sorted = c.Timestamp, nil
	m.log.trim(limits.Log)
}

// apply brings the set and its index through one change.
func (m *Map) apply(c Change) {
	key := c.Attribute.Key
	m.departures.remove(m.attributes[key])
	if c.Deleted {
		delete(m.attributes, key)
		return
	}
	m.attributes[key] = c.Attribute
	m.departures.add(c.Attribute)
}

// Leave plans what happens when a user has left the room: the keys that they own
// with DeleteOnLeave are deleted, in order of key. It takes time in their number
// alone.
func (m *Map) Leave(user live.UserID) Plan {
	keys := m.departures.of(user)
	changes := make([]Change, len(keys))
	for i, key := range keys {
		changes[i] = deletion(key)
	}
	return m.planOf(changes)
}

// Since returns the changes after a timestamp, which need not be one that the map
// ever stood at; the result's After is the timestamp asked for. False: the log
// does not reach back that far, or the timestamp is later than the map's; take a
// Snapshot. Nothing is copied.
func (m *Map) Since(after live.Timestamp) (Changes, bool) {
	if after > m.timestamp {
		return Changes{}, false
	}
	list, ok := m.log.since(after)
	if !ok {
		return Changes{}, false
	}
	return Changes{List: list, After: after, Timestamp: m.timestamp}, true
}

// Snapshot returns the whole map. It is made once for each timestamp, however many
// ask.
func (m *Map) Snapshot() Snapshot {
	if m.sorted == nil {
		m.sorted = sortedByKey(m.attributes)
	}
	return Snapshot{Attributes: m.sorted, Timestamp: m.timestamp}
}

// Get returns those of the keys that are there, each once, or the whole map if no
// keys are given.
func (m *Map) Get(keys []string) Snapshot {
	if len(keys) == 0 {
		return m.Snapshot()
	}
	found := make([]Attribute, 0, len(keys))
	for _, key := range slices.Compact(slices.Sorted(slices.Values(keys))) {
		if a, ok := m.attributes[key]; ok {
			found = append(found, a)
		}
	}
	return Snapshot{Attributes: found, Timestamp: m.timestamp}
}

// sortedByKey returns the attributes in order of key, in a slice of exactly their
// number.
func sortedByKey(attributes map[string]Attribute) []Attribute {
	sorted := slices.AppendSeq(make([]Attribute, 0, len(attributes)), maps.Values(attributes))
	slices.SortFunc(sorted, func(a, b Attribute) int { return cmp.Compare(a.Key, b.Key) })
	return sorted
}
