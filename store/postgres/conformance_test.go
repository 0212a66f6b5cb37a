package postgres_test

import (
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/storetest"
)

// unheard is what is left out, for Postgres publishes nothing.
func unheard() (excludes []storetest.Exclude) {
	for _, name := range []string{
		"quizzes/CreateQuizReturnsItAsStored", "quizzes/ChangeQuizOfNothingIsNoRevision", "quizzes/ChangeQuizIsHeard",
		"quizzes/ChangeQuizRefusedWritesNothing",
		"quizzes_races/ChangesAreCounted",
	} {
		excludes = append(excludes, storetest.Exclude{Test: name, Reason: "Postgres publishes nothing"})
	}
	return excludes
}

// suite runs the suite of what needs no other backend, but for being published: quizzes, the
// books and visits.
func suite(t *testing.T, mode postgres.ExecMode, checks int) {
	t.Helper()
	storetest.RunRoles(t, func(tb testing.TB) storetest.Backend {
		tb.Helper()
		return openSuite(tb, mode, checks)
	}, []string{
		"events", "consumers", "webhooks", "quizzes", "ledger", "gifts", "visits",
		"events_races", "consumers_races", "quizzes_races", "ledger_races", "gifts_races", "visits_races",
	}, unheard()...)
}

// The mode that nodes have unless they are told otherwise, under the race detector. The others
// are in modes_test.go.
func TestStore(t *testing.T) {
	t.Parallel()
	suite(t, postgres.CacheStatement, 10)
}

// openSuite opens a store whose clock the suite moves.
func openSuite(tb testing.TB, mode postgres.ExecMode, checks int) storetest.Backend {
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
		Checks: checks,
		Close: func() {
			s.Close()
			giveBack()
		},
	}
}
