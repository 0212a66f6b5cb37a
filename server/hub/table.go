package hub

import (
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/wire"
)

// table is the rooms that a node follows.
type table struct {
	mu       sync.Mutex
	rooms    map[live.RoomID]*followed
	farewell *wire.Frame // set: no more subscribers, and what those that are there are told
	closed   bool        // not even to long polls
}

// hold finds a followed room, or adds what open makes, and counts one more user of
// it. It returns nil once the table is closed.
func (t *table) hold(id live.RoomID, open func() *followed) *followed {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	f, ok := t.rooms[id]
	if !ok {
		f = open()
		t.rooms[id] = f
	}
	f.users++
	f.holds++
	return f
}

// release counts one user less. If the room is left without any it says so, and how
// often it had been held until then.
func (t *table) release(f *followed) (holds uint64, idle bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.users--
	return f.holds, f.users == 0
}

// drop removes a room that nobody has held since it had been held so often, and says
// whether it did.
func (t *table) drop(f *followed, holds uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.users > 0 || f.holds != holds || t.rooms[f.id] != f {
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
func (t *table) drain(farewell *wire.Frame) []*followed {
	t.mu.Lock()
	t.farewell = farewell
	t.mu.Unlock()
	return t.all()
}

// drained returns what to tell subscribers if the table is closed to new ones, else
// nil.
func (t *table) drained() *wire.Frame {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.farewell
}

// close closes the table to everyone.
func (t *table) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
}
