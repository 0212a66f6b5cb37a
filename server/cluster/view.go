package cluster

import (
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/placement"
	"github.com/ovation-live/ovation/store"
)

// view is who is there, as this node knows it. It is immutable.
//
// Nodes are placed by their endpoints: those are the same after a restart, and several
// nodes that say the same one are, to clients, one place.
type view struct {
	places []placement.Node
	open   bool      // some of them take viewers in
	choice bool      // there are two at least
	read   time.Time // when the store said so
}

// see makes the view of what was read last, at the instant given. This node is in it as
// it knows itself to be. The caller holds c.mu.
func (c *Cluster) see(read time.Time) {
	v := &view{read: read}
	nodes := slices.DeleteFunc(slices.Clone(c.last), func(n store.Node) bool { return n.ID == c.config.ID })
	nodes = append(nodes, c.self())
	var count [states]int
	for _, n := range nodes {
		count[stateOf(n)]++
		if n.Endpoint == "" {
			continue
		}
		v.places = append(v.places, placement.Node{Name: n.Endpoint, Draining: n.Draining})
		v.open = v.open || !n.Draining
		v.choice = v.choice || n.Endpoint != v.places[0].Name
	}
	c.config.Metrics.know(count)
	c.view.Store(v)
}

// Endpoint returns the base URL of the node at which a user is best served, who is in a
// room of so many sessions; empty where there is no choice. It may be this node's own:
// what leads to this node now may lead to another the next time.
func (c *Cluster) Endpoint(id live.RoomID, sessions int, user live.UserID) string {
	v := c.view.Load()
	if c.config.Endpoint == "" || !v.open || !v.choice {
		return ""
	}
	return placement.For(v.places, id, placement.Spread(sessions, c.config.ViewersPerNode), user)
}

// Endpoints returns the base URLs that viewers may be sent to, in order.
func (c *Cluster) Endpoints() []string {
	if c.config.Endpoint == "" {
		return nil
	}
	var all []string
	for _, place := range c.view.Load().places {
		all = append(all, place.Name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
