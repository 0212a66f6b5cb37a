package cluster

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/placement"
	"github.com/ovation-live/ovation/live/recent"
	"github.com/ovation-live/ovation/server/hub"
)

const (
	// lookEvery is how often the node looks for viewers who are better served elsewhere.
	lookEvery = 5 * time.Second
	// looks is in how many of these running a room must be in the wrong place.
	looks = 2
	// movedPerSecond is how many viewers all nodes together move in a second: as many as
	// one of them, which may just have come, takes in without noticing.
	movedPerSecond = 200
	// leastMoved is how many a node may move in a second, however many nodes there are.
	leastMoved = 5
	// again is for how long nobody is moved again: one who came back could not, or would
	// not, go where they were sent.
	again = 15 * time.Minute
)

// mover finds the viewers that are to be sent elsewhere. It is for one goroutine.
type mover struct {
	*Cluster
	wrong map[live.RoomID]misplaced
	told  recent.Memory[viewer, struct{}]
}

// misplaced is where a room that is in the wrong place belongs, and how often it was
// seen so.
type misplaced struct {
	chosen []string
	seen   int
}

// viewer is a session of a room.
type viewer struct {
	room    live.RoomID
	session live.SessionID
}

func newMover(c *Cluster) *mover { return &mover{Cluster: c} }

// run moves viewers until ctx is done.
func (m *mover) run(ctx context.Context) {
	if m.config.Endpoint == "" {
		return
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if moves := m.look(time.Now()); len(moves) > 0 {
			told := m.hub.Move(ctx, moves, lookEvery*9/10)
			m.config.Metrics.moved.Add(float64(told))
			m.config.Logger.DebugContext(ctx, "viewers sent to other nodes", "viewers", told)
		}
	}
}

// look returns whom to move now. By a view that is old nobody is moved, nor by a node
// that drains: it sends everybody away.
func (m *mover) look(now time.Time) (moves []hub.Move) {
	v := m.view.Load()
	if m.hub.Draining() || !v.open || now.Sub(v.read) > lease {
		m.wrong = nil
		return nil
	}
	left := max(leastMoved, movedPerSecond/len(v.places)) * int(lookEvery/time.Second)
	wrong := make(map[live.RoomID]misplaced)
	for id, crowd := range m.hub.Crowds() {
		surplus, chosen := m.surplus(v, id, crowd)
		if surplus == 0 {
			continue
		}
		seen := 1
		if before, ok := m.wrong[id]; ok && slices.Equal(before.chosen, chosen) {
			seen = before.seen + 1
		}
		wrong[id] = misplaced{chosen, seen}
		if seen >= looks && left > 0 {
			found := m.pick(id, chosen, min(surplus, left), live.At(now))
			left -= len(found)
			moves = append(moves, found...)
		}
	}
	m.wrong = wrong
	rand.Shuffle(len(moves), func(i, j int) { moves[i], moves[j] = moves[j], moves[i] })
	return moves
}

// surplus returns how many of a room's viewers here are better served elsewhere, and the
// places that the room has: everybody where this is none of them, those who are too many
// where it is.
func (m *mover) surplus(v *view, id live.RoomID, crowd hub.Crowd) (int, []string) {
	sessions, perNode := crowd.Online.Sessions, m.config.ViewersPerNode
	n := placement.Spread(sessions, perNode)
	held := placement.Choose(v.places, id, placement.Hold(sessions, perNode))
	chosen := held[:min(n, len(held))]
	switch {
	case !slices.Contains(held, m.config.Endpoint):
		return crowd.Here, chosen
	case slices.Contains(chosen, m.config.Endpoint):
		return placement.Surplus(crowd.Here, sessions, len(chosen), perNode), chosen
	default:
		return 0, chosen
	}
}

// pick returns up to n of a room's viewers who belong to another of its places, and
// were not sent there lately.
func (m *mover) pick(id live.RoomID, chosen []string, n int, now live.Timestamp) (moves []hub.Move) {
	for _, session := range m.hub.SessionsIn(id) {
		if len(moves) >= n {
			break
		}
		endpoint := placement.Among(chosen, id, session.User)
		who := viewer{id, session.ID}
		if _, told := m.told.Get(who, now); told || endpoint == m.config.Endpoint {
			continue
		}
		m.told.Put(who, struct{}{}, now, now.Add(again))
		moves = append(moves, hub.Move{Room: id, Session: session, Endpoint: endpoint})
	}
	return moves
}
