package visit_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

const (
	second = live.Timestamp(1_000_000)
	minute = 60 * second
)

// begun is when what happens in these tests begins.
var begun = live.At(time.Date(2030, 1, 2, 3, 4, 0, 0, time.UTC))

// told is everything that was told of one visit.
type told struct{ enters, exits, seen []live.Timestamp }

// seen is one visit as the oracle sees it.
type seen struct {
	user              live.UserID
	key               visit.Key
	entered, exited   live.Timestamp
	inferred, counted bool
	conflicting       bool
}

// oracle computes visits from events as they are described, with neither stays nor joins.
func oracle(events []visit.Event, end live.Timestamp) []seen {
	type who struct {
		user live.UserID
		key  visit.Key
	}
	all := make(map[who]*told)
	for _, e := range events {
		k := who{e.User, visit.Key{Session: e.Session, Version: e.Version - (e.Version+1)%2}}
		if all[k] == nil {
			all[k] = new(told)
		}
		t := all[k]
		switch {
		case e.Version%2 == 1:
			t.enters = append(t.enters, e.At)
		case e.Inferred:
			t.seen = append(t.seen, e.At)
		default:
			t.exits = append(t.exits, e.At)
		}
	}
	var visits []seen
	for k, t := range all {
		v := seen{user: k.user, key: k.key}
		if len(t.enters) > 0 {
			v.entered = slices.Min(t.enters)
		}
		if end > 0 && v.entered > end {
			continue
		}
		var bounds []live.Timestamp
		if end > 0 {
			bounds = append(bounds, end)
		}
		if len(t.exits) > 0 {
			v.exited = slices.Min(append(bounds, slices.Max(t.exits)))
		} else {
			if len(t.seen) > 0 {
				bounds = append(bounds, slices.Max(t.seen))
			}
			next := visit.Version(0)
			for other, o := range all {
				later := other.user == k.user && other.key.Session == k.key.Session && other.key.Version > k.key.Version
				if later && v.entered > 0 && len(o.enters) > 0 && (next == 0 || other.key.Version < next) {
					next = other.key.Version
				}
			}
			if next != 0 {
				bounds = append(bounds, slices.Min(all[who{k.user, visit.Key{Session: k.key.Session, Version: next}}].enters))
			}
			if len(bounds) > 0 {
				v.exited, v.inferred = max(v.entered, slices.Min(bounds)), true
			}
		}
		v.counted = v.entered > 0 && (v.exited == 0 || v.exited >= v.entered)
		differ := func(all []live.Timestamp) bool { return len(slices.Compact(slices.Sorted(slices.Values(all)))) > 1 }
		v.conflicting = v.counted && (differ(t.enters) || differ(t.exits))
		visits = append(visits, v)
	}
	slices.SortFunc(visits, func(a, b seen) int {
		began := func(v seen) live.Timestamp {
			if v.entered != 0 {
				return v.entered
			}
			return v.exited
		}
		return cmp.Or(cmp.Compare(began(a), began(b)), cmp.Compare(a.user, b.user),
			cmp.Compare(a.key.Session, b.key.Session), cmp.Compare(a.key.Version, b.key.Version))
	})
	return visits
}

// shown returns the visit of the API that the oracle's is.
func (v seen) shown() visit.Visit {
	s := visit.Visit{
		Room: "r", User: v.user, Key: v.key, Entered: v.entered, Exited: v.exited, Inferred: v.inferred,
	}
	switch {
	case v.entered == 0:
		s.Anomaly = visit.ExitWithoutEnter
	case !v.counted:
		s.Anomaly = visit.ExitBeforeEnter
	case v.conflicting:
		s.Anomaly = visit.Conflicting
	}
	return s
}

// watched returns for how long any of a user's visits was open from an instant until
// another, looking at each piece between two instants at which anything happened.
func watched(visits []seen, user live.UserID, from, until, now live.Timestamp) (total visit.Span) {
	marks := []live.Timestamp{from, until}
	open := func(at live.Timestamp) bool {
		return slices.ContainsFunc(visits, func(v seen) bool {
			return v.user == user && v.counted && v.entered <= at && at < v.until(now)
		})
	}
	for _, v := range visits {
		for _, at := range []live.Timestamp{v.entered, v.until(now)} {
			if from < at && at < until {
				marks = append(marks, at)
			}
		}
	}
	slices.Sort(marks)
	for i := 1; i < len(marks); i++ {
		if open(marks[i-1]) {
			total += visit.Span(marks[i] - marks[i-1])
		}
	}
	return total
}

// until is when a visit ended, or now.
func (v seen) until(now live.Timestamp) live.Timestamp {
	if v.exited == 0 {
		return max(now, v.entered)
	}
	return v.exited
}

// online counts who is there at an instant.
func online(visits []seen, at live.Timestamp) (n int64) {
	for _, v := range visits {
		if v.counted && v.entered <= at && (v.exited == 0 || at < v.exited) {
			n++
		}
	}
	return n
}

// events draws events of a room, of which some tell the same visit otherwise.
func events(t *rapid.T) []visit.Event {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) visit.Event {
		e := visit.Event{
			Room:    "r",
			User:    rapid.SampledFrom([]live.UserID{"ann", "bob", "cy"}).Draw(t, "user"),
			Session: rapid.SampledFrom([]live.SessionID{"a", "b"}).Draw(t, "session"),
			Version: visit.Version(rapid.IntRange(1, 8).Draw(t, "version")),
			At:      begun + live.Timestamp(rapid.IntRange(0, 40).Draw(t, "at"))*10*second,
		}
		if rapid.Bool().Draw(t, "in order") {
			e.At = begun + live.Timestamp(e.Version)*40*second + live.Timestamp(rapid.IntRange(0, 3).Draw(t, "later"))*second
		}
		e.Inferred = e.Version%2 == 0 && rapid.Bool().Draw(t, "inferred")
		return e
	}), 0, 24).Draw(t, "events")
}

// shuffled draws the events in another order, some of them more than once.
func shuffled(t *rapid.T, all []visit.Event) []visit.Event {
	if len(all) == 0 {
		return nil
	}
	again := rapid.SliceOfN(rapid.SampledFrom(all), 0, 8).Draw(t, "again")
	return rapid.Permutation(append(slices.Clone(all), again...)).Draw(t, "order")
}

// ending draws when the room ends, mostly never, sometimes in the midst of the visits.
func ending(t *rapid.T) live.Timestamp {
	if rapid.IntRange(0, 2).Draw(t, "ends") > 0 {
		return 0
	}
	return begun + live.Timestamp(rapid.IntRange(0, 40).Draw(t, "end"))*10*second
}

// equal compares two values.
func equal[T any](t interface {
	Helper()
	Fatalf(format string, args ...any)
}, what string, got, want T, same func(a, b T) bool,
) {
	t.Helper()
	if !same(got, want) {
		t.Fatalf("%s:\n%+v, want\n%+v", what, got, want)
	}
}

func TestOracleKnowsAnEasyVisit(t *testing.T) {
	t.Parallel()
	got := oracle([]visit.Event{
		{Room: "r", User: "ann", Session: "a", Version: 2, At: begun + 90*second},
		{Room: "r", User: "ann", Session: "a", Version: 1, At: begun},
	}, 0)
	if len(got) != 1 || watched(got, "ann", begun, begun+minute, begun+10*minute) != visit.Span(minute) || online(got, begun+89*second) != 1 {
		t.Errorf("%+v", got)
	}
}
