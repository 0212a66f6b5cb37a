package quiz_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/quiz"
)

// Who has answered, or was there, plays from then on, and is told what they answered; also by
// a node that took neither.
func TestStandingDuringAQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		s, other := node(t, set), node(t, set)
		create(t, s, 2)
		ask(t, s, 1)
		if _, err := submit(t, s, "ann", 1, 2, ""); err != nil {
			t.Fatal(err)
		}
		note := rules.Note{Kind: rules.Entered, User: "bob", At: set.Clock.Now()}
		slot := rules.Slot{Ref: ref, Question: 1, Shard: rules.ShardOf("bob")}
		if err := s.Note(t.Context(), slot, []rules.Note{note}); err != nil {
			t.Fatal(err)
		}
		check := func(when, user string, status rules.Status, options ...rules.Option) {
			t.Helper()
			time.Sleep(time.Second + time.Millisecond) // nodes' views are as of a second ago at most
			_, got, err := other.Standing(t.Context(), viewer(user), ref, "")
			var given []rules.Option
			for _, a := range got.Answers {
				given = append(given, a.Option)
			}
			if err != nil || got.Status != status || len(given) != len(options) || len(given) > 0 && given[0] != options[0] {
				t.Errorf("%s, %s: %+v, %v; want %v with %v", when, user, got, err, status, options)
			}
		}
		check("open", "ann", rules.Playing, 2)
		check("open", "bob", rules.Playing)
		check("open", "cy", rules.Spectator)
		time.Sleep(11 * time.Second) // over, not sealed
		check("over", "ann", rules.Playing, 2)
		check("over", "cy", rules.Spectator)
		reveal(t, s, 1)
		check("revealed", "ann", rules.Out, 2)
		check("revealed", "bob", rules.Playing, 0)
		ask(t, s, 2)
		check("the next", "cy", rules.Spectator)
		check("the next", "bob", rules.Playing, 0)
	})
}

// Who repeats an answer is told the one that counts, however late: while the question is open,
// when it is over, sealed, revealed, another is asked, and the quiz is finished. Others are
// told that they are late.
func TestAnswersThatAreRepeatedLate(t *testing.T) {
	t.Parallel()
	for _, volatile := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { repeatedLate(t, func(c *quiz.Config) { c.Volatile = volatile }) })
	}
}

// repeatedLate is a quiz of two questions, at whose every stage somebody answers late.
func repeatedLate(t *testing.T, edit func(*quiz.Config)) {
	t.Helper()
	set := newSet(t)
	s, other := node(t, set, edit), node(t, set, edit)
	create(t, s, 2, func(r *rules.Rules) { r.Pot = 10 })
	ask(t, s, 1)
	first, err := submit(t, s, "ann", 1, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		for _, at := range []*quiz.Service{s, other} {
			for option := rules.Option(1); option <= 2; option++ {
				got, err := submit(t, at, "ann", 1, option, "")
				if err != nil || !got.Duplicate || got.Option != 1 || got.Received != first.Received {
					t.Errorf("%s: %+v, %v", when, got, err)
				}
			}
		}
	}
	late := func(when string, user live.UserID, n rules.Number) {
		t.Helper()
		tooLate := new(rules.LateError)
		if got, err := submit(t, other, string(user), n, 1, ""); !errors.As(err, &tooLate) {
			t.Errorf("%s: %+v, %v", when, got, err)
		}
	}
	check("open")
	time.Sleep(11 * time.Second)
	check("over, not sealed")
	late("over, not sealed", "bob", 1)
	time.Sleep(2 * time.Second)
	check("sealed")
	late("sealed", "bob", 1)
	reveal(t, s, 1)
	check("revealed")
	ask(t, s, 2)
	check("the next")
	late("the next", "bob", 1)
	time.Sleep(13 * time.Second)
	late("not answered", "ann", 2)
	reveal(t, s, 2)
	finish(t, s)
	check("finished")
	late("finished", "bob", 1)
	late("never asked", "ann", 3)
}
