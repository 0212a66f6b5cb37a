package audience

import (
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

func head(low int64) *ovationv1.Cursor { return &ovationv1.Cursor{Epoch: "a", Low: low} }

func TestUntilIdle(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	after := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	settled := func(*ovationv1.Cursor) bool { return true }
	unsettled := func(*ovationv1.Cursor) bool { return false }
	w := newWatch(Options{UntilIdle: 3 * time.Second, Settle: 10 * time.Second}, head(1), start)

	w.saw(head(1), after(60))
	if w.over(after(60), settled) {
		t.Error("over before anything happened")
	}
	w.saw(head(2), after(61))
	if w.over(after(63), settled) {
		t.Error("over before it was idle long enough")
	}
	if w.over(after(64), unsettled) {
		t.Error("over before the viewers had read it")
	}
	w.saw(head(3), after(65))
	if w.over(after(66), settled) {
		t.Error("over though the room went on")
	}
	if w.over(after(68), unsettled) || w.over(after(77), unsettled) {
		t.Error("over before the viewers had their time")
	}
	if !w.over(after(78), unsettled) {
		t.Error("not over though the viewers had their time")
	}
}

func TestDurationCountsUpToItsEnd(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	w := newWatch(Options{Duration: 10 * time.Second, Settle: 10 * time.Second}, head(1), start)
	w.saw(head(5), start.Add(9*time.Second))
	if w.over(start.Add(9*time.Second), func(*ovationv1.Cursor) bool { return true }) {
		t.Error("over too early")
	}
	w.over(start.Add(10*time.Second), func(*ovationv1.Cursor) bool { return false })
	w.saw(head(9), start.Add(11*time.Second)) // the room goes on
	var asked int64
	if !w.over(start.Add(11*time.Second), func(c *ovationv1.Cursor) bool { asked = c.GetLow(); return true }) || asked != 5 {
		t.Errorf("the end was at %d", asked)
	}
}

func TestForever(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	w := newWatch(Options{}, head(1), start)
	w.saw(head(2), start)
	if w.over(start.Add(1000*time.Hour), func(*ovationv1.Cursor) bool { return true }) {
		t.Error("over, and nobody said when")
	}
}
