package quiz

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Who comes after a pause begins at once; who comes soon after others begins with all who do,
// when the interval is over.
func TestPacing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const interval = 5 * time.Millisecond
		p, start := pacing{interval: interval}, time.Now()
		var mu sync.Mutex
		begun := make(map[time.Duration]int)
		var all sync.WaitGroup
		for _, after := range []time.Duration{0, 1, 2, 3, 6, 30, 31} {
			all.Go(func() {
				time.Sleep(after * time.Millisecond)
				p.wait()
				mu.Lock()
				defer mu.Unlock()
				begun[time.Since(start)/time.Millisecond]++
			})
		}
		all.Wait()
		for at, want := range map[time.Duration]int{0: 1, 5: 3, 10: 1, 30: 1, 35: 1} {
			if begun[at] != want {
				t.Errorf("%d began after %d ms, want %d: %v", begun[at], at, want, begun)
			}
		}
	})
}

func TestPacingWithoutInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var p pacing
		for range 3 {
			p.wait()
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}
