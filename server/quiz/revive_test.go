package quiz_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/store"
)

// A grant counts once however often it is made, also when questions were asked meanwhile;
// one who is out comes back by it, once however often they ask, and others do not.
func TestGrantsAndRevives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		s := node(t, set)
		create(t, s, 3, func(r *rules.Rules) { r.Revives.Mode, r.Revives.MaxUsed = rules.ReviveChosen, 5 })
		grant := func(count int) error {
			return s.Grant(t.Context(), backend, ref, quiz.Grant{Users: []live.UserID{"ann"}, Count: count, RequestID: "gift"})
		}
		standing := func(user string) quiz.Standing {
			t.Helper()
			_, got, err := s.Standing(t.Context(), viewer(user), ref, "")
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		for range 2 {
			if err := grant(2); err != nil {
				t.Fatal(err)
			}
		}
		for _, other := range []quiz.Grant{{Users: []live.UserID{"ann"}, Count: 3}, {Users: []live.UserID{"ann", "bob"}, Count: 2}} {
			other.RequestID = "gift"
			if err := s.Grant(t.Context(), backend, ref, other); !errors.Is(err, store.ErrRequestReused) {
				t.Errorf("%+v: %v", other, err)
			}
		}
		time.Sleep(time.Millisecond) // a grant counts for what is asked after it
		ask(t, s, 1)
		for _, user := range []string{"ann", "bob"} {
			if _, err := submit(t, s, user, 1, 2, ""); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(13 * time.Second) // closed and evaluated, and not revealed
		if got := standing("ann"); got.Status != rules.Playing || len(got.Answers) != 1 || got.Answers[0].Outcome != rules.NoOutcome {
			t.Errorf("before the reveal: %+v", got)
		}
		reveal(t, s, 1)
		if err := grant(2); err != nil {
			t.Fatal(err)
		}
		if err := grant(3); !errors.Is(err, store.ErrRequestReused) {
			t.Errorf("another number: %v", err)
		}
		if got := standing("ann"); got.Status != rules.Revivable || got.RevivesLeft != 2 {
			t.Fatalf("after the reveal: %+v", got)
		}
		for range 2 {
			got, err := s.Revive(t.Context(), viewer("ann"), ref, 1, "")
			if err != nil || got.Status != rules.Playing || got.RevivesLeft != 1 {
				t.Fatalf("revived: %+v, %v", got, err)
			}
		}
		if _, err := s.Revive(t.Context(), viewer("bob"), ref, 1, ""); !errors.Is(err, rules.ErrReviveUnavailable) {
			t.Errorf("without a revive: %v", err)
		}
		ask(t, s, 2)
		if _, got, err := node(t, set).Standing(t.Context(), viewer("ann"), ref, ""); err != nil || got.Status != rules.Playing || got.RevivesLeft != 1 {
			t.Errorf("at another node: %+v, %v", got, err)
		}
		if got, err := node(t, set).Revive(t.Context(), viewer("ann"), ref, 1, ""); err != nil || got.Status != rules.Playing {
			t.Errorf("revived while the next is asked: %+v, %v", got, err)
		}
		if _, err := submit(t, s, "bob", 2, 1, ""); !errors.Is(err, rules.ErrNotPlaying) {
			t.Errorf("one who is out: %v", err)
		}
		if _, err := submit(t, s, "ann", 2, 1, ""); err != nil {
			t.Fatal(err)
		}
		if err := grant(2); err != nil {
			t.Fatal(err)
		}
		if q := reveal(t, s, 2); q.Remaining != 1 {
			t.Errorf("%+v", q)
		}
		if got := standing("ann"); got.RevivesLeft != 1 || got.Used != 1 {
			t.Errorf("in the end: %+v", got)
		}
		if _, err := s.Revive(t.Context(), viewer("ann"), ref, 1, ""); err != nil {
			t.Errorf("revived long ago: %v", err)
		}
		var facts []quiz.Fact
		token, err := "", error(nil)
		for more := true; more && err == nil; more = token != "" {
			var some []quiz.Fact
			some, token, err = s.Facts(t.Context(), backend, quiz.LogQuery{Ref: ref, Size: 1, Token: token})
			facts = append(facts, some...)
		}
		if err != nil || len(facts) != 5 {
			// three answers, a grant and a revive are what the result follows from
			t.Errorf("%+v, %v", facts, err)
		}
	})
}
