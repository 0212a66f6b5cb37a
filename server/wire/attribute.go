package wire

import (
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// Attribute converts an attribute.
func Attribute(a attribute.Attribute) *ovationv1.Attribute {
	return &ovationv1.Attribute{
		Key:           a.Key,
		Value:         a.Value,
		Timestamp:     int64(a.Timestamp),
		OwnerId:       string(a.Owner),
		DeleteOnLeave: a.DeleteOnLeave,
	}
}

// AttributeChanges converts a run of changes.
func AttributeChanges(c attribute.Changes) *ovationv1.AttributeChanges {
	out := &ovationv1.AttributeChanges{
		Changes:   make([]*ovationv1.AttributeChange, len(c.List)),
		After:     int64(c.After),
		Timestamp: int64(c.Timestamp),
	}
	for i, change := range c.List {
		out.Changes[i] = &ovationv1.AttributeChange{Attribute: Attribute(change.Attribute), Deleted: change.Deleted}
	}
	return out
}

// AttributeSnapshot converts a snapshot.
func AttributeSnapshot(s attribute.Snapshot, epoch live.Epoch) *ovationv1.AttributeSnapshot {
	out := &ovationv1.AttributeSnapshot{
		Attributes: make([]*ovationv1.Attribute, len(s.Attributes)),
		Timestamp:  int64(s.Timestamp),
		Epoch:      string(epoch),
	}
	for i, a := range s.Attributes {
		out.Attributes[i] = Attribute(a)
	}
	return out
}

// AttributeUpdates converts updates.
func AttributeUpdates(us []*ovationv1.AttributeUpdate) []attribute.Update {
	out := make([]attribute.Update, len(us))
	for i, u := range us {
		out[i] = attribute.Update{
			Key:           u.GetKey(),
			Value:         u.GetValue(),
			Delete:        u.GetDelete(),
			IfTimestamp:   (*live.Timestamp)(u.IfTimestamp),
			Own:           u.GetOwn(),
			DeleteOnLeave: u.GetDeleteOnLeave(),
		}
	}
	return out
}
