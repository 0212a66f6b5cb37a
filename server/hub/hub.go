// Package hub is a node's fan-out: it follows the rooms that its subscribers are in,
// keeps a replica of their logs, and tells each subscriber what is new.
//
// A subscriber is a cursor, not a queue. What happened in a room since the last round
// becomes one frame, encoded once, and every subscriber who is up to date takes that
// frame; one who is not takes a batch of their own from the rings, with their losses
// counted. So a reader who stalls holds no memory and delays nobody.
//
// Two goroutines serve a followed room: one delivers, the other mends what was lost,
// so that a store that is slow to answer delays nothing that was heard. One for all
// rooms looks for losses that nothing shows.
//
// Lock order: table.mu; shard.mu, then Subscriber.mu, then followed.mu, then answers.mu,
// then readers.mu, then Own.mu. The store calls hear under its own lock, and hear takes
// followed.mu, under which Quizzes hears too. Nothing here does I/O under a lock. A
// subscriber who is up to date takes no lock but its own.
package hub

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// ErrDraining says that the node takes no more subscribers.
var ErrDraining = errors.New("hub: node is draining")

// Source is what the hub needs of a store.
type Source struct {
	Rooms store.Rooms
	Log   store.Log
	Bus   store.Bus
}

// Config is how a hub behaves. Every field has a default.
type Config struct {
	// Heartbeat is the longest silence on a stream. Default 20 s.
	Heartbeat time.Duration
	// DoubtFor is how long a viewer who does not pull here may pull elsewhere and is not
	// ended: longer than a session lasts that nobody renews. 0: there is no other node.
	DoubtFor time.Duration
	// Quizzes knows what is to be shown. Default: nothing ever is.
	Quizzes Quizzes
	// Gifts knows what was given. Default: nothing ever is.
	Gifts Gifts
	// Logger gets what an operator should know. Default: slog's.
	Logger *slog.Logger
	// Metrics counts. Default: nowhere registered.
	Metrics *Metrics
}

// withDefaults returns the config with what is not set filled in.
func (c Config) withDefaults() Config {
	if c.Heartbeat == 0 {
		c.Heartbeat = 20 * time.Second
	}
	if c.Quizzes == nil {
		c.Quizzes = noQuizzes{}
	}
	if c.Gifts == nil {
		c.Gifts = noGifts{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// Hub is a node's fan-out. Make one with New; end it with Close. Its methods may be
// called concurrently.
type Hub struct {
	config Config
	source Source
	table  table
	ctx    context.Context //nolint:containedctx // the life of the rooms' goroutines, not of a call
	cancel context.CancelFunc
	polls  context.Context //nolint:containedctx // the time in which long polls may wait
	hurry  context.CancelFunc
	rooms  sync.WaitGroup // the goroutines of followed rooms, and the one that checks them
}

// New returns a hub that follows nothing yet. Close it.
func New(source Source, config Config) *Hub {
	ctx, cancel := context.WithCancel(context.Background())
	polls, hurry := context.WithCancel(ctx)
	h := &Hub{config: config.withDefaults(), source: source, ctx: ctx, cancel: cancel, polls: polls, hurry: hurry}
	h.table.rooms = make(map[live.RoomID]*followed)
	h.rooms.Go((&checks{hub: h}).run)
	return h
}

// Draining says whether the node takes no more subscribers.
func (h *Hub) Draining() bool { return h.table.drained() != nil }

// Close stops following, and takes no more subscribers. Those that are there hear
// nothing more.
func (h *Hub) Close() {
	h.table.close()
	h.cancel()
	h.rooms.Wait()
}

// clock returns the time by the machine's clock.
func clock() live.Timestamp { return live.At(time.Now()) }
