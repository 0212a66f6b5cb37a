package ovation

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestClosest(t *testing.T) {
	t.Parallel()
	slow := sample{sent: 0, received: 900, answered: 1000, back: 1100}
	quick := sample{sent: 0, received: 510, answered: 520, back: 30}
	best := closest([]sample{slow, quick, slow})
	if best != quick || best.offset() != 500*time.Microsecond || best.bound() != 10*time.Microsecond {
		t.Errorf("%+v: offset %v, bound %v", best, best.offset(), best.bound())
	}
}

// The true offset is within the bound, however the way there and back differ.
func TestSampleBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.Int64Range(-1e12, 1e12).Draw(t, "offset")
		sent := rapid.Int64Range(1e15, 2e15).Draw(t, "sent")
		there := rapid.Int64Range(0, 1e7).Draw(t, "there")
		work := rapid.Int64Range(0, 1e7).Draw(t, "work")
		back := rapid.Int64Range(0, 1e7).Draw(t, "back")
		received := sent + there + offset
		s := sample{sent, received, received + work, sent + there + work + back}
		off := (s.offset() - time.Duration(offset)*time.Microsecond).Abs()
		if off > s.bound()+time.Microsecond {
			t.Fatalf("off by %v, bound %v", off, s.bound())
		}
	})
}
