package redis

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
)

// someTerm draws a term.
func someTerm(t *rapid.T) moderation.Term {
	return moderation.Term{
		Until: rapid.SampledFrom([]live.Timestamp{0, 1, 1_893_553_445_000_001, moderation.Forever}).Draw(t, "until"),
		Why:   rapid.StringN(0, 20, -1).Draw(t, "why"),
	}
}

func TestTermsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := moderation.Terms{Banned: someTerm(t), Muted: someTerm(t), Protected: someTerm(t), Appointed: someTerm(t)}
		if got, err := unpackTerms(packTerms(want)); err != nil || got != want {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
	})
	if packed := packTerms(moderation.Terms{}); packed != "" {
		t.Errorf("nothing is packed as %q", packed)
	}
	// As nodes wrote it before users were appointed.
	ban := moderation.Term{Until: 7, Why: "spam"}
	before := string(packTerm(packTerm(packTerm(nil, ban), moderation.Term{}), moderation.Term{}))
	if got, err := unpackTerms(before); err != nil || got != (moderation.Terms{Banned: ban}) || packTerms(got) != before {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMarksAreRead(t *testing.T) {
	t.Parallel()
	mute := moderation.Term{Until: moderation.Forever, Why: "a 7 \x00"}
	m, err := parseMark("12 3 " + string(packTerm(nil, mute)))
	if err != nil || !m.Known || m.Revision != 12 || m.Users != 3 || m.RoomMute != mute {
		t.Errorf("%+v, %v", m, err)
	}
	for _, kept := range []string{"", "12", "12 3", "12 3 ", "x 3 \x00\x00", "12 x \x00\x00", "12 3 \x00\x00more", "12 3 \x00\x09"} {
		if m, err := parseMark(kept); err == nil {
			t.Errorf("%q is %+v", kept, m)
		}
	}
}

func FuzzTerms(f *testing.F) {
	f.Add(packTerms(moderation.Terms{Banned: moderation.Term{Until: 7, Why: "spam"}}))
	f.Add(packTerms(moderation.Terms{Appointed: moderation.Term{Until: moderation.Forever, Why: "friend"}}))
	f.Add("12 3 \x00\x00")
	f.Fuzz(func(t *testing.T, kept string) {
		if terms, err := unpackTerms(kept); err == nil && terms != (moderation.Terms{}) {
			if again, err := unpackTerms(packTerms(terms)); err != nil || again != terms {
				t.Errorf("%+v became %+v, %v", terms, again, err)
			}
		}
		if m, err := parseMark(kept); err == nil && !m.Known {
			t.Errorf("%q is a mark of nothing", kept)
		}
	})
}
