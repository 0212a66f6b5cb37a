package hub

import (
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// EndSessions ends the node's streams whose leases on sessions are lost, by room. Where a
// session was resumed elsewhere its viewer is there. Where it is gone the store has lost
// it, or could not be told for too long that it is alive: then many are, and none of them
// left, so their viewers are asked to come back, but for those who may be offline. Who did
// leave, or was sent away, is told so by the departure; should that be lost, they are asked to
// come back too, and a ban keeps out whom it keeps out. Where the room has ended its streams
// end with that, and not before.
func (h *Hub) EndSessions(lost map[live.RoomID][]store.Lost) {
	all := 0
	for _, some := range lost {
		all += len(some)
	}
	frames := lostFrames{
		replaced: wire.KickedFrame(wire.Replaced), offline: wire.KickedFrame(wire.Offline), again: wire.LostFrame(comeback(all)),
	}
	for id, some := range lost {
		if f := h.serving(id); f != nil {
			f.endLost(some, frames)
		}
	}
}

// lostFrames are the last of those whose leases are lost.
type lostFrames struct{ replaced, offline, again *wire.Frame }

// endLost is EndSessions for one room.
func (f *followed) endLost(lost []store.Lost, frames lostFrames) {
	resumed := make(map[store.Lease]bool, len(lost))
	for _, l := range lost {
		if l.Ended == nil {
			resumed[l.Lease] = l.Resumed
		}
	}
	f.crowd.each(func(s *Subscriber) {
		switch elsewhere, gone := resumed[store.LeaseOf(s.session)]; {
		case elsewhere:
			s.finish(Replaced, frames.replaced)
		case gone:
			s.lapse(frames)
		}
	})
}

// comeback returns over how long so many viewers come back who are told at once: as
// fast as those of a node that drains.
func comeback(viewers int) time.Duration {
	return max(leastJitter, time.Duration(viewers)*time.Second/drainRate)
}
