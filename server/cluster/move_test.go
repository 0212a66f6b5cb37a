package cluster_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
)

// A node that comes takes its share of rooms, each viewer moved once, and the others
// stay.
func TestRoomsMoveToWhoComes(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		a := r.start("http://a")
		r.pass(time.Second)
		const rooms, each = 40, 10
		for i := range rooms {
			id := live.RoomID(fmt.Sprint("room-", i))
			r.create(id)
			r.crowd(id, 0, each, a)
		}
		b := r.start("http://b")
		r.pass(9 * time.Second)
		if all, _ := r.moved(); all != 0 {
			t.Errorf("%d viewers were moved before the node had stayed a while", all)
		}
		r.pass(time.Minute)
		on := map[string]int{}
		for i := range rooms {
			id := live.RoomID(fmt.Sprint("room-", i))
			switch {
			case a.serves(id) == each && a.isPlace(id, each, "x"):
				on["a"]++
			case b.serves(id) == each && b.isPlace(id, each, "x"):
				on["b"]++
			default:
				t.Errorf("of %s %d viewers are on a, %d on b", id, a.serves(id), b.serves(id))
			}
		}
		if on["a"] < rooms/4 || on["b"] < rooms/4 {
			t.Errorf("rooms are on %v", on)
		}
		if all, most := r.moved(); all != on["b"]*each || most != 1 {
			t.Errorf("%d moves, %d of one; %v", all, most, on)
		}
		if got := a.value("moved_viewers_total"); int(got) != on["b"]*each {
			t.Errorf("counted %v moves", got)
		}
	})
}

// A room that grows spreads, evenly, and one that shrinks gathers again; who moves moves
// once for each.
func TestARoomSpreadsAndGathers(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		nodes := []*node{r.start("http://a"), r.start("http://b"), r.start("http://c"), r.start("http://d")}
		r.create("r")
		r.pass(2 * time.Second)
		first := nodes[0]
		for _, n := range nodes {
			if n.isPlace("r", 1, "x") {
				first = n
			}
		}
		r.crowd("r", 0, 90, first)
		r.pass(time.Minute)
		if all, _ := r.moved(); all != 0 || first.serves("r") != 90 {
			t.Fatalf("%d moves of a room that fits one node", all)
		}
		r.crowd("r", 90, 300, first)
		r.pass(5 * time.Minute)
		holding := 0
		for _, n := range nodes {
			if here := n.serves("r"); here > 0 {
				holding++
				if here < 60 || here > 125 {
					t.Errorf("a node has %d of 300 viewers", here)
				}
			}
		}
		if _, most := r.moved(); holding != 3 || most != 1 {
			t.Errorf("300 viewers are on %d nodes; one moved %d times", holding, most)
		}
	})
}

// Around a border nobody is moved to and fro.
func TestABorderMovesNobody(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		nodes := []*node{r.start("http://a"), r.start("http://b"), r.start("http://c")}
		r.create("r")
		r.pass(2 * time.Second)
		// As JoinRoom seats them while the room swings around 100.
		for i := range 112 {
			user := userNumber("r", i)
			for _, n := range nodes {
				if n.isPlace("r", i+1, user) {
					r.sit("r", user, n)
				}
			}
			r.pass(time.Second)
		}
		r.pass(5 * time.Minute)
		if all, _ := r.moved(); all != 0 {
			t.Errorf("%d moves", all)
		}
	})
}

// Moving is bounded: however many are in the wrong place.
func TestMovingTakesItsTime(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		a := r.start("http://a")
		id := live.RoomID("r")
		r.create(id)
		r.pass(time.Second)
		r.crowd(id, 0, 3000, a)
		for i := range 9 {
			r.start(fmt.Sprint("http://b-", i))
		}
		r.pass(10*time.Second + 500*time.Millisecond)
		before, _ := r.moved()
		r.pass(20 * time.Second)
		after, _ := r.moved()
		if rate := (after - before) / 20; rate < 15 || rate > 25 {
			t.Errorf("%d viewers a second; ten nodes may move 200", rate)
		}
	})
}

// Who comes back, because they cannot get through, is left alone for long.
func TestWhoComesBackStays(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		a, b := r.start("http://a"), r.start("http://b")
		r.create("r")
		r.pass(2 * time.Second)
		wrong := a
		if a.isPlace("r", 1, "x") {
			wrong = b
		}
		for i := range 20 {
			r.sit("r", userNumber("r", i), wrong).stays.Store(true)
		}
		r.pass(14 * time.Minute)
		if all, most := r.moved(); all != 20 || most != 1 {
			t.Errorf("%d moves, %d of one", all, most)
		}
		if got := wrong.serves("r"); got != 20 {
			t.Errorf("%d of 20 are back", got)
		}
	})
}

// A node that drains sends its viewers to their places, and they stay there.
func TestADrainGathersRoomsElsewhere(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		a, b, c := r.start("http://a"), r.start("http://b"), r.start("http://c")
		r.pass(2 * time.Second)
		const rooms, each = 12, 10
		for i := range rooms {
			id := live.RoomID(fmt.Sprint("room-", i))
			r.create(id)
			for _, n := range []*node{a, b, c} {
				if n.isPlace(id, each, "x") {
					r.crowd(id, 0, each, n)
				}
			}
		}
		here := 0
		for _, crowd := range a.hub.Crowds() {
			here += crowd.Here
		}
		a.leave()
		r.pass(2 * time.Minute)
		for i := range rooms {
			id := live.RoomID(fmt.Sprint("room-", i))
			if b.serves(id) != each && c.serves(id) != each {
				t.Errorf("of %s %d are on b, %d on c", id, b.serves(id), c.serves(id))
			}
		}
		if all, most := r.moved(); all != here || most > 1 || here == 0 {
			t.Errorf("%d moves for %d viewers, %d of one", all, here, most)
		}
	})
}

// By what was known long ago nobody is moved.
func TestNobodyMovesWhileTheStoreIsAway(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		a, b := r.start("http://a"), r.start("http://b")
		r.create("r")
		r.pass(2 * time.Second)
		wrong := a
		if a.isPlace("r", 1, "x") {
			wrong = b
		}
		wrong.away.Store(true)
		r.crowd("r", 0, 20, wrong)
		r.pass(10 * time.Minute)
		if all, _ := r.moved(); all != 0 {
			t.Errorf("%d moves", all)
		}
		if wrong.isPlace("r", 20, "x") {
			t.Error("it has forgotten where the room is")
		}
		wrong.away.Store(false)
		r.pass(time.Minute)
		if all, _ := r.moved(); all != 20 || wrong.serves("r") != 0 {
			t.Errorf("%d moves when it is back", all)
		}
	})
}
