package attribute

import "github.com/ovation-live/ovation/live"

// Replica is a reader's copy of a map: exactly what the map was at the replica's
// timestamp. It keeps the value bytes that it is given and does not copy them. It
// is not safe for concurrent use.
type Replica struct {
	timestamp  live.Timestamp
	attributes map[string]Attribute
}

// NewReplica returns the copy of a map that never changed: empty, at timestamp 0.
func NewReplica() *Replica {
	return &Replica{attributes: map[string]Attribute{}}
}

// Timestamp returns where the replica stands; it is what to pull after.
func (r *Replica) Timestamp() live.Timestamp { return r.timestamp }

// Apply brings the replica through changes, all of them or none. Changes that it
// has already seen change nothing and are well: they may come late or twice. False:
// the changes do not continue the replica, which stays as it is; pull.
func (r *Replica) Apply(c Changes) bool {
	if c.Timestamp <= r.timestamp {
		return true
	}
	if c.After != r.timestamp {
		return false
	}
	for _, change := range c.List {
		r.apply(change)
	}
	r.timestamp = c.Timestamp
	return true
}

// apply brings the replica through one change.
func (r *Replica) apply(c Change) {
	if c.Deleted {
		delete(r.attributes, c.Attribute.Key)
		return
	}
	r.attributes[c.Attribute.Key] = c.Attribute
}

// Reset makes the replica a copy of the snapshot, which must be of a whole map.
// It does so wherever the replica stands: another epoch may begin at an earlier
// timestamp. Within one epoch, a reader with several pulls under way drops a
// snapshot that is older than the replica.
func (r *Replica) Reset(s Snapshot) {
	attributes := make(map[string]Attribute, len(s.Attributes))
	for _, a := range s.Attributes {
		attributes[a.Key] = a
	}
	r.timestamp, r.attributes = s.Timestamp, attributes
}

// Get returns the attribute of a key, if there is one.
func (r *Replica) Get(key string) (Attribute, bool) {
	a, ok := r.attributes[key]
	return a, ok
}

// All returns every attribute in order of key, in a slice that is the caller's.
func (r *Replica) All() []Attribute { return sortedByKey(r.attributes) }
