package turns

import (
	"slices"
	"testing"
	"time"
)

// Whoever did not answer is passed over for a while, unless nobody else is there.
func TestTurns(t *testing.T) {
	t.Parallel()
	now := time.Now()
	turns := New(3)
	took := func(now time.Time) []int {
		seen := make([]int, 3)
		for range 6 {
			seen[turns.next(now)]++
		}
		return seen
	}
	if got := took(now); !slices.Equal(got, []int{2, 2, 2}) {
		t.Errorf("%v turns", got)
	}
	turns.rest(1, now)
	if got := took(now.Add(rest - 1)); got[1] != 0 || got[0] == 0 || got[2] == 0 {
		t.Errorf("%v turns, the second has a rest", got)
	}
	if got := took(now.Add(rest)); !slices.Equal(got, []int{2, 2, 2}) {
		t.Errorf("%v turns after the rest", got)
	}
	for i := range 3 {
		turns.rest(i, now)
	}
	if got := took(now); !slices.Equal(got, []int{2, 2, 2}) {
		t.Errorf("%v turns, all have a rest", got)
	}
}
