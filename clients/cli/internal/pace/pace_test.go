package pace_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/clients/cli/internal/pace"
)

func TestDue(t *testing.T) {
	t.Parallel()
	second := time.Second
	tests := map[string]struct {
		speed  float64
		maxGap time.Duration
		times  []int64
		want   []time.Duration
	}{
		"its own pace":  {1, 0, []int64{5000, 5000, 6000, 9000}, []time.Duration{0, 0, second, 4 * second}},
		"ten times":     {10, 0, []int64{0, 20000}, []time.Duration{0, 2 * second}},
		"half":          {0.5, 0, []int64{0, 1000}, []time.Duration{0, 2 * second}},
		"at once":       {0, 0, []int64{0, 20000, 99000}, []time.Duration{0, 0, 0}},
		"never back":    {1, 0, []int64{5000, 4000, 6000}, []time.Duration{0, 0, second}},
		"gaps cut":      {1, second, []int64{0, 500, 90500, 91000}, []time.Duration{0, second / 2, 3 * second / 2, 2 * second}},
		"beyond a year": {1e-9, 0, []int64{0, 253402300799999}, []time.Duration{0, math.MaxInt64}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			schedule := pace.New(test.speed, test.maxGap)
			var got []time.Duration
			for _, at := range test.times {
				got = append(got, schedule.Due(at))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestDueNeverRunsBackAndKeepsTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		speed := rapid.Float64Range(0.01, 1000).Draw(t, "speed")
		gaps := rapid.SliceOfN(rapid.Int64Range(0, 100_000), 1, 200).Draw(t, "gaps")
		schedule := pace.New(speed, 0)
		last := schedule.Due(0)
		total := int64(0)
		for _, gap := range gaps {
			total += gap
			due := schedule.Due(total)
			if due < last {
				t.Fatalf("due %v after %v", due, last)
			}
			last = due
		}
		exact := float64(total) / 1000 / speed
		if drift := math.Abs(last.Seconds() - exact); drift > 1e-6*math.Max(1, exact) {
			t.Fatalf("drifted by %v s", drift)
		}
	})
}
