package visit_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

// Whoever has as many visits as there may be gets no more, and what is told of those is heard.
func TestAdmit(t *testing.T) {
	t.Parallel()
	told := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) visit.Event {
		return visit.Event{
			Room: "r", User: "ann", Session: live.SessionID(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "session")),
			Version: visit.Version(rapid.IntRange(1, 12).Draw(t, "version")), At: live.Timestamp(rapid.IntRange(1, 100).Draw(t, "at")),
		}
	}), 0, 12)
	rapid.Check(t, func(t *rapid.T) {
		known := visit.Merge(nil, visit.StaysOf(told.Draw(t, "before")))
		events, most := told.Draw(t, "told"), rapid.IntRange(0, 16).Draw(t, "most")
		admitted, refused := visit.Admit(known, events, most)
		if len(admitted)+len(refused) != len(events) {
			t.Fatalf("%d of %d, and %d refused", len(admitted), len(events), len(refused))
		}
		all := visit.Merge(known, visit.StaysOf(admitted))
		if len(all) > max(most, len(known)) {
			t.Fatalf("%d visits, of %d", len(all), most)
		}
		if len(refused) > 0 && len(all) < most {
			t.Fatalf("%+v is refused with %d visits of %d", refused, len(all), most)
		}
		there := make(map[visit.Key]bool)
		for _, s := range all {
			there[s.Key] = true
		}
		for _, e := range refused {
			if there[e.Key()] {
				t.Fatalf("%+v is refused, its visit is there", e)
			}
		}
	})
}
