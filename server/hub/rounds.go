package hub

import (
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/wire"
)

const (
	// keptRounds is how many rounds a subscriber may lag and still take the shared
	// frames.
	keptRounds = 16
	// keptControls is how many control frames are kept for subscribers that lag.
	keptControls = 16
)

// round is what everyone who was up to date gets.
type round struct {
	frame  *wire.Frame
	cursor feed.Cursor // after it
}

// rounds holds the latest rounds, numbered from 1. It is guarded by followed.mu.
type rounds struct {
	kept       [keptRounds]round
	last       uint64
	cursor     feed.Cursor    // after the last
	attributes live.Timestamp // told by the last
}

// push adds a round.
func (r *rounds) push(frame *wire.Frame, cursor feed.Cursor) {
	r.last++
	r.kept[r.last%keptRounds] = round{frame, cursor}
	r.cursor = cursor
}

// get returns round n if it is still held.
func (r *rounds) get(n uint64) (round, bool) {
	if n == 0 || n > r.last || n+keptRounds <= r.last {
		return round{}, false
	}
	return r.kept[n%keptRounds], true
}

// controls holds the latest control frames, numbered from 1. It is guarded by
// followed.mu. A subscriber so far behind that the oldest are gone has missed states
// that later frames replace.
type controls struct {
	kept [keptControls]*wire.Frame
	last uint64
}

// push adds a control frame.
func (c *controls) push(frame *wire.Frame) {
	c.last++
	c.kept[c.last%keptControls] = frame
}

// since appends the frames held after number n.
func (c *controls) since(n uint64, frames []*wire.Frame) []*wire.Frame {
	if c.last > keptControls {
		n = max(n, c.last-keptControls)
	}
	for n++; n <= c.last; n++ {
		frames = append(frames, c.kept[n%keptControls])
	}
	return frames
}
