package hub

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
)

// linger is how long a room is followed after its last subscriber has gone.
const linger = 10 * time.Second

// follow holds a room, following it if nobody did, and waits until its replica is
// there. The caller gives it back with release.
func (h *Hub) follow(ctx context.Context, id live.RoomID) (*followed, error) {
	f := h.table.hold(id, func() *followed {
		f := newFollowed(h, id)
		h.rooms.Go(f.run)
		return f
	})
	if f == nil {
		return nil, ErrDraining
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
	if holds, idle := h.table.release(f); idle {
		time.AfterFunc(linger, func() {
			if h.table.drop(f, holds) {
				f.stop()
			}
		})
	}
}

// serving returns the room's replica if it is there to be read.
func (h *Hub) serving(id live.RoomID) *followed {
	if f := h.table.get(id); f != nil && f.isOpen() {
		return f
	}
	return nil
}
