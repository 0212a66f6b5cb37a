// Package room holds what a live room is: its facts, its settings, and the rules
// for changing them. It is pure; values are not changed once they are shared.
package room

import (
	"maps"

	"github.com/ovation-live/ovation/live"
)

// State says whether a room is open.
type State uint8

// The states of a room.
const (
	StateAny State = iota
	Live
	Ended
)

// Room is a live room.
type Room struct {
	ID       live.RoomID
	Title    string
	Host     live.UserID
	State    State
	Settings Settings
	Labels   map[string]string
	Revision int64 // counts changes, from 1
	Created  live.Timestamp
	Ended    live.Timestamp // 0 while it is live
}

// Change is a change to a room: what is nil stays.
type Change struct {
	Title    *string
	Settings SettingsChange
	Labels   map[string]string // an empty value removes the label
}

// Apply returns the room after a change, at its next revision, or the room as it
// was and why the change cannot be. The room itself is not changed.
func (r Room) Apply(c Change) (Room, error) {
	settings, err := r.Settings.Apply(c.Settings)
	if err != nil {
		return r, err
	}
	labels := mergeLabels(r.Labels, c.Labels)
	if len(labels) > MaxLabels {
		return r, ErrTooManyLabels
	}
	r.Settings, r.Labels = settings, labels
	set(&r.Title, c.Title)
	r.Revision++
	return r, nil
}

// End returns the room ended at t. An ended room stays as it is.
func (r Room) End(t live.Timestamp) Room {
	if r.State == Ended {
		return r
	}
	r.State, r.Ended = Ended, t
	r.Revision++
	return r
}

// mergeLabels returns a new map of labels with changes applied.
func mergeLabels(labels, changes map[string]string) map[string]string {
	if len(changes) == 0 {
		return labels
	}
	merged := maps.Clone(labels)
	if merged == nil {
		merged = make(map[string]string, len(changes))
	}
	for k, v := range changes {
		if v == "" {
			delete(merged, k)
		} else {
			merged[k] = v
		}
	}
	return merged
}
