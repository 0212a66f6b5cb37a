package hub

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/server/wire"
)

// Writer writes frames to one subscriber. WriteFrame may block for as long as the
// connection does; what it costs then is this subscriber's alone.
type Writer interface {
	WriteFrame(frame *wire.Frame) error
}

// Bell is a Waker to wait on.
type Bell chan struct{}

// NewBell returns a bell that nobody has rung.
func NewBell() Bell { return make(Bell, 1) }

// Wake implements Waker.
func (b Bell) Wake() { signal(b) }

// Serve writes a subscriber's frames as they come, and heartbeats when none do, until
// the stream's last frame is written (nil), ctx is done, or w fails.
func (h *Hub) Serve(ctx context.Context, s *Subscriber, bell Bell, w Writer) error {
	heartbeat := time.NewTimer(h.config.Heartbeat)
	defer heartbeat.Stop()
	var frames []*wire.Frame
	for {
		var done bool
		frames, done = s.Next(frames[:0])
		for _, frame := range frames {
			if err := w.WriteFrame(frame); err != nil {
				return err
			}
			h.Wrote(frame)
		}
		switch {
		case done:
			return nil
		case len(frames) > 0:
			clear(frames)
			heartbeat.Reset(h.config.Heartbeat)
			continue
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-bell:
		case <-heartbeat.C:
			beat := s.Heartbeat()
			if err := w.WriteFrame(beat); err != nil {
				return err
			}
			h.Wrote(beat)
			heartbeat.Reset(h.config.Heartbeat)
		}
	}
}
