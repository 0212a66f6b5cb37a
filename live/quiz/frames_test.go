package quiz_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// ids returns what is shown at an instant.
func ids(q quiz.Quiz, now live.Timestamp) string {
	var list []string
	for _, f := range q.Frames(now) {
		list = append(list, f.ID)
	}
	return strings.Join(list, " ")
}

func TestFrames(t *testing.T) {
	t.Parallel()
	rules := quiz.DefaultRules()
	rules.StreamDelay = 3 * time.Second
	b := sit(t, rules, choice(2, 1), choice(2, 1))
	shows := func(want string) {
		t.Helper()
		if got := ids(b.q, b.now); got != want {
			t.Errorf("shown: %q, want %q", got, want)
		}
	}
	shows("")
	b.move(b.q.Ask(quiz.Ask{Number: 1, Media: 7}, b.now))
	shows("quiz/1/question")
	first := quiz.Frame{
		ID: "quiz/1/question", Kind: quiz.QuestionFrame, Number: 1, At: b.now, Media: 7,
		ClosesAt: b.now + 13*second, DisplayBy: b.now + 3*second, ExpiresAt: b.now + 13*second,
	}
	if got := b.q.Frames(b.now)[0]; got != first {
		t.Errorf("%+v, want %+v", got, first)
	}
	b.wait(13 * time.Second)
	shows("quiz/1/question")
	b.wait(time.Microsecond)
	shows("")
	b.close()
	shows("quiz/1/close")
	b.reveal()
	shows("quiz/1/close quiz/1/reveal quiz/1/outcome")
	outcome := quiz.Frame{
		ID: "quiz/1/outcome", Kind: quiz.OutcomeFrame, Number: 1, At: b.now, Media: b.now,
		ClosesAt: first.ClosesAt, DisplayBy: b.now + 3*second, ExpiresAt: b.now + 123*second,
	}
	if got := b.q.Frames(b.now)[2]; got != outcome {
		t.Errorf("%+v, want %+v", got, outcome)
	}
	b.wait(time.Second)
	b.ask()
	shows("quiz/1/close quiz/1/reveal quiz/1/outcome quiz/2/question")
	b.close()
	shows("quiz/2/close")
	b.reveal()
	b.finish()
	shows("quiz/2/close quiz/2/reveal quiz/2/outcome quiz/0/finish")
	b.wait(time.Hour)
	shows("")
}

func TestCancelFrame(t *testing.T) {
	t.Parallel()
	b := sit(t, quiz.DefaultRules(), choice(2, 1))
	q, err := b.q.Cancel("", b.now)
	if err != nil || ids(q, b.now) != "" {
		t.Errorf("%q of a quiz that nobody saw, %v", ids(q, b.now), err)
	}
	b.ask()
	q, err = b.q.Cancel("", b.now+5)
	want := quiz.Frame{ID: "quiz/0/cancel", Kind: quiz.CancelFrame, At: b.now + 5, DisplayBy: b.now + 5, ExpiresAt: b.now + 5 + 120*second}
	if got := q.Frames(b.now + 6); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// Where revives by choice may still have moved the last tally, it is not shown once more
// under the same id.
func TestFramesOfMovedTally(t *testing.T) {
	t.Parallel()
	rules := quiz.DefaultRules()
	rules.Revives.Mode = quiz.ReviveChosen
	b := sit(t, rules, choice(2, 1))
	b.ask()
	b.close()
	b.reveal()
	b.finish()
	if got := ids(b.q, b.now); got != "quiz/1/outcome quiz/0/finish" {
		t.Errorf("shown: %q", got)
	}
}

// A frame is the same whenever it is made, and so is what it is made of.
func TestFramesStay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := begin(t, rt)
		seen := make(map[string]string)
		look := func() {
			for _, f := range s.q.Frames(s.now) {
				text := fmt.Sprintf("%+v", f)
				if f.Kind == quiz.RevealFrame {
					text += fmt.Sprintf("%+v", s.q.Round(f.Number).Tally)
				}
				if was, ok := seen[f.ID]; ok && was != text {
					rt.Fatalf("%s\nwas\n%s", text, was)
				}
				seen[f.ID] = text
			}
		}
		for range s.q.Rounds {
			s.between()
			look()
			s.ask()
			look()
			s.behave()
			s.close()
			look()
			s.reveal(s.right()...)
			look()
		}
		s.between()
		s.finish()
		look()
	})
}

func TestFrameKinds(t *testing.T) {
	t.Parallel()
	var personal []string
	for k := quiz.QuestionFrame; k <= quiz.CancelFrame; k++ {
		if k.Personal() {
			personal = append(personal, k.String())
		}
	}
	if !slices.Equal(personal, []string{"outcome", "finish"}) || quiz.FrameKind(0).String() != "unknown" || quiz.FrameKind(99).String() != "unknown" {
		t.Errorf("%v differ from viewer to viewer", personal)
	}
}

func TestParseFrameID(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "/", "quiz", "quiz/1", "quiz/1/", "/1/question", "quiz/0/question", "quiz/1/finish", "quiz/1/cancel", "quiz/101/question",
		"quiz/-1/question", "quiz/+1/question", "quiz/01/question", "quiz/1/question/", "quiz/1/Question", "quiz//question", "a/b/1/question",
		"quiz/99999999999999999999/question",
	} {
		if id, n, kind, ok := quiz.ParseFrameID(s); ok {
			t.Errorf("%q is %q, %d, %s", s, id, n, kind)
		}
	}
}

func FuzzParseFrameID(f *testing.F) {
	for _, seed := range []string{"quiz/1/question", "quiz/0/finish", "q.z_u:i-1/100/outcome", "quiz/1/finish", "//", "quiz/007/close"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, n, kind, ok := quiz.ParseFrameID(s)
		if ok != (id != "") {
			t.Fatalf("%q: %q, %v", s, id, ok)
		}
		if ok && quiz.FrameID(id, n, kind) != s {
			t.Fatalf("%q is read as %q", s, quiz.FrameID(id, n, kind))
		}
	})
}
