// Package placement says which nodes a room belongs to. Any node serves anyone: a room
// that gathers on few nodes takes memory on few, and nothing else hangs on it.
//
// It is rendezvous hashing, highest random weight (Thaler and Ravishankar, "Using
// name-based mappings to increase hit rates", 1998): every pair of a node and a room has
// a weight, and a room is on the nodes of its greatest ones. Whoever knows the same
// nodes chooses the same, without a word between them; a node that comes or goes moves
// only what comes to it or was on it.
package placement

import (
	"cmp"
	"slices"

	"github.com/ovation-live/ovation/live"
)

// Node is a node as placement sees it. Its name is the same after a restart.
type Node struct {
	Name     string
	Draining bool // it is given nobody, unless all drain
}

// Slack is how far, in parts of a hundred, a room may be beyond a border before what is
// there moves: at a border itself only those who come go elsewhere.
const Slack = 25

// Spread returns on how many nodes a room of so many viewers is to be, where a node is
// to have perNode of them at most.
func Spread(viewers, perNode int) int {
	perNode = max(1, perNode)
	return max(1, (max(0, viewers)+perNode-1)/perNode)
}

// Hold returns on how many nodes a room of so many viewers may stay: on those that it
// would be spread over if it were larger by the slack. Between Spread and Hold a count
// may go up and down, and differ from node to node, and moves nobody.
func Hold(viewers, perNode int) int { return Spread(slacken(viewers), perNode) }

// Surplus returns how many of the viewers here are too many, of a room that is spread
// over n nodes and should have perNode on each: those beyond a fair share of the room,
// once there are more than the slack allows; 0 before.
func Surplus(here, viewers, n, perNode int) int {
	share := Spread(viewers, max(1, n)) // as it rounds up
	if n <= 1 || here <= slacken(max(share, perNode)) {
		return 0
	}
	return here - share
}

// slacken returns n and the slack.
func slacken(n int) int { return max(0, n) + max(0, n)*Slack/100 }

// Choose returns the names of the n nodes that a room is to be on, its first one
// first: fewer if there are fewer. Names that come twice are one node, which drains
// only if all that have the name do. The order of the nodes does not matter.
func Choose(nodes []Node, room live.RoomID, n int) []string {
	open := openOf(nodes)
	chosen := make([]candidate, 0, len(open))
	for name := range open {
		chosen = append(chosen, candidate{name, weigh(name, string(room), "")})
	}
	slices.SortFunc(chosen, candidate.compare)
	names := make([]string, 0, min(max(0, n), len(chosen)))
	for _, c := range chosen[:cap(names)] {
		names = append(names, c.name)
	}
	return names
}

// For returns the name of the node that a user of a room is to be on, of those that
// the room is on: each gets as many. "" if there are none.
func For(nodes []Node, room live.RoomID, n int, user live.UserID) string {
	return Among(Choose(nodes, room, n), room, user)
}

// Among is For where the room's nodes are chosen already.
func Among(chosen []string, room live.RoomID, user live.UserID) string {
	if len(chosen) == 1 {
		return chosen[0]
	}
	var best candidate
	for i, name := range chosen {
		if c := (candidate{name, weigh(name, string(room), string(user))}); i == 0 || c.compare(best) < 0 {
			best = c
		}
	}
	return best.name
}

// openOf returns the names of the nodes that take somebody in; all if none does.
func openOf(nodes []Node) map[string]struct{} {
	open, all := make(map[string]struct{}, len(nodes)), make(map[string]struct{}, len(nodes))
	for _, n := range nodes {
		all[n.Name] = struct{}{}
		if !n.Draining {
			open[n.Name] = struct{}{}
		}
	}
	if len(open) == 0 {
		return all
	}
	return open
}

// candidate is a node and its weight.
type candidate struct {
	name   string
	weight uint64
}

// compare orders candidates, the greatest weight first. Of two alike, which nobody will
// live to see, the lesser name comes first.
func (c candidate) compare(other candidate) int {
	return cmp.Or(cmp.Compare(other.weight, c.weight), cmp.Compare(c.name, other.name))
}
