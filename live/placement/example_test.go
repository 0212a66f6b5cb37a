package placement_test

import (
	"fmt"

	"github.com/ovation-live/ovation/live/placement"
)

// A room of 12,000 viewers, where a node is to have 5,000 of a room, is on three of
// five nodes; each viewer knows theirs.
func Example() {
	nodes := []placement.Node{{Name: "a"}, {Name: "b"}, {Name: "c", Draining: true}, {Name: "d"}, {Name: "e"}}
	n := placement.Spread(12_000, 5000)
	fmt.Println(placement.Choose(nodes, "demo", n), placement.For(nodes, "demo", n, "ann"))
	// Output: [e b a] b
}
