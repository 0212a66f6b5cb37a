package visit_test

import (
	"math"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

// However far from each other the ends of a curve are, it has as many minutes as one may.
func TestCurvesEnd(t *testing.T) {
	t.Parallel()
	at := visit.MinuteOf(1_700_000_000_000_000)
	steps := []visit.Step{{At: at, Flow: visit.Flow{Enters: 1}, Rise: 1, RiseAt: at}}
	for _, ends := range [][2]live.Timestamp{
		{0, math.MaxInt64}, {math.MaxInt64, math.MaxInt64}, {1, math.MaxInt64}, {math.MaxInt64, at}, {0, at},
	} {
		var a visit.Attendance
		a.Chart(steps, true, ends[0], ends[1])
		if len(a.Curve) > visit.MaxCurve || a.Peak != 1 {
			t.Errorf("%v: %d minutes, peak %d", ends, len(a.Curve), a.Peak)
		}
		for i := range a.Curve {
			if i > 0 && a.Curve[i].At <= a.Curve[i-1].At {
				t.Fatalf("%v: minute %d at %d", ends, i, a.Curve[i].At)
			}
		}
	}
}
