package redis

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBreaker(t *testing.T) {
	t.Parallel()
	var b breaker
	now := time.Unix(1, 0)
	steps := []struct {
		name  string
		after time.Duration
		note  func()
		want  bool
	}{
		{"at first", 0, func() {}, true},
		{"after an answer", 0, func() { b.note(now, true, false) }, true},
		{"after a call that was given up", 0, func() { b.note(now, false, true) }, true},
		{"after a failure", 0, func() { b.note(now, false, false) }, false},
		{"during the rest", rest - 1, func() {}, false},
		{"after the rest", 1, func() {}, true},
		{"while one is out to see", time.Hour, func() {}, false},
		{"after that one was given up", 0, func() { b.note(now, false, true) }, true},
		{"after it failed", 0, func() { b.note(now, false, false) }, false},
		{"after another rest", rest, func() {}, true},
		{"after an answer to it", 0, func() { b.note(now, true, false) }, true},
		{"after that", 0, func() {}, true},
	}
	for _, step := range steps {
		now = now.Add(step.after)
		step.note()
		if got := b.allow(now); got != step.want {
			t.Errorf("%s: allowed %v", step.name, got)
		}
	}
}

// TestBreakerUnderAnySchedule: nobody is turned away but after a failure, for no longer than a
// rest and the one call that then sees; and in a rest after a failure nobody is let through.
func TestBreakerUnderAnySchedule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var b breaker
		now, failed := time.Unix(1, 0), time.Time{}
		away, out := false, 0 // out: calls let through while away, and not back
		note := func(answered, given bool) {
			b.note(now, answered, given)
			switch {
			case answered:
				away, out = false, 0
			case given:
				out = 0
			default:
				away, out, failed = true, 0, now
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"pass":     func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(0, int(2*rest)).Draw(t, "time"))) },
			"answered": func(*rapid.T) { note(true, false) },
			"given up": func(*rapid.T) { note(false, true) },
			"failed":   func(*rapid.T) { note(false, false) },
			"call": func(t *rapid.T) {
				resting, turned := away && now.Before(failed.Add(rest)), b.open(now)
				want := !away || !resting && out == 0
				if got := b.allow(now); got != want || turned != resting {
					t.Fatalf("allowed %v, want %v; open %v, want %v", got, want, turned, resting)
				} else if got && away {
					out++
				}
			},
		})
	})
}
