// Package storetest is the suite that every backend of package store passes: what
// the roles' comments promise, sentence by sentence, and benchmarks of each role.
//
// A backend's own tests call Run and Benchmark with a function that opens a fresh,
// empty store. Nothing in the suite depends on how fast a backend is: what must not
// happen yet is given an hour, what must happen is waited for, and what can only be
// told with exact instants runs where the backend takes its time from a Clock.
package storetest

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// Backend is a fresh, empty store and what the suite may do to it.
type Backend struct {
	store.Set

	// Clock is where the store takes its instants from; nil: it has a clock of its
	// own. Tests that need exact instants are skipped then.
	Clock *Clock
	// Break cuts the store's connections once, so that calls under way may fail with
	// store.ErrUnavailable and publications under way may be lost; it heals by
	// itself. nil: there is nothing to cut.
	Break func()
	// Checks is how often properties are checked, for a store over a network that a hundred
	// checks take long of; 0: as often as package rapid does. See Check.
	Checks int
	// Close closes the store before the test is over, for tests that open many. It is not
	// used afterwards. nil: it costs nothing to leave it open.
	Close func()
	// Records says that the store was opened with Payloads.
	Records bool
	// Restart has the store go away and come back, maybe without the latest entries of
	// its logs, each of which then goes on in another life. Until it is back calls fail
	// with store.ErrUnavailable, and publications are lost. It is called once at a time.
	// nil: the store has nothing to come back with.
	Restart func()
}

// Open returns a fresh, empty store and closes it when the test is over. It is
// called from many tests at once.
type Open func(tb testing.TB) Backend

// Exclude leaves a test out for a backend that cannot pass it.
type Exclude struct {
	Test   string // "role/Name"
	Reason string // a sentence for whoever reads the test's output
}

// test is one promise.
type test struct {
	name string
	run  func(t *testing.T, s *rig)
}

// has says whether a store has what a role's tests are of; nil: every store has.
type has func(s store.Set) bool

func hasQuizzes(s store.Set) bool { return s.Quizzes != nil && s.Ledger != nil && s.Events != nil }
func hasConsumers(s store.Set) bool {
	return s.Events != nil && s.Consumers != nil && s.Webhooks != nil
}
func hasAnswers(s store.Set) bool { return s.Answers != nil }
func hasLedger(s store.Set) bool  { return s.Ledger != nil }
func hasVisits(s store.Set) bool  { return s.Visits != nil && s.Events != nil }
func hasReports(s store.Set) bool { return s.Reports != nil }

// roles is the whole suite, a role after the other, and what happens to several at once.
var roles = []struct {
	name  string
	tests []test
	has   has
}{
	{"rooms", roomsTests, nil},
	{"log", logTests, nil},
	{"attributes", attributesTests, nil},
	{"presence", presenceTests, nil},
	{"sanctions", sanctionsTests, nil},
	{"bus", busTests, nil},
	{"follow", followTests, nil},
	{"words", wordsTests, nil},
	{"history", historyTests, nil},
	{"nodes", nodesTests, nil},
	{"events", eventsTests, nil},
	{"consumers", consumersTests, hasConsumers},
	{"webhooks", webhooksTests, hasConsumers},
	{"recording", recordingTests, hasConsumers},
	{"quizzes", quizzesTests, hasQuizzes},
	{"answers", answersTests, hasAnswers},
	{"ledger", ledgerTests, hasLedger},
	{"gifts", giftsTests, hasGifts},
	{"games", gamesTests, func(s store.Set) bool { return hasQuizzes(s) && hasAnswers(s) }},
	{"visits", visitsTests, hasVisits},
	{"reports", reportsTests, hasReports},
	{"log_races", logRaces, nil},
	{"rooms_races", roomsRaces, nil},
	{"attributes_races", attributesRaces, nil},
	{"presence_races", presenceRaces, nil},
	{"sanctions_races", sanctionsRaces, nil},
	{"events_races", eventsRaces, nil},
	{"consumers_races", consumersRaces, hasConsumers},
	{"quizzes_races", quizzesRaces, hasQuizzes},
	{"answers_races", answersRaces, hasAnswers},
	{"ledger_races", ledgerRaces, hasLedger},
	{"visits_races", visitsRaces, hasVisits},
	{"gifts_races", giftsRaces, hasGifts},
	{"reports_races", reportsRaces, hasReports},
	{"interrupted", interruptedTests, nil},
	{"refusals", refusalsTests, nil},
}

// Run runs the suite, each test with a store of its own, all in parallel.
func Run(t *testing.T, open Open, excludes ...Exclude) {
	t.Helper()
	RunRoles(t, open, nil, excludes...)
}

// RunRoles is Run for some roles alone, nil: for all.
func RunRoles(t *testing.T, open Open, names []string, excludes ...Exclude) {
	t.Helper()
	reasons := make(map[string]string)
	for _, e := range excludes {
		if !exists(e.Test) || e.Reason == "" {
			t.Errorf("exclusion of %q: there is no such test, or no reason", e.Test)
		}
		reasons[e.Test] = e.Reason
	}
	for _, role := range roles {
		if names != nil && !slices.Contains(names, role.name) {
			continue
		}
		t.Run(role.name, func(t *testing.T) {
			t.Parallel()
			for _, test := range role.tests {
				reason := reasons[role.name+"/"+test.name]
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					if reason != "" {
						t.Skip(reason)
					}
					s := newRig(t, open)
					if role.has != nil && !role.has(s.Set) {
						t.Skip("the store does not have the role")
					}
					test.run(t, s)
				})
			}
		})
	}
}

// exists says whether the suite has a test of that name.
func exists(name string) bool {
	for _, role := range roles {
		for _, test := range role.tests {
			if role.name+"/"+test.name == name {
				return true
			}
		}
	}
	return false
}

// patience is how long the suite waits for what must happen.
const patience = 20 * time.Second

// failer is what a rig needs of a test, a benchmark, or one check of a property.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// rig is a store under test. Its methods call the store's and fail the test on an
// error; to see an error, call the role.
type rig struct {
	Backend
	t    failer
	open func() *rig // another store, as fresh
}

func newRig(tb testing.TB, open Open) *rig {
	tb.Helper()
	return &rig{Backend: open(tb), t: tb, open: func() *rig { return newRig(tb, open) }}
}

// close closes a store that a test does not need any more.
func (s *rig) close() {
	if s.Close != nil {
		s.Close()
	}
}

// check checks a property of a store, with the id of another room to create each time.
func (s *rig) check(t *testing.T, property func(t *rapid.T, s *rig, id live.RoomID)) {
	t.Helper()
	n := 0
	s.checks(t, func(t *rapid.T) {
		n++
		property(t, &rig{s.Backend, t, s.open}, live.RoomID(fmt.Sprint("r", n)))
	})
}

// checks checks a property as often as the backend says.
func (s *rig) checks(t *testing.T, property func(t *rapid.T)) {
	t.Helper()
	Check(t, s.Checks, property)
}

// Check checks a property so often, or, where that is 0, or -rapid.checks was given, as often as
// package rapid does. One that does not hold is checked on, to find the least that it does not
// hold for.
func Check(t *testing.T, most int, property func(t *rapid.T)) {
	t.Helper()
	flag.Visit(func(f *flag.Flag) {
		if f.Name == "rapid.checks" {
			most = 0
		}
	})
	n, failed := 0, false
	rapid.Check(t, func(t *rapid.T) {
		if n++; most > 0 && n > most && !failed {
			return
		}
		defer func() { failed = failed || t.Failed() }()
		property(t)
	})
}

// clock skips a test that needs exact instants if there are none.
func (s *rig) clock(t *testing.T) *Clock {
	t.Helper()
	if s.Clock == nil {
		t.Skip("the store has a clock of its own")
	}
	return s.Clock
}

// swift skips a test that needs what it has done since begun to lie within one second,
// if it took too long for that to be certain.
func (s *rig) swift(t *testing.T, begun time.Time) {
	t.Helper()
	if s.Clock == nil && time.Since(begun) > time.Second/2 {
		t.Skip("the machine was too slow to tell")
	}
}

// pass lets time pass on the store's clock.
func (s *rig) pass(d time.Duration) {
	if s.Clock != nil {
		s.Clock.Advance(d)
		return
	}
	time.Sleep(d)
}

// eventually waits until a condition holds.
func (s *rig) eventually(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !holds(); {
		if time.Now().After(deadline) {
			s.t.Fatalf("after %v still not: %s", patience, what)
		}
		s.pass(time.Millisecond)
		runtime.Gosched()
	}
}

// parallel calls f n times at once and waits for all.
func parallel(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// meanwhile calls f while the test goes on. The channel is closed when f has returned.
func meanwhile(f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	return done
}

// newRoom returns a room to create, with something in every field that a caller
// sets.
func newRoom(id live.RoomID) room.Room {
	settings := room.DefaultSettings()
	settings.Feed.SlowMode = time.Second
	settings.InlinePercent = 10
	return room.Room{
		ID:       id,
		Title:    "An evening of " + string(id),
		Host:     "host",
		Settings: settings,
		Labels:   map[string]string{"topic": "music", "place": "Wien"},
	}
}

// roomy is limits that refuse nothing, however fast the machine.
var roomy = feed.Limits{Rate: 1 << 30, WhitelistRate: 1 << 30, Capacity: 10_000}

// ahead is a revision that no room of a test gets to: limits of it count.
const ahead = 1 << 40

// under returns limits that count.
func under(limits feed.Limits) store.Limits { return store.Limits{Limits: limits, Revision: ahead} }

// draft returns a plain text.
func draft(sender live.UserID, text string) feed.Draft {
	return feed.Draft{
		Content: feed.Content{Kind: feed.KindText, Sender: sender, Text: text},
		Bucket:  feed.Low,
	}
}

// drafts returns n plain texts.
func drafts(n int) []feed.Draft {
	all := make([]feed.Draft, n)
	for i := range all {
		all[i] = draft("ann", fmt.Sprint("text ", i))
	}
	return all
}
