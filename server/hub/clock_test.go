package hub

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
)

// A stream that is silent gets its heartbeats, though the clock was put back after it
// was told of a round.
func TestHeartbeatsAfterTheClockWasPutBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &Subscriber{offered: live.At(time.Now().Add(time.Hour))}
		bell := NewBell()
		p := newPulse(time.Second, bell)
		defer p.stop()
		for range 3 {
			begun := time.Now()
			<-bell
			if !p.due(s) || time.Since(begun) != time.Second {
				t.Fatalf("no heartbeat after %v", time.Since(begun))
			}
		}
	})
}

// Nor does a room's count stand still.
func TestCountsAfterTheClockWasPutBack(t *testing.T) {
	t.Parallel()
	h := New(Source{}, Config{})
	defer h.Close()
	f := newFollowed(h, "r")
	f.counts.toldAt, f.counts.online = clock().Add(time.Hour), room.Online{Users: 7}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tellCounts()
	if f.counts.toldOnline.Users != 7 || f.shared.Load().controls.last != 1 {
		t.Errorf("told %+v", f.counts)
	}
}
