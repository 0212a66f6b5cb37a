package ovation

import (
	"sync"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// mirror is the copy of a room's attributes and the epoch that it belongs to. It is
// safe for concurrent use.
type mirror struct {
	mu      sync.RWMutex
	replica *attribute.Replica
	epoch   string // empty: whatever the copy holds, it is to be read anew
}

// attributePlace is a place in the log of attributes.
type attributePlace struct {
	after int64
	epoch string // empty: before everything
}

func newMirror() *mirror { return &mirror{replica: attribute.NewReplica()} }

// stand returns where the copy is: what to pull after.
func (m *mirror) stand() attributePlace {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.epoch == "" {
		return attributePlace{}
	}
	return attributePlace{int64(m.replica.Timestamp()), m.epoch}
}

// behind says whether the room's attributes are further than the copy.
func (m *mirror) behind(heads *ovationv1.Heads) bool {
	at := m.stand()
	if head := heads.GetCursor().GetEpoch(); head != at.epoch {
		return head != ""
	}
	return heads.GetAttributesTimestamp() > at.after
}

// giveUp has the copy read anew. Until then it stays readable as it is.
func (m *mirror) giveUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch = ""
}

// apply brings the copy through changes of an epoch and returns what is new in them,
// nil for nothing. False: they do not continue it.
func (m *mirror) apply(changes *ovationv1.AttributeChanges, epoch string) (*AttributesChanged, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch != m.epoch {
		return nil, false
	}
	before, run := m.replica.Timestamp(), changesOf(changes)
	if !m.replica.Apply(run) {
		return nil, false
	}
	if m.replica.Timestamp() == before {
		return nil, true
	}
	return &AttributesChanged{Changes: run.List, Timestamp: run.Timestamp}, true
}

// answered takes the answer to a pull that was made from a place, and returns what is
// new in it, nil for nothing. False: it does not continue the copy.
func (m *mirror) answered(pulled *ovationv1.PullAttributesResponse, epoch string) (*AttributesChanged, bool) {
	if snapshot := pulled.GetSnapshot(); snapshot != nil {
		return m.reset(snapshot, pulled.GetEpoch()), true
	}
	if epoch == "" {
		return m.rebuild(pulled.GetChanges(), pulled.GetEpoch())
	}
	return m.apply(pulled.GetChanges(), pulled.GetEpoch())
}

// rebuild replaces the copy by changes that begin with the empty map.
func (m *mirror) rebuild(changes *ovationv1.AttributeChanges, epoch string) (*AttributesChanged, bool) {
	replica := attribute.NewReplica()
	if !replica.Apply(changesOf(changes)) {
		return nil, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.replica, m.epoch = replica, epoch
	return &AttributesChanged{Reset: true, Timestamp: replica.Timestamp()}, true
}

// reset replaces the copy, unless the snapshot is an older one of the same epoch: nil.
func (m *mirror) reset(snapshot *ovationv1.AttributeSnapshot, epoch string) *AttributesChanged {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := live.Timestamp(snapshot.GetTimestamp())
	if epoch == m.epoch && at < m.replica.Timestamp() {
		return nil
	}
	m.replica.Reset(snapshotOf(snapshot))
	m.epoch = epoch
	return &AttributesChanged{Reset: true, Timestamp: at}
}

// all returns every attribute in order of key.
func (m *mirror) all() []attribute.Attribute {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.replica.All()
}

// get returns one attribute.
func (m *mirror) get(key string) (attribute.Attribute, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.replica.Get(key)
}

func changesOf(in *ovationv1.AttributeChanges) attribute.Changes {
	out := attribute.Changes{
		After:     live.Timestamp(in.GetAfter()),
		Timestamp: live.Timestamp(in.GetTimestamp()),
		List:      make([]attribute.Change, 0, len(in.GetChanges())),
	}
	for _, c := range in.GetChanges() {
		out.List = append(out.List, attribute.Change{Attribute: attributeOf(c.GetAttribute()), Deleted: c.GetDeleted()})
	}
	return out
}

func snapshotOf(in *ovationv1.AttributeSnapshot) attribute.Snapshot {
	out := attribute.Snapshot{Timestamp: live.Timestamp(in.GetTimestamp())}
	for _, a := range in.GetAttributes() {
		out.Attributes = append(out.Attributes, attributeOf(a))
	}
	return out
}

func attributeOf(in *ovationv1.Attribute) attribute.Attribute {
	return attribute.Attribute{
		Key:           in.GetKey(),
		Value:         in.GetValue(),
		Timestamp:     live.Timestamp(in.GetTimestamp()),
		Owner:         live.UserID(in.GetOwnerId()),
		DeleteOnLeave: in.GetDeleteOnLeave(),
	}
}
