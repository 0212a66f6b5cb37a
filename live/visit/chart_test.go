package visit_test

import (
	"math"
	"slices"
	"testing"
	"time"

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

// An end is not in what it ends, be it a curve's or a day's; who stayed just so long as
// retention asks has stayed so long.
func TestEndsAreExclusive(t *testing.T) {
	t.Parallel()
	midnight := live.At(time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC))
	enter, exit := midnight-2*minute, midnight
	merged := func(end live.Timestamp) *visit.Book {
		b := visit.NewBook("r", end)
		b.Merge("ann", []visit.Event{
			{Room: "r", User: "ann", Session: "a", Version: 1, At: enter}, {Room: "r", User: "ann", Session: "a", Version: 2, At: exit},
		})
		return b
	}
	for _, tt := range []struct {
		end, from, until live.Timestamp
		minutes          int
	}{
		{0, 0, midnight, 2},
		{0, 0, midnight - 1, 2},
		{0, 0, midnight + 1, 3},
		{0, 0, midnight - minute, 1},
		{0, 0, enter, 0},
		{0, midnight, midnight, 0},
		{0, midnight, midnight + minute, 1},
		{0, 0, 0, 3},        // who leaves now is in it
		{midnight, 0, 0, 3}, // so is who leaves at the end
	} {
		a := merged(tt.end).Attendance(midnight, true, true, tt.from, tt.until)
		if len(a.Curve) != tt.minutes {
			t.Errorf("%+v: %d minutes", tt, len(a.Curve))
		}
		if tt.until == 0 && a.Curve[2].Exits != 1 {
			t.Errorf("%+v: %+v", tt, a.Curve)
		}
		if !slices.Equal(a.Retention, []int64{1, 1, 1}) {
			t.Errorf("%+v: retention %v", tt, a.Retention)
		}
	}
	s := visit.NewSummary(0, midnight+minute, time.UTC)
	s.Add(merged(0).Of("ann"), midnight)
	want := []visit.Day{{Date: "2030-01-01", Total: visit.Span(2 * minute), Visits: 1}}
	equal(t, "days", s.Watch(1).Days, want, slices.Equal)
}
