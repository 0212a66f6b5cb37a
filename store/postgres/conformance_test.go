package postgres_test

import (
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/storetest"
)

// Quizzes, the books and visits need no other backend, but for being published.
func TestStore(t *testing.T) {
	t.Parallel()
	const unheard = "Postgres publishes nothing"
	var excludes []storetest.Exclude
	for _, name := range []string{
		"quizzes/CreateQuizReturnsItAsStored", "quizzes/ChangeQuizOfNothingIsNoRevision", "quizzes/ChangeQuizIsHeard",
		"quizzes/ChangeQuizRefusedWritesNothing",
		"quizzes_races/ChangesAreCounted",
	} {
		excludes = append(excludes, storetest.Exclude{Test: name, Reason: unheard})
	}
	roles := []string{
		"events", "consumers", "webhooks", "quizzes", "ledger", "gifts", "visits",
		"events_races", "consumers_races", "quizzes_races", "ledger_races", "gifts_races", "visits_races",
	}
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			storetest.RunRoles(t, func(tb testing.TB) storetest.Backend {
				tb.Helper()
				return openSuite(tb, mode)
			}, roles, excludes...)
		})
	}
}

// checks is how often a property is checked: statements are the same in every mode, and what
// goes into them and comes out is of few types.
var checks = map[postgres.ExecMode]int{postgres.CacheStatement: 20, postgres.Exec: 5, postgres.SimpleProtocol: 5}

// openSuite opens a store whose clock the suite moves.
func openSuite(tb testing.TB, mode postgres.ExecMode) storetest.Backend {
	tb.Helper()
	clock := storetest.NewClock(live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)))
	schema, giveBack := schemas.Borrow(tb)
	c := inSchema(tb, schema)
	c.ExecMode, c.Clock, c.MaxConns = mode, clock.Now, 4
	s := connect(tb, c)
	return storetest.Backend{
		Set: store.Set{
			Rooms: s, Events: s, Consumers: s, Webhooks: s, Quizzes: s, Ledger: s, Gifts: s, Visits: s,
		},
		Clock:  clock,
		Checks: checks[mode],
		Close: func() {
			s.Close()
			giveBack()
		},
	}
}
