package attribute

import (
	"cmp"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// changeLog is the latest changes of a map, in order. Its array is only ever
// appended to and abandoned, never rewritten: runs of it are handed out as they
// are. What was trimmed is freed when the array next grows, so a steady log holds
// about twice what it shows at most. The zero value is an empty log that reaches back
// to timestamp 0.
type changeLog struct {
	changes []Change
	// floor is the timestamp of the last update that was trimmed: only a reader
	// who stands there or later can be continued.
	floor live.Timestamp
}

// append adds the changes of one update and returns them as they stand in the log,
// with its timestamp.
func (l *changeLog) append(changes []Change, at live.Timestamp) []Change {
	start := len(l.changes)
	l.changes = append(l.changes, changes...)
	for i := start; i < len(l.changes); i++ {
		l.changes[i].Attribute.Timestamp = at
	}
	return slices.Clip(l.changes[start:])
}

// extend appends changes that have their timestamps.
func (l *changeLog) extend(changes []Change) { l.changes = append(l.changes, changes...) }

// trim drops the oldest updates, whole, until no more than capacity changes are
// left.
func (l *changeLog) trim(capacity int) {
	excess := len(l.changes) - max(capacity, 0)
	if excess <= 0 {
		return
	}
	l.floor = l.changes[excess-1].Attribute.Timestamp
	l.changes = l.changes[l.firstAfter(l.floor):]
}

// since returns all changes later than a timestamp; false: some of them may have
// been trimmed.
func (l *changeLog) since(after live.Timestamp) ([]Change, bool) {
	if after < l.floor {
		return nil, false
	}
	return slices.Clip(l.changes[l.firstAfter(after):]), true
}

// firstAfter returns the index of the first change later than a timestamp, which is
// always the first of an update.
func (l *changeLog) firstAfter(after live.Timestamp) int {
	i, _ := slices.BinarySearchFunc(l.changes, after+1, func(c Change, t live.Timestamp) int {
		return cmp.Compare(c.Attribute.Timestamp, t)
	})
	return i
}
