package attribute

import (
	"maps"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// departures knows the keys that go with each user who leaves, so that a leave
// (there are as many as viewers) need not search the map (where few of them have
// anything).
type departures map[live.UserID]map[string]struct{}

// add notes an attribute, if it goes with its owner.
func (d departures) add(a Attribute) {
	if !a.DeleteOnLeave {
		return
	}
	if d[a.Owner] == nil {
		d[a.Owner] = map[string]struct{}{}
	}
	d[a.Owner][a.Key] = struct{}{}
}

// remove forgets an attribute; one that was never noted is fine.
func (d departures) remove(a Attribute) {
	if !a.DeleteOnLeave {
		return
	}
	delete(d[a.Owner], a.Key)
	if len(d[a.Owner]) == 0 {
		delete(d, a.Owner)
	}
}

// of returns the keys that go with a user, in order.
func (d departures) of(user live.UserID) []string {
	return slices.Sorted(maps.Keys(d[user]))
}
