package hub

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/server/wire"
)

// Writer writes frames to one subscriber, in order. WriteFrames may block for as long as
// the connection does; what it costs then is this subscriber's alone. It keeps nothing of
// the slice.
type Writer interface {
	WriteFrames(frames ...*wire.Frame) error
}

// Bell is a Waker to wait on.
type Bell chan struct{}

// NewBell returns a bell that nobody has rung.
func NewBell() Bell { return make(Bell, 1) }

// Wake implements Waker.
func (b Bell) Wake() { signal(b) }

// Serve writes a subscriber's frames as they come, and heartbeats when none do, until
// the stream's last frame is written (nil), ctx is done, or w fails. It waits for
// nothing but the bell, which the end of ctx and the heartbeat's timer ring too: to wait
// for one channel is the cheapest there is, in time and on the stack.
func (h *Hub) Serve(ctx context.Context, s *Subscriber, bell Bell, w Writer) error {
	defer context.AfterFunc(ctx, bell.Wake)()
	silence := newSilence(h.config.Heartbeat, bell)
	defer silence.end()
	var frames []*wire.Frame
	for ; ; <-bell {
		for more := true; more; {
			var done bool
			frames, done = s.Next(frames[:0])
			if err := h.write(w, frames); err != nil || done {
				return err
			}
			if more = len(frames) > 0; more {
				clear(frames)
				silence.broken()
			}
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case silence.over():
			if err := w.WriteFrames(s.Heartbeat()); err != nil {
				return err
			}
		}
	}
}

// write writes and counts frames, if there are any.
func (h *Hub) write(w Writer, frames []*wire.Frame) error {
	if len(frames) == 0 {
		return nil
	}
	err := w.WriteFrames(frames...)
	if err == nil {
		h.config.Metrics.frames.Add(float64(len(frames)))
	}
	return err
}

// silence tells when nothing was written for too long. To break it costs no timer: that
// goes off now and then, and rings the bell for someone to look.
type silence struct {
	most  time.Duration
	since time.Time
	timer *time.Timer
	look  atomic.Bool // the timer has gone off
}

func newSilence(most time.Duration, bell Bell) *silence {
	s := &silence{most: most, since: time.Now()}
	s.timer = time.AfterFunc(most, func() {
		s.look.Store(true)
		bell.Wake()
	})
	return s
}

// broken notes that something was written.
func (s *silence) broken() { s.since = time.Now() }

// over says whether the silence has lasted for too long. Then another begins.
func (s *silence) over() bool {
	if !s.look.Swap(false) {
		return false
	}
	left := s.most - time.Since(s.since)
	if left > 0 {
		s.timer.Reset(left)
		return false
	}
	s.broken()
	s.timer.Reset(s.most)
	return true
}

func (s *silence) end() { s.timer.Stop() }
