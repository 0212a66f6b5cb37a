package visit_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

// Moments come to the same in whatever order they are put together, and however often they
// are summed on the way.
func TestMomentsSum(t *testing.T) {
	t.Parallel()
	rapid.Check(t, momentsSum)
}

func FuzzMomentsSum(f *testing.F) { f.Fuzz(rapid.MakeFuzz(momentsSum)) }

func momentsSum(t *rapid.T) {
	all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) visit.Net {
		at := rapid.IntRange(-3, 12).Draw(t, "at")
		return visit.Net{At: live.Timestamp(at) * 15 * second, By: int64(rapid.IntRange(-2, 2).Draw(t, "by"))}
	}), 0, 40).Draw(t, "moments")
	want := make(map[live.Timestamp]int64)
	var kept visit.Moments
	for _, n := range all {
		want[n.At] += n.By
		if kept = append(kept, n); rapid.IntRange(0, 4).Draw(t, "sum") == 0 {
			kept = kept.Sum()
		}
	}
	maps.DeleteFunc(want, func(_ live.Timestamp, n int64) bool { return n == 0 })
	var summed visit.Moments
	for _, at := range slices.Sorted(maps.Keys(want)) {
		summed = append(summed, visit.Net{At: at, By: want[at]})
	}
	kept = kept.Sum()
	equal(t, "sum", kept, summed, slices.Equal)
	var again visit.Moments
	kept.ByMinute(func(at live.Timestamp, in visit.Moments) {
		for _, n := range in {
			if visit.MinuteOf(n.At) != at {
				t.Fatalf("%d is not in the minute of %d", n.At, at)
			}
		}
		again = append(again, in...)
	})
	equal(t, "by minute", again, summed, slices.Equal)
}
