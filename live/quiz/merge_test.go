package quiz_test

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// instant draws one, or none.
func instant(t *rapid.T, label string) live.Timestamp {
	return live.Timestamp(rapid.Int64Range(0, 3).Draw(t, label))
}

// draw draws what may be known of a user: canonical, as a store has it.
func draw(t *rapid.T) quiz.Evidence {
	e := quiz.Evidence{User: "ann", Entered: instant(t, "entered"), Revived: instant(t, "revived")}
	if e.Delivered = instant(t, "delivered"); e.Delivered != 0 {
		e.Session = rapid.SampledFrom([]live.SessionID{"s", "t"}).Draw(t, "session")
	}
	if e.Option = quiz.Option(rapid.IntRange(0, 3).Draw(t, "option")); e.Option != 0 {
		e.Received, e.Stored = instant(t, "received"), instant(t, "stored")
	}
	for _, id := range []string{"g", "h"} {
		if rapid.Bool().Draw(t, "granted") {
			e.Grants = append(e.Grants, quiz.Grant{ID: id, At: instant(t, "at"), Count: rapid.IntRange(1, 2).Draw(t, "count")})
		}
	}
	return e
}

func TestMerge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := draw(t), draw(t), draw(t)
		same(t, "idempotent", quiz.Merge(a, a), a)
		same(t, "commutative", quiz.Merge(a, b), quiz.Merge(b, a))
		same(t, "associative", quiz.Merge(quiz.Merge(a, b), c), quiz.Merge(a, quiz.Merge(b, c)))
		same(t, "absorbing", quiz.Merge(quiz.Merge(a, b), b), quiz.Merge(a, b))
		same(t, "neutral", quiz.Merge(a, quiz.Evidence{}), a)
	})
}

func same(t *rapid.T, what string, a, b quiz.Evidence) {
	t.Helper()
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("not %s: %+v, %+v", what, a, b)
	}
}

func TestMergeKeepsTheFirst(t *testing.T) {
	t.Parallel()
	got := quiz.Merge(
		quiz.Evidence{User: "ann", Entered: 5, Delivered: 4, Session: "a", Option: 2, Received: 9, Stored: 9, Grants: []quiz.Grant{{"h", 1, 2}}},
		quiz.Evidence{User: "ann", Entered: 3, Delivered: 6, Session: "b", Option: 1, Received: 8, Stored: 12, Revived: 7, Grants: []quiz.Grant{{"g", 2, 1}, {"h", 1, 2}}},
	)
	want := quiz.Evidence{
		User: "ann", Entered: 3, Delivered: 4, Session: "a", Option: 1, Received: 8, Stored: 12, Revived: 7,
		Grants: []quiz.Grant{{"g", 2, 1}, {"h", 1, 2}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestCollect(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		users := rapid.SampledFrom([]live.UserID{"ann", "bob", "cy", "di"})
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) quiz.Evidence {
			e := draw(t)
			e.User = users.Draw(t, "user")
			return e
		}), 0, 8).Draw(t, "list")
		want := make(map[live.UserID]quiz.Evidence)
		for _, e := range list {
			want[e.User] = quiz.Merge(want[e.User], e)
		}
		twice := quiz.Collect(append(slices.Clone(list), list...))
		got := quiz.Collect(rapid.Permutation(list).Draw(t, "permutation"))
		if !reflect.DeepEqual(got, twice) && len(got)+len(twice) > 0 {
			t.Fatalf("%+v, and twice %+v", got, twice)
		}
		if !slices.IsSortedFunc(got, func(a, b quiz.Evidence) int { return compare(a.User, b.User) }) || len(got) != len(want) {
			t.Fatalf("%+v of %+v", got, list)
		}
		for _, e := range got {
			same(t, "merged", e, want[e.User])
		}
	})
}

// A note of what counts from the next question on goes into the next one's slot.
func TestNoteSlot(t *testing.T) {
	t.Parallel()
	for kind, want := range map[quiz.NoteKind]quiz.Number{quiz.Entered: 3, quiz.Delivered: 3, quiz.Granted: 4, quiz.Revive: 4} {
		if got := kind.Slot(3); got != want {
			t.Errorf("a note of kind %d goes to %d, want %d", kind, got, want)
		}
	}
}
