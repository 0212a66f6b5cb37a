package quiz_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live/ledger"
	rules "github.com/ovation-live/ovation/live/quiz"
)

// A quiz whose host has vanished is cancelled in its time, wherever it is, and its pot goes
// back; what the host does puts that off.
func TestAHostWhoVanishes(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string]func(ask, reveal func(rules.Number)){
		"in the middle of a question": func(ask, _ func(rules.Number)) { ask(1) },
		"after a reveal":              func(ask, reveal func(rules.Number)) { ask(1); reveal(1) },
		"in the second question":      func(ask, reveal func(rules.Number)) { ask(1); reveal(1); ask(2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				set := newSet(t)
				s := node(t, set)
				create(t, s, 3, func(r *rules.Rules) { r.Pot, r.AbandonAfter = 1000, 10*time.Minute })
				last := time.Now()
				steps(
					func(n rules.Number) {
						time.Sleep(5 * time.Minute)
						last = time.Now()
						ask(t, s, n)
					},
					func(n rules.Number) {
						time.Sleep(5 * time.Minute)
						last = time.Now()
						reveal(t, s, n)
					})
				time.Sleep(time.Until(last.Add(9 * time.Minute)))
				if q := find(t, set); !q.State.Running() {
					t.Fatalf("%v before its time", q.State)
				}
				time.Sleep(2 * time.Minute)
				if q := find(t, set); q.State != rules.Cancelled {
					t.Fatalf("%v after its time", q.State)
				}
				balance, err := set.Ledger.Balances(t.Context(), []ledger.Account{{Kind: ledger.House}, {Kind: ledger.Pot, Owner: "r/q"}})
				if err != nil || balance.Amounts[0] != 0 || balance.Amounts[1] != 0 {
					t.Errorf("%+v, %v; want nothing on either account", balance, err)
				}
			})
		})
	}
}
