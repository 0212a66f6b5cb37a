package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
)

// mapsKept is of how many rooms a node keeps a copy of the map of attributes.
const mapsKept = 1024

// errWaited says that a batch waited too long for those before it.
var errWaited = errors.New("batches before this one take too long")

// mapCopies is this node's copies of maps of attributes: those of the rooms that were
// asked for last.
type mapCopies struct {
	mu   sync.Mutex
	kept *simplelru.LRU[live.RoomID, *mapCopy]
}

func newMapCopies() *mapCopies {
	kept, err := simplelru.NewLRU[live.RoomID, *mapCopy](mapsKept, nil)
	if err != nil {
		panic(err) // of a size that is not one
	}
	return &mapCopies{kept: kept}
}

// of returns the copy of a room's map, which may be none yet. Whoever holds one that is
// kept no longer may go on with it: another of the room has to be read first.
func (all *mapCopies) of(id live.RoomID) *mapCopy {
	all.mu.Lock()
	defer all.mu.Unlock()
	r, ok := all.kept.Get(id)
	if !ok {
		r = &mapCopy{turn: make(chan struct{}, 1)}
		all.kept.Add(id, r)
	}
	return r
}

// mapCopy is a copy of a room's map, as of some place in its log. The store that keeps it
// is never behind what it did itself: either the copy has that, or it is marked.
type mapCopy struct {
	turn chan struct{} // holds one while somebody updates; taken before mu

	mu    sync.Mutex
	epoch live.Epoch
	m     *attribute.Map // nil: none
	marks int            // how often this store changed the room without the copy
	stale bool           // marked since it was brought to the present
}

// place is where a copy was.
type place struct {
	epoch live.Epoch // "": nowhere
	at    live.Timestamp
	marks int
}

// take waits for its turn to update.
func (r *mapCopy) take(ctx context.Context, patience <-chan time.Time) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-patience:
		return unavailable(errWaited)
	}
}

// release lets the next one update.
func (r *mapCopy) release() { <-r.turn }

// place returns where the copy is.
func (r *mapCopy) place() place {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		return place{marks: r.marks}
	}
	return place{r.epoch, r.m.Timestamp(), r.marks}
}

// plan plans a batch on the copy, and says where that is. On none it plans nothing: no
// place is "", so the plan does not count.
func (r *mapCopy) plan(b batch) (place, attribute.Plan, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		return place{marks: r.marks}, attribute.Plan{}, nil
	}
	plan, err := r.m.Plan(b.Actor, b.Limits, b.Updates)
	return place{r.epoch, r.m.Timestamp(), r.marks}, plan, err
}

// committed brings the copy through a plan that was committed from a place. If it has
// been brought there by others meanwhile, it has the plan already.
func (r *mapCopy) committed(from place, plan attribute.Plan, at live.Timestamp) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m != nil && r.epoch == from.epoch && r.m.Timestamp() == from.at {
		r.m.Commit(plan, at, attribute.Limits{}) // no log: it is in Redis
	}
}

// adopt brings the copy to the present by what was read from a place on. It does not if
// this store has changed the room meanwhile, or if the copy is of another life now: then
// what was read may be older than that.
func (r *mapCopy) adopt(from place, delta store.AttributeDelta) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.marks != from.marks || r.m != nil && r.epoch != from.epoch && r.epoch != delta.Epoch {
		return false
	}
	if delta.Changes != nil && !r.follow(delta) {
		return false
	}
	if delta.Snapshot != nil && (r.m == nil || r.epoch != delta.Epoch || r.m.Timestamp() < delta.Snapshot.Timestamp) {
		r.epoch, r.m = delta.Epoch, attribute.Restore(*delta.Snapshot)
	}
	r.stale = false
	return true
}

// follow applies changes, if they continue the copy. The caller holds r.mu.
func (r *mapCopy) follow(delta store.AttributeDelta) bool {
	return r.m != nil && r.epoch == delta.Epoch && r.m.Apply(*delta.Changes, attribute.Limits{})
}

// get returns the keys named, or all, if the copy is not behind a place.
func (r *mapCopy) get(epoch live.Epoch, at live.Timestamp, keys []string) (store.AttributeDelta, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil || r.stale || r.epoch != epoch || r.m.Timestamp() < at {
		return store.AttributeDelta{}, false
	}
	snapshot := r.m.Get(keys)
	return store.AttributeDelta{Epoch: epoch, Snapshot: &snapshot}, true
}

// mark notes that this store has changed the room's map, and not by way of the copy.
func (r *mapCopy) mark() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marks++
	r.stale = true
}
