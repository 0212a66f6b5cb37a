package feed_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live/feed"
)

const base = 100 * time.Millisecond

// paced returns the interval after n equal rounds.
func paced(p *feed.Pace, n, behind, viewers int) (interval time.Duration) {
	for range n {
		interval = p.Next(base, behind, viewers)
	}
	return interval
}

func TestPace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                    string
		rounds, behind, viewers int
		want                    time.Duration
	}{
		{"all keep up", 5, 0, 64, base},
		{"half way to a large room", 5, 0, 532, 2 * base},
		{"a large room", 5, 0, 1000, 3 * base},
		{"a larger one", 5, 0, 1_000_000, 3 * base},
		{"an empty room", 5, 0, 0, base},
		{"a small room never stretches", 5, 63, 63, base},
		{"a crowd does", 1, 17, 64, base * 3 / 2},
		{"a quarter behind is borne", 5, 250, 1000, 3 * base},
		{"more than a quarter stretches by half", 1, 251, 1000, base * 9 / 2},
		{"again and again", 2, 1000, 1000, base * 27 / 4},
		{"to ten times", 50, 1000, 1000, 10 * base},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := paced(new(feed.Pace), tt.rounds, tt.behind, tt.viewers); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestPaceComesBack(t *testing.T) {
	t.Parallel()
	var p feed.Pace
	paced(&p, 50, 1000, 1000)
	if got := paced(&p, 1, 100, 1000); got != 10*base {
		t.Errorf("with a tenth behind it went to %v", got)
	}
	if got := paced(&p, 1, 99, 1000); got != 10*base*7/8 {
		t.Errorf("with fewer it went to %v", got)
	}
	if got := paced(&p, 50, 0, 1000); got != 3*base {
		t.Errorf("in the end it stands at %v", got)
	}
	paced(&p, 50, 1000, 1000)
	if got := paced(&p, 1, 10, 10); got != base {
		t.Errorf("when the crowd has left it stands at %v", got)
	}
}

func TestPaceStaysInBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var p feed.Pace
		for range rapid.IntRange(1, 40).Draw(t, "rounds") {
			base := time.Duration(rapid.IntRange(20, 5000).Draw(t, "base")) * time.Millisecond
			viewers := rapid.IntRange(0, 2000).Draw(t, "viewers")
			behind := rapid.IntRange(0, viewers).Draw(t, "behind")
			if got := p.Next(base, behind, viewers); got < feed.Interval(base, viewers) || got > 10*base {
				t.Fatalf("%v with a base of %v", got, base)
			}
		}
	})
}

func TestPullLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ most, viewers, want int }{
		{200, 0, 200},
		{200, 1000, 200},
		{200, 1001, 100},
		{200, 10_000, 100},
		{200, 10_001, 50},
		{200, 100_001, 25},
		{200, 1_000_000_000, 25},
		{10, 1001, 5},
		{10, 10_000_000, 1},
		{1, 10_000_000, 1},
		{0, 10_000_000, 1},
		{-5, 0, 1},
	} {
		if got := feed.PullLimit(tt.most, tt.viewers); got != tt.want {
			t.Errorf("PullLimit(%d, %d) is %d, want %d", tt.most, tt.viewers, got, tt.want)
		}
	}
}

func TestCountsEvery(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		viewers int
		want    time.Duration
	}{
		{-1, time.Second},
		{0, time.Second},
		{64, time.Second},
		{298, 2 * time.Second},
		{532, 3 * time.Second},
		{1000, 5 * time.Second},
		{1001, 5 * time.Second},
		{1_000_000, 5 * time.Second},
	} {
		if got := feed.CountsEvery(tt.viewers); got != tt.want {
			t.Errorf("CountsEvery(%d) is %v, want %v", tt.viewers, got, tt.want)
		}
	}
}
