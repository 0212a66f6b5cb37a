package ovation

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		attempt int
		random  float64
		want    time.Duration
	}{
		{0, 0, 0},
		{0, 0.5, 50 * time.Millisecond},
		{1, 0.5, 100 * time.Millisecond},
		{6, 0.5, 3200 * time.Millisecond},
		{7, 0.5, 5 * time.Second},
		{1000, 0.5, 5 * time.Second},
	} {
		if got := backoff(tt.attempt, tt.random); got != tt.want {
			t.Errorf("attempt %d with %v: %v, want %v", tt.attempt, tt.random, got, tt.want)
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
