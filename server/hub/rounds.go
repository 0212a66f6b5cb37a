package hub

import (
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/wire"
)

const (
	// keptRounds is how many rounds a subscriber may lag and still take the shared
	// frames.
	keptRounds = 16
	// roundLimit is how many messages a shared frame carries at most: as many as one
	// pull ever returns. It is encoded once, so the size of the room does not matter.
	roundLimit = 1000
)

// shared is what a room's subscribers read without a lock: the latest rounds and
// control frames. It is immutable; a change is a copy of it, put in place under
// followed.mu.
type shared struct {
	kept     [keptRounds]round
	last     uint64      // the number of the latest round; they count from 1
	cursor   feed.Cursor // after it
	controls controls
	shows    *shows // nil: nothing is
}

// round is what everyone who was up to date gets.
type round struct {
	frame  *wire.Frame
	cursor feed.Cursor // after it
}

// push adds a round to a copy that is being made.
func (s *shared) push(frame *wire.Frame, cursor feed.Cursor) {
	s.last++
	s.kept[s.last%keptRounds] = round{frame, cursor}
	s.cursor = cursor
}

// get returns round n if it is still held.
func (s *shared) get(n uint64) (round, bool) {
	if n == 0 || n > s.last || s.lost(n) {
		return round{}, false
	}
	return s.kept[n%keptRounds], true
}

// lost says whether round n is no longer held.
func (s *shared) lost(n uint64) bool { return n+keptRounds <= s.last }

// control is a kind of control frame. Of each only the latest is kept: it replaces
// those before it.
type control uint8

// The kinds.
const (
	roomUpdated control = iota
	counters
	giftCounters
	controlKinds
)

// controls holds the latest control frame of each kind, numbered in the order in
// which they came, from 1.
type controls struct {
	kept [controlKinds]struct {
		frame  *wire.Frame
		number uint64
	}
	last uint64
}

// put replaces the frame of a kind.
func (c *controls) put(kind control, frame *wire.Frame) {
	c.last++
	c.kept[kind].frame, c.kept[kind].number = frame, c.last
}

// since appends the frames that came after number n, in order.
func (c *controls) since(n uint64, frames []*wire.Frame) []*wire.Frame {
	for n < c.last {
		next := c.kept[0]
		for _, k := range c.kept[1:] {
			if k.number > n && (next.number <= n || k.number < next.number) {
				next = k
			}
		}
		frames, n = append(frames, next.frame), next.number
	}
	return frames
}
