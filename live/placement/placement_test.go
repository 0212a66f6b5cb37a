package placement_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/placement"
)

func nodeNumber(i int) placement.Node {
	return placement.Node{Name: fmt.Sprintf("http://10.0.0.%d:8080", i+1)}
}

// nodeNumbers returns nodes that take everybody in.
func nodeNumbers(n int) []placement.Node {
	all := make([]placement.Node, n)
	for i := range all {
		all[i] = nodeNumber(i)
	}
	return all
}

func roomNumber(i int) live.RoomID { return live.RoomID(fmt.Sprint("room-", i)) }
func userNumber(i int) live.UserID { return live.UserID(fmt.Sprint("user-", i)) }

func TestSpread(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ viewers, perNode, want, hold int }{
		{-1, 5000, 1, 1},
		{0, 5000, 1, 1},
		{1, 5000, 1, 1},
		{4000, 5000, 1, 1},
		{4001, 5000, 1, 2}, // 5,001 with the slack
		{5000, 5000, 1, 2},
		{5001, 5000, 2, 2},
		{8001, 5000, 2, 3},
		{1_000_000, 5000, 200, 250},
		{3, 1, 3, 3},
		{4, 1, 4, 5},
		{7, 0, 7, 8},
	} {
		if got := placement.Spread(tt.viewers, tt.perNode); got != tt.want {
			t.Errorf("%d viewers at %d: on %d nodes, want %d", tt.viewers, tt.perNode, got, tt.want)
		}
		if got := placement.Hold(tt.viewers, tt.perNode); got != tt.hold {
			t.Errorf("%d viewers at %d: stay on %d nodes, want %d", tt.viewers, tt.perNode, got, tt.hold)
		}
	}
}

func TestSurplus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ here, viewers, n, perNode, want int }{
		{6000, 6000, 1, 5000, 0},
		{6000, 6000, 0, 5000, 0},
		{6000, 6000, 2, 5000, 0}, // within the slack
		{6250, 6500, 2, 5000, 0},
		{6251, 6500, 2, 5000, 3001},
		{9000, 12_000, 3, 5000, 5000},
		{9000, 18_000, 2, 5000, 0}, // as many as there are nodes for
		{12_000, 18_000, 2, 5000, 3000},
		{7, 3, 2, 5, 5}, // counts of different instants
	} {
		if got := placement.Surplus(tt.here, tt.viewers, tt.n, tt.perNode); got != tt.want {
			t.Errorf("%+v: %d too many", tt, got)
		}
	}
}

func TestChooseAtTheEdges(t *testing.T) {
	t.Parallel()
	if got := placement.Choose(nil, "r", 2); len(got) != 0 {
		t.Errorf("of no nodes: %q", got)
	}
	if got := placement.For(nil, "r", 2, "u"); got != "" {
		t.Errorf("of no nodes: %q", got)
	}
	if got := placement.Choose(nodeNumbers(3), "r", -1); len(got) != 0 {
		t.Errorf("on -1 nodes: %q", got)
	}
	if got := placement.Choose(nodeNumbers(3), "r", 5); len(got) != 3 {
		t.Errorf("on 5 of 3 nodes: %q", got)
	}
	twice := []placement.Node{{Name: "a", Draining: true}, {Name: "a"}, {Name: "b", Draining: true}}
	if got := placement.Choose(twice, "r", 3); !slices.Equal(got, []string{"a"}) {
		t.Errorf("of a, which drains and does not, and b, which does: %q", got)
	}
}

// A room's place must not change with the build: nodes of two builds run side by side
// while one takes the other's place.
func TestChoiceNeverChanges(t *testing.T) {
	t.Parallel()
	nodes := nodeNumbers(5)
	got := placement.Choose(nodes, "demo", 5)
	want := []string{
		"http://10.0.0.4:8080", "http://10.0.0.1:8080", "http://10.0.0.2:8080", "http://10.0.0.5:8080", "http://10.0.0.3:8080",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := placement.For(nodes, "demo", 3, "ann"); got != "http://10.0.0.2:8080" {
		t.Errorf("ann is on %q", got)
	}
}

// drawNodes draws some nodes of ten, some of which drain.
func drawNodes(t *rapid.T) []placement.Node {
	nodes := nodeNumbers(rapid.IntRange(1, 10).Draw(t, "nodes"))
	for i := range nodes {
		nodes[i].Draining = rapid.Bool().Draw(t, "draining")
	}
	return nodes
}

func TestTheOrderOfNodesDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		nodes := drawNodes(t)
		room, user := live.RoomID(rapid.String().Draw(t, "room")), live.UserID(rapid.String().Draw(t, "user"))
		n := rapid.IntRange(1, 12).Draw(t, "n")
		mixed := rapid.Permutation(nodes).Draw(t, "mixed")
		if a, b := placement.Choose(nodes, room, n), placement.Choose(mixed, room, n); !slices.Equal(a, b) {
			t.Fatalf("%q and %q", a, b)
		}
		if a, b := placement.For(nodes, room, n, user), placement.For(mixed, room, n, user); a != b {
			t.Fatalf("%q and %q", a, b)
		}
	})
}

func TestChosenNodesAreOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		nodes := drawNodes(t)
		room, user := live.RoomID(rapid.String().Draw(t, "room")), live.UserID(rapid.String().Draw(t, "user"))
		n := rapid.IntRange(1, 12).Draw(t, "n")
		open := 0
		drains := make(map[string]bool)
		for _, node := range nodes {
			drains[node.Name] = node.Draining
			if !node.Draining {
				open++
			}
		}
		chosen := placement.Choose(nodes, room, n)
		available := open
		if open == 0 {
			available = len(nodes)
		}
		if len(chosen) != min(n, available) {
			t.Fatalf("%q of %+v, want %d", chosen, nodes, n)
		}
		for i, name := range chosen {
			if open > 0 && drains[name] || slices.Contains(chosen[:i], name) {
				t.Fatalf("%q of %+v", chosen, nodes)
			}
		}
		if on := placement.For(nodes, room, n, user); !slices.Contains(chosen, on) {
			t.Fatalf("the user is on %q, the room on %q", on, chosen)
		}
	})
}

// One node more in the room, and the others are as before; the users who move go to it.
func TestMoreNodesMoveUsersToTheNewAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		nodes, room := drawNodes(t), live.RoomID(rapid.String().Draw(t, "room"))
		n := rapid.IntRange(1, 12).Draw(t, "n")
		fewer, more := placement.Choose(nodes, room, n), placement.Choose(nodes, room, n+1)
		if !slices.Equal(more[:len(fewer)], fewer) {
			t.Fatalf("on %d: %q, on one more: %q", n, fewer, more)
		}
		user := live.UserID(rapid.String().Draw(t, "user"))
		before, after := placement.Among(fewer, room, user), placement.Among(more, room, user)
		if before != after && after != more[len(more)-1] {
			t.Fatalf("moved from %q to %q, not to the one that came", before, after)
		}
	})
}

// A node that comes takes, one that goes leaves, and between the others nothing moves.
func TestANodeMovesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		nodes := nodeNumbers(rapid.IntRange(2, 10).Draw(t, "nodes"))
		leaver := rapid.IntRange(0, len(nodes)-1).Draw(t, "leaver")
		room, n := live.RoomID(rapid.String().Draw(t, "room")), rapid.IntRange(1, 12).Draw(t, "n")
		gone := slices.Delete(slices.Clone(nodes), leaver, leaver+1)
		if rapid.Bool().Draw(t, "drains") {
			gone = slices.Clone(nodes)
			gone[leaver].Draining = true
		}
		with, without := placement.Choose(nodes, room, n), placement.Choose(gone, room, n)
		kept := slices.DeleteFunc(slices.Clone(with), func(name string) bool { return name == nodes[leaver].Name })
		if !slices.Equal(without[:len(kept)], kept) {
			t.Fatalf("with it: %q, without: %q", with, without)
		}
	})
}

const manyRooms = 20_000

// About one in N rooms moves when one of N nodes comes or goes.
func TestAShareOfRoomsMoves(t *testing.T) {
	t.Parallel()
	for _, nodes := range []int{2, 3, 10, 30} {
		all := nodeNumbers(nodes)
		moved := 0
		for i := range manyRooms {
			if placement.Choose(all, roomNumber(i), 1)[0] != placement.Choose(all[1:], roomNumber(i), 1)[0] {
				moved++
			}
		}
		if want := manyRooms / nodes; moved < want*8/10 || moved > want*12/10 {
			t.Errorf("of %d nodes one went: %d of %d rooms moved, want about %d", nodes, moved, manyRooms, want)
		}
	}
}

func TestRoomsAndUsersAreEven(t *testing.T) {
	t.Parallel()
	all := nodeNumbers(7)
	rooms, users := make(map[string]int), make(map[string]int)
	chosen := placement.Choose(all, "large", 5)
	for i := range manyRooms {
		for _, name := range placement.Choose(all, roomNumber(i), 2) {
			rooms[name]++
		}
		users[placement.Among(chosen, "large", userNumber(i))]++
	}
	even := func(what string, counts map[string]int, nodes, want int) {
		if len(counts) != nodes {
			t.Errorf("%s are on %d nodes, want %d", what, len(counts), nodes)
		}
		for name, n := range counts {
			if n < want*9/10 || n > want*11/10 {
				t.Errorf("%s: %d on %s, want about %d", what, n, name, want)
			}
		}
	}
	even("rooms", rooms, 7, 2*manyRooms/7)
	even("users", users, 5, manyRooms/5)
}

// Between Spread and Hold there is room for a count to go up and down in.
func TestNobodyMovesForALittle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		perNode := rapid.IntRange(100, 10_000).Draw(t, "per node")
		viewers := rapid.IntRange(0, 1_000_000).Draw(t, "viewers")
		fewer := viewers - viewers*rapid.IntRange(0, placement.Slack*3/4).Draw(t, "hundredths")/100
		most, least := placement.Spread(viewers, perNode), placement.Hold(fewer, perNode)
		if least < most {
			t.Fatalf("%d are spread over %d nodes, %d may stay on %d", viewers, most, fewer, least)
		}
	})
}

func BenchmarkFor(b *testing.B) {
	for _, nodes := range []int{3, 30, 300} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			all := nodeNumbers(nodes)
			rand.Shuffle(nodes, func(i, j int) { all[i], all[j] = all[j], all[i] })
			for b.Loop() {
				placement.For(all, "room", 2, "user")
			}
		})
	}
}
