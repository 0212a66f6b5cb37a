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
	pulse := newPulse(h.config.Heartbeat, bell)
	defer pulse.stop()
	var frames []*wire.Frame
	for ; ; <-bell {
		for more := true; more; {
			var done bool
			frames, done = s.Next(frames[:0])
			if err := h.write(w, frames); err != nil || done {
				return err
			}
			more = len(frames) > 0
			clear(frames)
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case pulse.due(s):
			if err := h.write(w, append(frames, s.Heartbeat())); err != nil {
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
		h.Wrote(frames...)
	}
	return err
}

// pulse tells when a stream is due a heartbeat. What is written in between costs it
// nothing: its timer goes off now and then, and rings the bell for someone to look.
type pulse struct {
	every time.Duration
	last  time.Time // of the heartbeats, or the beginning
	timer *time.Timer
	look  atomic.Bool // the timer has gone off
}

func newPulse(every time.Duration, bell Bell) *pulse {
	p := &pulse{every: every, last: time.Now()}
	p.timer = time.AfterFunc(every, func() {
		p.look.Store(true)
		bell.Wake()
	})
	return p
}

// due says whether the stream of a subscriber was silent for so long, and then counts on
// a heartbeat being written.
func (p *pulse) due(s *Subscriber) bool {
	if !p.look.Swap(false) {
		return false
	}
	since, told, now := p.last, s.quietSince().Time(), time.Now()
	if told.After(since) && !told.After(now) { // else the clock was put back since
		since = told
	}
	if left := p.every - now.Sub(since); left > 0 {
		p.timer.Reset(left)
		return false
	}
	p.last = now
	p.timer.Reset(p.every)
	return true
}

func (p *pulse) stop() { p.timer.Stop() }
