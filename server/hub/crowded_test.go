package hub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// account is a Writer that checks that what the cursor moves over is what it is given
// and what it is told is lost.
type account struct {
	t      *testing.T
	cursor feed.Cursor
	low    atomic.Uint64
}

// WriteFrames implements hub.Writer.
func (a *account) WriteFrames(frames ...*wire.Frame) error {
	for _, f := range frames {
		if err := a.take(f); err != nil {
			return err
		}
	}
	return nil
}

func (a *account) take(f *wire.Frame) error {
	b := decoded(a.t, f).GetBatch().GetBatch()
	if b == nil {
		return nil
	}
	to := wire.CursorFrom(b.GetCursor())
	moved := to.At[feed.Low].Sequence - a.cursor.At[feed.Low].Sequence
	if known := a.cursor != (feed.Cursor{}); known && moved != uint64(len(b.GetMessages()))+b.GetDropped().GetLow() {
		a.t.Errorf("moved over %d with %d messages, %v lost", moved, len(b.GetMessages()), b.GetDropped())
	}
	a.cursor = to
	a.low.Store(to.At[feed.Low].Sequence)
	return nil
}

// TestManyAtOnce has viewers come, go and resume, pull and poll, while many speak over
// a bus that loses, all of it truly at once.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	const messages = 2000
	s := newStage(t, roomWith(func(r *room.Settings) { r.Feed.Capacity, r.RoundInterval = 200, time.Millisecond }))
	defer s.hub.Close()
	var heard atomic.Uint64
	s.store.fate = func(store.Publication) int { return int(min(1, heard.Add(1)%13)) }
	var speakers, viewers sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for i := range 8 {
		viewers.Go(func() { comeAndGo(ctx, s, i, messages) })
		viewers.Go(func() {
			var c feed.Cursor
			for c.At[feed.Low].Sequence < messages && ctx.Err() == nil {
				pulled, err := s.hub.Pull(ctx, hub.Pull{Room: theRoom, User: userNumber(i), Cursor: c, Wait: time.Duration(i%2) * time.Second})
				if err != nil || pulled.Batch.Resync {
					t.Errorf("Pull from %v: %+v, %v", c, pulled, err)
				}
				c = pulled.Batch.Cursor
			}
		})
	}
	for range 4 {
		speakers.Go(func() {
			for i := range messages / 4 {
				s.say(feed.Low, fmt.Sprint(i))
				if i%50 == 0 {
					s.setAttribute("k", fmt.Sprint(rand.Int()))
					s.hub.SetOnline(theRoom, room.Online{Users: i})
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	speakers.Wait()
	s.store.set(func(b *backing) { b.fate = nil })
	s.setAttribute("k", "shows the last loss")
	viewers.Wait()
	if ctx.Err() != nil {
		t.Error("not everyone caught up")
	}
}

// comeAndGo is a viewer who resumes where they left until they have got everything.
func comeAndGo(ctx context.Context, s *stage, i int, messages uint64) {
	a := &account{t: s.tb.(*testing.T)}
	for a.low.Load() < messages && ctx.Err() == nil {
		v := s.seat(userNumber(i), hub.Inline, a.cursor) //nolint:contextcheck // a seat outlasts its stay
		stay, leave := context.WithTimeout(ctx, time.Duration(1+rand.IntN(50))*time.Millisecond)
		<-v.serve(stay, a)
		leave()
		v.leave()
	}
}
