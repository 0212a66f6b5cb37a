package hub_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
)

// recorder is a Writer that keeps what it is given, and can be made to block or fail.
type recorder struct {
	mu     sync.Mutex
	frames []*wire.Frame
	err    error
	gate   chan struct{} // each frame waits for one, while set
}

// WriteFrames implements hub.Writer.
func (w *recorder) WriteFrames(frames ...*wire.Frame) error {
	for _, f := range frames {
		if err := w.write(f); err != nil {
			return err
		}
	}
	return nil
}

func (w *recorder) write(f *wire.Frame) error {
	w.mu.Lock()
	gate := w.gate
	w.mu.Unlock()
	if gate != nil {
		<-gate
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frames = append(w.frames, f)
	return w.err
}

// written returns the frames so far.
func (w *recorder) written() []*wire.Frame {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.frames)
}

// serve serves a seat until the stream ends; ended yields why.
func (v *seat) serve(ctx context.Context, w hub.Writer) (ended <-chan error) {
	done := make(chan error, 1)
	go func() { done <- v.hub.Serve(ctx, v.sub, v.bell, w) }()
	return done
}

func TestAllWhoAreUpToDateGetTheSameFrame(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		ctx, cancel := context.WithCancel(context.Background())
		var writers []*recorder
		for i := range 20 {
			v := s.seat(userNumber(i), hub.Inline, feed.Cursor{})
			defer v.leave()
			writers = append(writers, new(recorder))
			v.serve(ctx, writers[i])
		}
		passing(time.Second)
		for i := range 5 {
			s.say(feed.Low, fmt.Sprint("m", i))
			passing(time.Second)
		}
		first := writers[0].written()
		if got := len(first); got != 6 { // the first is its own: where it stands
			s.Fatalf("%d frames", got)
		}
		for _, w := range writers[1:] {
			if got := w.written(); !slices.Equal(got[1:], first[1:]) {
				s.Fatalf("not the same frames: %v and %v", got, first)
			}
		}
		cancel()
		synctest.Wait()
	})
}

func TestStalledReaderHoldsNothingAndDelaysNobody(t *testing.T) {
	t.Parallel()
	play(t, func(r *room.Settings) { r.Feed.Capacity, r.PullLimit = 50, 1000 }, func(s *stage) {
		ctx, cancel := context.WithCancel(context.Background())
		slow, fast := s.seat("slow", hub.Inline, feed.Cursor{}), s.seat("fast", hub.Inline, feed.Cursor{})
		defer slow.leave()
		defer fast.leave()
		gate := make(chan struct{})
		blocked, free := &recorder{gate: gate}, new(recorder)
		slow.serve(ctx, blocked)
		fast.serve(ctx, free)
		passing(time.Second)
		gate <- struct{}{} // where it stands

		freed := new(atomic.Bool)
		s.say(feed.Low, "taken by the blocked writer")
		passing(time.Second)
		for i := range 100 {
			s.say(feed.Low, fmt.Sprint(i))
			passing(time.Second)
			if got := free.written(); i == 20 && len(got) > 0 {
				runtime.AddCleanup(got[len(got)-1], func(freed *atomic.Bool) { freed.Store(true) }, freed)
			}
			if got := len(free.written()); got != 3+i {
				s.Fatalf("%d frames for who keeps up after %d rounds", got, 2+i)
			}
		}
		free.mu.Lock()
		free.frames = nil
		free.mu.Unlock()
		collected(s, freed)

		gate <- struct{}{}
		gate <- struct{}{}
		passing(time.Second)
		got := blocked.written()
		batch := decoded(s, got[len(got)-1]).GetBatch().GetBatch()
		if n := len(batch.GetMessages()); len(got) != 3 || n != 50 || batch.GetDropped().GetLow() != 50 || batch.GetMore() {
			s.Fatalf("on waking it got %d frames, the last with %d messages, dropped %v", len(got), n, batch.GetDropped())
		}
		cancel()
		synctest.Wait()
	})
}

// collected fails unless something is given back to the collector. Cleanups run outside
// of the bubble, so there is nothing to wait for but the collector itself.
func collected(s *stage, freed *atomic.Bool) {
	s.Helper()
	for range 1000 {
		if runtime.GC(); freed.Load() {
			return
		}
		runtime.Gosched()
	}
	s.Fatalf("a round is retained while one reader stalls")
}

func TestServeEndsWithItsWriter(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Inline, feed.Cursor{})
		defer v.leave()
		broken := errors.New("broken pipe")
		if err := <-v.serve(context.Background(), &recorder{err: broken}); !errors.Is(err, broken) {
			s.Fatalf("Serve: %v", err)
		}
	})
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		ctx, cancel := context.WithCancelCause(context.Background())
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		w := new(recorder)
		ended := v.serve(ctx, w)
		passing(15 * time.Second)
		s.say(feed.Low, "this puts the heartbeat off")
		passing(19 * time.Second)
		if got := len(w.written()); got != 1 {
			s.Fatalf("%d frames before the first heartbeat", got)
		}
		passing(21 * time.Second)
		got := w.written()
		if len(got) != 3 {
			s.Fatalf("%d frames after two heartbeats", len(got))
		}
		beat := decoded(s, got[2]).GetHeartbeat()
		if beat.GetHeads().GetCursor().GetLowSequence() != 1 || beat.GetServerAt() == 0 {
			s.Fatalf("heartbeat %v", beat)
		}
		gone := errors.New("gone")
		cancel(gone)
		if err := <-ended; !errors.Is(err, gone) {
			s.Fatalf("Serve: %v", err)
		}
	})
}
