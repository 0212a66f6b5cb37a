// Package visit keeps the record of who watched, and for how long.
//
// What the sessions of this server do is noted as it happens (Presence) and reported some
// together; what other systems report comes with it (Service.Report). Reports wait in a
// durable queue (store.Reports), from which every node takes some and merges them
// (store.Visits). Nothing waits for any of it: while the queue is away what has ended stays
// with the store of presence, and while what merges is away reports stay in the queue.
package visit

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/loop"
	"github.com/ovation-live/ovation/store"
)

// Config is how a Service behaves. Every field has a default.
type Config struct {
	// Node names this node among those that take reports. Default: "node".
	Node store.NodeID
	// MaxWaiting is how many events wait to be merged at most: who reports more is told to
	// come again. What sessions of this server do is taken always. Default 1,000,000.
	MaxWaiting int
	// Keep is how long visits to rooms that have ended are kept. Default: for ever.
	Keep time.Duration
	// Logger gets what an operator should know. Default: slog's.
	Logger *slog.Logger
	// Metrics counts. Default: nowhere registered.
	Metrics *Metrics
}

func (c Config) withDefaults() Config {
	if c.Node == "" {
		c.Node = "node"
	}
	if c.MaxWaiting == 0 {
		c.MaxWaiting = 1_000_000
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// Service is the use cases of visits. Make one with New. It may be used concurrently.
type Service struct {
	config   Config
	rooms    store.Rooms
	presence store.Presence
	reports  store.Reports
	visits   store.Visits
	notes    *notes
	waiting  waiting
	arrived  chan struct{} // there are reports to take
	logger   *slog.Logger
	metrics  *Metrics
}

// New returns the use cases over a store.
func New(set store.Set, c Config) *Service {
	c = c.withDefaults()
	return &Service{
		config: c, rooms: set.Rooms, presence: set.Presence, reports: set.Reports, visits: set.Visits,
		notes: newNotes(c.Metrics), arrived: make(chan struct{}, 1), logger: c.Logger, metrics: c.Metrics,
	}
}

// now returns the instant. Other nodes' clocks, and the stores', may differ a little.
func now() live.Timestamp { return live.At(time.Now()) }

// mergers is how many merge on a node at once: while one waits for the store that merges,
// another takes from the queue.
const mergers = 2

// Run reports what sessions of this node do, and merges what any node has reported, until
// ctx is done. What was noted until then is reported before it returns, if that can be.
func (s *Service) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { s.reporting(ctx) })
	said := loop.NewOutage(s.logger, "visits cannot be merged; they wait in the queue", "visits are merged again")
	for range mergers {
		group.Go(func() { s.merging(ctx, said) })
	}
	group.Go(func() { s.watchQueue(ctx) })
	group.Go(func() { s.closing(ctx) })
	group.Go(func() { s.pruning(ctx) })
	group.Wait()
}

// awake has a merger look for reports at once.
func (s *Service) awake() {
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// waiting is about how many events are in the queue.
type waiting struct {
	counted atomic.Int64 // by the last look
	since   atomic.Int64 // that this node has put there since
}

// about returns the number.
func (w *waiting) about() int64 { return w.counted.Load() + w.since.Load() }

// set takes over what a look has counted.
func (w *waiting) set(n int64) {
	w.since.Store(0)
	w.counted.Store(n)
}

// lookEvery is how often the queue is looked at.
const lookEvery = time.Second

// watchQueue keeps count of what is in the queue, until ctx is done.
func (s *Service) watchQueue(ctx context.Context) {
	said := loop.NewOutage(s.logger, "the queue of visits cannot be looked at", "the queue of visits can be looked at again")
	for loop.Pause(ctx, lookEvery) {
		n, oldest, err := s.reports.ReportsWaiting(ctx)
		if said.Report(ctx, err); err != nil {
			continue
		}
		s.waiting.set(n)
		s.metrics.waits(n, oldest)
	}
}
