package paired

import (
	"context"
	crand "crypto/rand"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// Config is what a Store tells whom. The zero value of a field is its default.
type Config struct {
	// Node names this process among those that share the backends.
	Node store.NodeID // random
	// Logger is told what operators should know.
	Logger *slog.Logger // discards
	// Metrics counts.
	Metrics *Metrics // nowhere registered
}

// withDefaults fills in what is not set.
func (c Config) withDefaults() Config {
	if c.Node == "" {
		c.Node = store.NodeID(strings.ToLower(crand.Text()))
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// Store is two backends as one store. Make one with New, and let it Run.
type Store struct {
	hot     Hot
	durable Durable
	logger  *slog.Logger
	metrics *Metrics

	beginnings, loadings, wordings, confirmings *flights

	seen      *seen
	standings *standings
	archive   *archive
}

// New returns a store of two backends.
func New(hot Hot, durable Durable, c Config) *Store {
	c = c.withDefaults()
	return &Store{
		hot:         hot,
		durable:     durable,
		logger:      c.Logger,
		metrics:     c.Metrics,
		beginnings:  newFlights(),
		loadings:    newFlights(),
		wordings:    newFlights(),
		confirmings: newFlights(),
		seen:        newSeen(),
		standings:   newStandings(),
		archive:     newArchive(hot, durable, c),
	}
}

// Set returns the store as every role.
func (s *Store) Set() store.Set {
	return store.Set{
		Rooms: s, Log: s, Attributes: s, Presence: s, Sanctions: s, Words: s, Bus: s, History: s, Nodes: s,
		Events: s.durable, Quizzes: quizzes{s.durable, s}, Answers: s.hot, Ledger: s.durable, Visits: s.durable, Reports: s.hot, Clock: s.hot,
	}
}

// How often is done what a store does by itself.
const (
	payEvery         = time.Second
	archiveEvery     = time.Second
	synchroniseEvery = 10 * time.Second
	sweepEvery       = 5 * time.Minute
)

// sweepAtOnce is how many rooms are swept at once.
const sweepAtOnce = 256

// Run does what a store does by itself, until the context is done: it hands over what is
// owed and what may have been lost, and archives. Then it archives what there is still, in
// a few seconds, and returns.
func (s *Store) Run(ctx context.Context) {
	var group sync.WaitGroup
	every := func(period time.Duration, task func(context.Context)) {
		group.Go(func() { repeat(ctx, period, task) })
	}
	every(payEvery, s.pay)
	every(synchroniseEvery, s.synchronise)
	every(archiveEvery, s.archive.round)
	every(adoptEvery, s.archive.adopt)
	every(sweepEvery, s.sweep)
	group.Go(func() { s.mend(ctx) })
	group.Wait()
	s.archive.flush(context.WithoutCancel(ctx))
}

// repeat does a task about every period: nodes that were started together drift apart.
func repeat(ctx context.Context, period time.Duration, task func(context.Context)) {
	for {
		task(ctx)
		//nolint:gosec // any pace will do
		select {
		case <-time.After(period/2 + rand.N(period)):
		case <-ctx.Done():
			return
		}
	}
}

// synchronise asks the hot backend's clock, and looks after what acts in every room: where the
// backend has parts, none of this node's rooms need be in the part that lost it.
func (s *Store) synchronise(ctx context.Context) {
	s.seen.suspect("")
	if err := s.hot.Synchronise(ctx); err != nil && ctx.Err() == nil {
		s.logger.DebugContext(ctx, "the hot backend does not tell its time", "error", err)
	}
}

// sweep looks after the leases of all live rooms.
func (s *Store) sweep(ctx context.Context) {
	q := store.RoomQuery{State: room.Live, Limit: sweepAtOnce}
	for ctx.Err() == nil {
		rooms, err := s.durable.Rooms(ctx, q)
		if err != nil {
			s.complain(ctx, "sweep", err)
			return
		}
		ids := make([]live.RoomID, len(rooms))
		for i, r := range rooms {
			ids[i] = r.ID
		}
		if err := s.hot.Sweep(ctx, ids); err != nil {
			s.complain(ctx, "sweep", err)
		}
		if len(rooms) < q.Limit {
			return
		}
		q.After = ids[len(ids)-1]
	}
}
