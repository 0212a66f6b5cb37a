// Package cluster is a node among others: it announces this one, knows the others, says
// where a viewer is best served, and sends those who are elsewhere there.
//
// Nothing is right because of it: any node serves anyone. It gathers the viewers of a
// small room on one node and spreads those of a large one over some, so that each room
// takes memory, and messages from the store, on few.
package cluster

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

const (
	// refreshEvery is how often the node reads who is there.
	refreshEvery = time.Second
	// announceEvery is after how many of these it says that it is there itself.
	announceEvery = 2
	// lease is how long the others believe that: three times as long as it is silent.
	lease = 6 * time.Second
	// farewell is how long saying that it goes may take.
	farewell = time.Second
)

// Config is what a node is called, and how rooms are placed.
type Config struct {
	// ID tells the node from others. Default: the host's name, and something random.
	ID store.NodeID
	// Endpoint is the base URL at which clients reach the node and no other. Empty: it
	// sends viewers nowhere, and none are sent to it.
	Endpoint string
	// ViewersPerNode is how many of a room's viewers a node has before the room spreads.
	// Default 5,000.
	ViewersPerNode int
	// Logger gets what an operator should know. Default: nowhere.
	Logger *slog.Logger
	// Metrics counts. Default: nowhere registered.
	Metrics *Metrics
}

// withDefaults returns the config with what is not set filled in.
func (c Config) withDefaults() Config {
	if c.ID == "" {
		c.ID = NewID()
	}
	if c.ViewersPerNode == 0 {
		c.ViewersPerNode = 5000
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// NewID returns an id that no node had before, and that people recognise.
func NewID() store.NodeID {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return store.NodeID(host + "-" + strings.ToLower(rand.Text()[:8]))
}

// Cluster is a node among others. Make one with New. It may be used concurrently; Run
// is called once.
type Cluster struct {
	config  Config
	nodes   store.Nodes
	hub     *hub.Hub
	started live.Timestamp

	mu       sync.Mutex
	draining bool
	last     []store.Node // as they were read last
	doubts   doubts
	outages  outages

	view atomic.Pointer[view]
}

// New returns a node that knows of no others yet.
func New(nodes store.Nodes, h *hub.Hub, config Config) *Cluster {
	c := &Cluster{config: config.withDefaults(), nodes: nodes, hub: h, started: live.At(time.Now())}
	c.view.Store(&view{})
	return c
}

// Run announces the node, follows who is there, and sends viewers where they are best
// served, until ctx is done. Then it says that the node has gone.
func (c *Cluster) Run(ctx context.Context) {
	var moving sync.WaitGroup
	defer moving.Wait()
	moving.Go(func() { newMover(c).run(ctx) })
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		if n%announceEvery == 0 {
			c.report(ctx, announcing, c.announce(ctx))
		}
		c.report(ctx, reading, c.refresh(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.withdraw(context.WithoutCancel(ctx))
			return
		}
	}
}

// announce says that the node is there, and what it is like.
func (c *Cluster) announce(ctx context.Context) error {
	viewers := 0
	for _, crowd := range c.hub.Crowds() {
		viewers += crowd.Here
	}
	c.mu.Lock()
	self := c.self()
	c.mu.Unlock()
	self.Viewers = viewers
	return c.nodes.Announce(ctx, self, lease)
}

// self returns the node as it is announced, but for its viewers. The caller holds c.mu.
func (c *Cluster) self() store.Node {
	return store.Node{ID: c.config.ID, Endpoint: c.config.Endpoint, Draining: c.draining, Started: c.started}
}

// withdraw says that the node has gone. If that fails the end of its lease says so.
func (c *Cluster) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	if err := c.nodes.Withdraw(ctx, c.config.ID); err != nil {
		c.config.Metrics.failures[announcing].Inc()
	}
}

// refresh reads who is there. While that cannot be read, it stays as it was.
func (c *Cluster) refresh(ctx context.Context) error {
	nodes, err := c.nodes.Nodes(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = nodes
	c.doubt(ctx, nodes)
	c.see(time.Now())
	return nil
}

// Drain has nobody sent to the node any more, and tells the others so. If they cannot be
// told they will see it go.
func (c *Cluster) Drain(ctx context.Context) {
	c.mu.Lock()
	c.draining = true
	c.see(c.view.Load().read)
	c.mu.Unlock()
	bounded, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	c.report(ctx, announcing, c.announce(bounded))
}
