package quiz_test

import (
	"testing"
	"testing/synctest"
	"time"

	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/store/memory"
)

// A quiz of a name that another had, which was forgotten, is played as any: at nodes that
// knew the other too, and with a pot of its own.
func TestANameThatIsUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t, memory.WithQuizRetention(time.Hour))
		nodes := []*quiz.Service{node(t, set), node(t, set)}
		for round := range 2 {
			create(t, nodes[0], 1, func(r *rules.Rules) { r.Pot, r.Missed = 10, rules.EliminateMissed })
			ask(t, nodes[0], 1)
			for i, user := range []string{"ann", "bob"} {
				if done, err := submit(t, nodes[i], user, 1, rules.Option(1+(i+round)%2), ""); err != nil || done.Duplicate {
					t.Fatalf("%s in round %d: %+v, %v", user, round, done, err)
				}
			}
			reveal(t, nodes[0], 1)
			if q := finish(t, nodes[0]); q.Result.Share != 10 {
				t.Errorf("round %d: %+v", round, q.Result)
			}
			for i, user := range []string{"ann", "bob"} {
				want := []rules.Status{rules.Won, rules.Out}[(i+round)%2]
				time.Sleep(2 * time.Second)
				if _, got, err := nodes[1].Standing(t.Context(), viewer(user), ref, ""); err != nil || got.Status != want || len(got.Answers) != 1 {
					t.Errorf("%s after round %d: %+v, %v", user, round, got, err)
				}
			}
			time.Sleep(time.Hour)
			if _, _, err := set.Presence.Expire(t.Context(), 10); err != nil { // what forgets
				t.Fatal(err)
			}
		}
		for _, user := range []string{"ann", "bob"} {
			if got := balance(t, set, user); got != 10 {
				t.Errorf("%s has %d coins", user, got)
			}
		}
	})
}
