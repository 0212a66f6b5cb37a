package hub

import (
	"context"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
)

// table is the rooms that a node follows.
type table struct {
	mu       sync.Mutex
	rooms    map[live.RoomID]*followed
	draining bool
}

// hold finds a followed room, or adds what open makes, and counts one more user of
// it.
func (t *table) hold(id live.RoomID, open func() *followed) (f *followed, opened bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, ok := t.rooms[id]
	if !ok {
		f = open()
		t.rooms[id] = f
	}
	f.users++
	return f, !ok
}

// release counts one user less and says whether the room is left without any.
func (t *table) release(f *followed) (idle bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.users--
	return f.users == 0
}

// drop removes a room that has no users, and says whether it did.
func (t *table) drop(f *followed) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.users > 0 || t.rooms[f.id] != f {
		return false
	}
	delete(t.rooms, f.id)
	return true
}

// forget removes a room that could not be opened, so that the next user tries anew.
func (t *table) forget(f *followed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rooms[f.id] == f {
		delete(t.rooms, f.id)
	}
}

// get finds a followed room without holding it.
func (t *table) get(id live.RoomID) *followed {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rooms[id]
}

// all returns the followed rooms.
func (t *table) all() []*followed {
	t.mu.Lock()
	defer t.mu.Unlock()
	rooms := make([]*followed, 0, len(t.rooms))
	for _, f := range t.rooms {
		rooms = append(rooms, f)
	}
	return rooms
}

// drain closes the table to new subscribers and returns the rooms.
func (t *table) drain() []*followed {
	t.mu.Lock()
	t.draining = true
	t.mu.Unlock()
	return t.all()
}

// closed says whether the table is closed to new subscribers.
func (t *table) closed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.draining
}

// follow holds a room, following it if nobody did, and waits until its replica is
// there. The caller gives it back with release.
func (h *Hub) follow(ctx context.Context, id live.RoomID) (*followed, error) {
	f, opened := h.table.hold(id, func() *followed { return newFollowed(h, id) })
	if opened {
		h.rooms.Go(f.run)
	}
	select {
	case <-f.opened:
		if f.err != nil {
			h.table.release(f)
			return nil, f.err
		}
		return f, nil
	case <-ctx.Done():
		h.release(f)
		return nil, context.Cause(ctx)
	}
}

// release gives a followed room back. The last to do so leaves it to linger a while,
// in case somebody comes.
func (h *Hub) release(f *followed) {
	if h.table.release(f) {
		time.AfterFunc(h.config.Linger, func() {
			if h.table.drop(f) {
				f.stop()
			}
		})
	}
}

// serving returns the room's replica if it is there to be read.
func (h *Hub) serving(id live.RoomID) *followed {
	f := h.table.get(id)
	if f == nil {
		return nil
	}
	select {
	case <-f.opened:
		if f.err == nil {
			return f
		}
	default:
	}
	return nil
}
