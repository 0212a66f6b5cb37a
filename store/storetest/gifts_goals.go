package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/store"
)

// aGoal returns a goal that counts all coins.
func aGoal(id gift.GoalID, target int64) gift.Goal {
	return gift.Goal{ID: id, Title: "Title \x00 of " + string(id), Measure: gift.Coins, Target: target}
}

func goalsAreReached(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 1000)
	coins, roses, bobs, shut := aGoal("coins \x00", 20), aGoal("roses", 5), aGoal("bobs", 3), aGoal("shut", 1)
	roses.Measure, roses.Gift, bobs.Receiver, shut.Closed = gift.Gifts, "rose \x00", "bob", true
	for _, g := range []gift.Goal{coins, roses, bobs, shut} {
		put := s.putGoal("r", g)
		g.Created = put.Created
		if put != g || put.Created == 0 {
			t.Errorf("PutGoal = %+v, want %+v", put, g)
		}
		s.pass(time.Microsecond)
	}
	lily := aSend("lily", "r", "ann", "host", 2)
	lily.Gift.ID = "lily"
	s.give(aSend("1", "r", "ann", "host", 4), lily)
	if got := s.goal("r", coins.ID).Progress; got != 0 {
		t.Errorf("what is not settled counts: %d", got)
	}
	s.settleAll()
	s.gave(aSend("2", "r", "ann", "bob", 1))
	s.settleAll()
	s.gave(aSend("3", "r", "ann", "host", 10))
	s.settleAll()
	for id, want := range map[gift.GoalID]int64{coins.ID: 51, "roses": 15, "bobs": 3} {
		if got := s.goal("r", id); got.Progress != want || got.Reached == 0 {
			t.Errorf("%+v, want %d", got, want)
		}
	}
	if goals := s.giftTotals("r", "").Goals; len(goals) != 3 || goals[0].ID != coins.ID || goals[2].ID != "bobs" {
		t.Errorf("goals = %+v", goals)
	}
	if goals := s.giftTotals("r", "host").Goals; len(goals) != 2 {
		t.Errorf("goals for host = %+v", goals)
	}
	if goals := s.giftTotals("", "bob").Goals; len(goals) != 0 {
		t.Errorf("goals of no room = %+v", goals)
	}
	var reached []string
	for _, e := range s.events(store.EventQuery{Limit: 100}) {
		if e.Kind == 6 {
			reached = append(reached, e.ID+": "+string(e.Payload))
		}
	}
	if want := []string{"goal r roses: 1 5", "goal r coins \x00: 1 21", "goal r bobs: 1 3"}; !sameStrings(reached, want) {
		t.Errorf("reached %q, want %q", reached, want)
	}
}

// sameStrings says whether two lists are equal, in whatever order.
func sameStrings(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func goalsKeepWhatTheyReached(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 1000)
	goal := s.putGoal("r", aGoal("g", 10))
	n := 0
	for i, step := range []struct {
		change   func(*gift.Goal)
		gives    int64
		progress int64
		reached  bool
	}{
		{func(*gift.Goal) {}, 2, 6, false},
		{func(g *gift.Goal) { g.Title = "another" }, 0, 6, false},
		{func(g *gift.Goal) { g.Target = 5 }, 0, 6, true},
		{func(g *gift.Goal) { g.Target = 7 }, 0, 6, false},
		{func(g *gift.Goal) { g.Closed = true }, 5, 6, false},
		{func(g *gift.Goal) { g.Closed = false }, 1, 9, true},
		{func(g *gift.Goal) { g.Measure = gift.Gifts }, 2, 2, false},
		{func(g *gift.Goal) { g.Receiver = "host" }, 3, 3, false},
		{func(g *gift.Goal) { g.Gift = "lily" }, 3, 0, false},
	} {
		created := goal.Created
		step.change(&goal)
		if put := s.putGoal("r", goal); put.Created != created {
			t.Errorf("%d: created at %d, then at %d", i, created, put.Created)
		}
		if n++; step.gives > 0 {
			s.gave(aSend(fmt.Sprint(n), "r", "ann", "host", step.gives))
			s.settleAll()
		}
		got := goal
		if !goal.Closed {
			got = s.goal("r", "g")
		}
		if !goal.Closed && (got.Progress != step.progress || (got.Reached != 0) != step.reached) {
			t.Errorf("%d: %+v, want %d, reached: %v", i, got, step.progress, step.reached)
		}
		goal = got
	}
}

// A goal that is reached because less is wished for is recorded as one that gifts reach.
func goalsAreReachedByLess(t *testing.T, s *rig) {
	s.create("r")
	s.fund("ann", 1000)
	goal := s.putGoal("r", aGoal("g", 10))
	s.gave(aSend("1", "r", "ann", "host", 2))
	s.settleAll()
	var want []string
	for i, step := range []struct {
		change  func(*gift.Goal)
		reached string
	}{
		{func(g *gift.Goal) { g.Target = 7 }, ""},
		{func(g *gift.Goal) { g.Target = 6 }, "6 of 6"},
		{func(*gift.Goal) {}, ""},
		{func(g *gift.Goal) { g.Title, g.Target = "less", 5 }, ""}, // it is already
		{func(g *gift.Goal) { g.Target = 9 }, ""},
		{func(g *gift.Goal) { g.Target = 4 }, "6 of 4"},
		{func(g *gift.Goal) { g.Receiver = "host" }, ""},
	} {
		s.pass(time.Microsecond)
		step.change(&goal)
		goal = s.putGoal("r", goal)
		if step.reached != "" {
			want = append(want, step.reached)
		}
		var got []string
		for _, e := range s.events(store.EventQuery{EventFilter: store.EventFilter{Kinds: []store.EventKind{6}}, Limit: 100}) {
			got = append(got, string(e.Payload))
			if len(got) == len(want) && step.reached != "" && (e.At != goal.Reached || goal.Reached == 0) {
				t.Errorf("%d: recorded at %d, reached at %d", i, e.At, goal.Reached)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: recorded %q, want %q", i, got, want)
		}
	}
}

func goalsAreLimited(t *testing.T, s *rig) {
	s.create("r")
	put := func(id gift.GoalID, closed bool) error {
		g := aGoal(id, 1)
		g.Closed = closed
		_, err := s.Gifts.PutGoal(t.Context(), "r", g, 2, recordGoal)
		return err
	}
	for i, step := range []struct {
		id     gift.GoalID
		closed bool
		want   error
	}{
		{"a", false, nil},
		{"b", false, nil},
		{"c", false, store.ErrGiftLimit},
		{"c", true, nil},
		{"a", false, nil},
		{"a", true, nil},
		{"c", false, nil},
		{"a", false, store.ErrGiftLimit},
	} {
		if err := put(step.id, step.closed); !errors.Is(err, step.want) {
			t.Errorf("%d: %v, want %v", i, err, step.want)
		}
	}
}
