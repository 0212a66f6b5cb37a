package storetest

import (
	"reflect"
	"slices"

	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
)

// sameRoom says whether two rooms are equal, where nil is as good as empty.
func sameRoom(a, b room.Room) bool {
	for _, r := range []*room.Room{&a, &b} {
		if len(r.Labels) == 0 {
			r.Labels = nil
		}
		if len(r.Settings.Rules) == 0 {
			r.Settings.Rules = nil
		}
	}
	return reflect.DeepEqual(a, b)
}

// sameMessage says whether two messages are equal, where nil is as good as empty.
func sameMessage(a, b *feed.Message) bool {
	if a == nil || b == nil {
		return a == b
	}
	c, d := *a, *b
	for _, m := range []*feed.Message{&c, &d} {
		if len(m.Payload) == 0 {
			m.Payload = nil
		}
	}
	return reflect.DeepEqual(c, d)
}

func sameMessages(a, b []*feed.Message) bool { return slices.EqualFunc(a, b, sameMessage) }

// sameBatch says whether two batches are equal.
func sameBatch(a, b feed.Batch) bool {
	return sameMessages(a.Messages, b.Messages) && a.Cursor == b.Cursor && a.Dropped == b.Dropped &&
		a.More == b.More && a.Resync == b.Resync
}

// sameAttributes says whether two lists of attributes are equal.
func sameAttributes(a, b []attribute.Attribute) bool {
	return slices.EqualFunc(a, b, func(a, b attribute.Attribute) bool { return reflect.DeepEqual(a, b) })
}

// sameChanges says whether two runs of changes are equal.
func sameChanges(a, b attribute.Changes) bool {
	return a.After == b.After && a.Timestamp == b.Timestamp &&
		slices.EqualFunc(a.List, b.List, func(a, b attribute.Change) bool { return reflect.DeepEqual(a, b) })
}
