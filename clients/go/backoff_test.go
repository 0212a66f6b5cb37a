package ovation

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[int]time.Duration{
		0: 100 * time.Millisecond, 1: 200 * time.Millisecond, 6: 6400 * time.Millisecond, 7: 10 * time.Second, 1000: 10 * time.Second,
	} {
		if got := backoff(attempt); got != want {
			t.Errorf("attempt %d: %v, want %v", attempt, got, want)
		}
	}
}

func TestBetween(t *testing.T) {
	t.Parallel()
	for range 1000 {
		if d := between(time.Second, time.Second); d < time.Second || d >= 2*time.Second {
			t.Fatalf("%v", d)
		}
	}
	if d := between(time.Second, 0); d != time.Second {
		t.Errorf("without jitter: %v", d)
	}
	if d := between(-time.Second, 0); d != 0 {
		t.Errorf("in the past: %v", d)
	}
}
