package cluster

import (
	"context"

	"github.com/ovation-live/ovation/store"
)

// outages says which tasks fail now.
type outages struct{ failing [tasks]bool }

// report counts failures of a task, and logs the first of an outage, and its end.
func (c *Cluster) report(ctx context.Context, t task, err error) {
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		c.config.Metrics.failures[t].Inc()
	}
	c.mu.Lock()
	before := c.outages.failing[t]
	c.outages.failing[t] = err != nil
	c.mu.Unlock()
	switch {
	case err != nil && !before:
		c.config.Logger.WarnContext(ctx, "cannot keep in touch with other nodes; those known stay", "task", taskNames[t], "error", err)
	case err == nil && before:
		c.config.Logger.InfoContext(ctx, "in touch with other nodes again", "task", taskNames[t])
	}
}

// doubts is what was seen of nodes that are not set up as they should be.
type doubts struct {
	namesake  bool // said
	neighbour int  // how often running
}

// neighbourAfter is how often running another node must say the same endpoint: one that
// this node has taken the place of is gone by then.
const neighbourAfter = 3 * int(lease/refreshEvery)

// doubt warns, once, of nodes that have this one's id or endpoint. The caller holds
// c.mu.
func (c *Cluster) doubt(ctx context.Context, nodes []store.Node) {
	shared := false
	for _, n := range nodes {
		if n.ID != c.config.ID {
			shared = shared || n.Endpoint != "" && n.Endpoint == c.config.Endpoint && !n.Draining
			continue
		}
		if n.Started > c.started && !c.doubts.namesake {
			c.doubts.namesake = true
			c.config.Logger.WarnContext(ctx, "another node has this one's id: give each its own with --node-id", "node_id", string(n.ID))
		}
	}
	if !shared {
		c.doubts.neighbour = 0
		return
	}
	if c.doubts.neighbour++; c.doubts.neighbour == neighbourAfter {
		c.config.Logger.WarnContext(ctx, "another node has this one's address: --advertise-url must reach one node alone", "endpoint", c.config.Endpoint)
	}
}
