package limit

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// In any span of time no more pass than the bucket holds and what comes back in the
// span; whoever waits as long as they are told passes, and no sooner.
func TestBucket(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := paceOf(rapid.IntRange(1, 1000).Draw(t, "rate"))
		now := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "begin"))
		var b bucket
		var passed []time.Duration
		for _, step := range rapid.SliceOfN(rapid.Int64Range(0, int64(2*p.interval)), 1, 200).Draw(t, "steps") {
			now += time.Duration(step)
			left, wait := b.take(p, now)
			if wait > 0 {
				if left != b {
					t.Fatalf("refused, and %v became %v", b, left)
				}
				if _, still := b.take(p, now+wait); still > 0 {
					t.Fatalf("told to wait %v, then %v more", wait, still)
				}
				if _, still := b.take(p, now+wait-1); still == 0 {
					t.Fatalf("told to wait %v, and less does", wait)
				}
				continue
			}
			b = left
			passed = append(passed, now)
		}
		for i := range passed {
			for j := i; j < len(passed); j++ {
				if most := int((burst + passed[j] - passed[i]) / p.interval); j-i+1 > most {
					t.Fatalf("%d passed in %v, at most %d may", j-i+1, passed[j]-passed[i], most)
				}
			}
		}
	})
}

// Who keeps to the rate is never refused, whatever they did before, once the bucket has
// refilled.
func TestSteadyCallersPass(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := paceOf(rapid.IntRange(1, 1_000_000).Draw(t, "rate"))
		var b bucket
		var now time.Duration
		for range rapid.IntRange(1, 500).Draw(t, "calls") {
			now += p.interval + time.Duration(rapid.Int64Range(0, 1000).Draw(t, "late"))
			var wait time.Duration
			if b, wait = b.take(p, now); wait > 0 {
				t.Fatalf("refused for %v at %v", wait, now)
			}
		}
	})
}

// A bucket holds a burst, no more and no less.
func TestBurst(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{1, 3, 20, 5000} {
		p := paceOf(rate)
		var b bucket
		n := 0
		for {
			left, wait := b.take(p, 0)
			if wait > 0 {
				break
			}
			b = left
			n++
		}
		if want := int(burst/time.Second) * rate; n != want {
			t.Errorf("%d/s: a burst of %d, want %d", rate, n, want)
		}
	}
}
