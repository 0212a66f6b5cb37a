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
	const nobody = live.RoleBackend + 1
	for name, tt := range map[string]struct {
		by, user, host live.UserID
		appointed      bool
		least          live.Role // that may
	}{
		"a viewer":                {"mod", "ann", "host", false, live.RoleModerator},
		"where nobody hosts":      {"mod", "ann", "", false, live.RoleModerator},
		"the host":                {"mod", "host", "host", false, live.RoleBackend},
		"oneself":                 {"mod", "mod", "host", false, nobody},
		"the host, by themselves": {"host", "host", "host", false, nobody},
		"one who was appointed":   {"mod", "ann", "host", true, live.RoleHost},
		"the host, appointed":     {"mod", "host", "host", true, live.RoleBackend},
		"oneself, appointed":      {"mod", "mod", "host", true, nobody},
	} {
		for role := live.RoleModerator; role <= live.RoleBackend; role++ {
			may := role >= tt.least
			if err := moderation.May(tt.by, role, tt.user, tt.host, tt.appointed); errors.Is(err, moderation.ErrProtected) == may {
				t.Errorf("%s, as %v: %v", name, role, err)
			}
		}
	}
}

var someTerm = rapid.Map(rapid.SampledFrom([]live.Timestamp{0, 0, 5, 7, moderation.Forever}),
	func(until live.Timestamp) moderation.Term { return moderation.Term{Until: until} })

// someTerms draws what acts in one place: neither ban nor mute on one who is protected
// there.
func someTerms(t *rapid.T, name string) moderation.Terms {
	terms := moderation.Terms{
		Protected: someTerm.Draw(t, name+" protected"), Appointed: someTerm.Draw(t, name+" appointed"),
	}
	if !terms.Protected.Acts() {
		terms.Banned, terms.Muted = someTerm.Draw(t, name+" banned"), someTerm.Draw(t, name+" muted")
	}
	return terms
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
				acts(s.Protected) != (acts(a.Protected) || acts(b.Protected)) ||
				acts(s.Appointed) != (acts(a.Appointed) || acts(b.Appointed)) ||
				(s.Attended() > at) != (acts(s.Protected) || acts(s.Appointed)) {
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

// Who is appointed is a moderator and no more, and nothing while they are banned; whose
// token says more stays what they are.
func TestRole(t *testing.T) {
	t.Parallel()
	acts := moderation.Term{Until: 5}
	for token := live.RoleViewer; token <= live.RoleBackend; token++ {
		for _, tt := range []struct {
			moderation.Standing
			want live.Role
		}{
			{moderation.Standing{Muted: acts, Protected: acts}, token},
			{moderation.Standing{Appointed: acts, Muted: acts}, max(token, live.RoleModerator)},
			{moderation.Standing{Appointed: acts, Banned: acts}, token},
		} {
			if got := tt.Role(token); got != tt.want {
				t.Errorf("a %v who stands as %+v acts as %v", token, tt.Standing, got)
			}
		}
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
