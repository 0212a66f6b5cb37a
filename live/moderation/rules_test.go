package moderation_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
)

func TestMay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		by, user, host live.UserID
		backend        bool // may, as others may not
		others         bool
	}{
		"a viewer":                {"mod", "ann", "host", true, true},
		"where nobody hosts":      {"mod", "ann", "", true, true},
		"the host":                {"mod", "host", "host", true, false},
		"oneself":                 {"mod", "mod", "host", false, false},
		"the host, by themselves": {"host", "host", "host", false, false},
	} {
		for role := live.RoleModerator; role <= live.RoleBackend; role++ {
			may := tt.others
			if role == live.RoleBackend {
				may = tt.backend
			}
			if err := moderation.May(tt.by, role, tt.user, tt.host); errors.Is(err, moderation.ErrProtected) == may {
				t.Errorf("%s, as %v: %v", name, role, err)
			}
		}
	}
}

var someTerm = rapid.Map(rapid.SampledFrom([]live.Timestamp{0, 0, 5, 7, moderation.Forever}),
	func(until live.Timestamp) moderation.Term { return moderation.Term{Until: until} })

// someTerms draws what acts in one place: nothing else on one who is protected there.
func someTerms(t *rapid.T, name string) moderation.Terms {
	if protected := someTerm.Draw(t, name+" protected"); protected.Acts() {
		return moderation.Terms{Protected: protected}
	}
	return moderation.Terms{Banned: someTerm.Draw(t, name+" banned"), Muted: someTerm.Draw(t, name+" muted")}
}

// What two places make together acts as long as either does, and no longer; order does
// not matter.
func TestJoin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, room := someTerms(t, "everywhere"), someTerms(t, "here"), someTerm.Draw(t, "room muted")
		s := moderation.Join(a, b, room)
		if s != moderation.Join(b, a, room) {
			t.Fatalf("%+v and %+v stand otherwise in another order", a, b)
		}
		for at := range live.Timestamp(9) {
			acts := func(t moderation.Term) bool { return t.Until > at }
			if acts(s.Banned) != (acts(a.Banned) || acts(b.Banned)) ||
				acts(s.Muted) != (acts(a.Muted) || acts(b.Muted)) ||
				acts(s.Protected) != (acts(a.Protected) || acts(b.Protected)) {
				t.Fatalf("%+v and %+v make %+v", a, b, s)
			}
			exempt := s.Protected.Acts()
			if acts(s.Silenced(true)) != acts(s.Muted) || acts(s.Silenced(false)) != (acts(s.Muted) || acts(room) && !exempt) {
				t.Fatalf("%+v is silenced until %v, staff until %v", s, s.Silenced(false), s.Silenced(true))
			}
		}
	})
}

func TestJoinSaysWhyOfWhatEndsLater(t *testing.T) {
	t.Parallel()
	short, long := moderation.Term{Until: 5, Why: "short"}, moderation.Term{Until: moderation.Forever, Why: "long"}
	s := moderation.Join(moderation.Terms{Banned: short, Muted: long}, moderation.Terms{Banned: long, Muted: short}, short)
	if s.Banned != long || s.Muted != long || s.Silenced(false) != long {
		t.Errorf("%+v", s)
	}
}

func TestErrorsSayUntilWhenAndWhy(t *testing.T) {
	t.Parallel()
	timed := moderation.Term{Until: live.Timestamp(1_700_000_000_000_000), Why: "spam"}
	for _, err := range []error{&moderation.BannedError{Term: timed}, &moderation.MutedError{Term: timed}} {
		if !strings.Contains(err.Error(), "2023-11-14T22:13:20Z") || !strings.Contains(err.Error(), `"spam"`) {
			t.Errorf("%v", err)
		}
	}
	good := moderation.Term{Until: moderation.Forever}
	if err := (&moderation.BannedError{Term: good}); !strings.Contains(err.Error(), "for good") || good.Timed() != 0 || timed.Timed() != timed.Until {
		t.Errorf("%v, %v, %v", err, good.Timed(), timed.Timed())
	}
}
