// Package quizshow brings quizzes before the viewers that a node serves: of every room
// that the node follows it knows the quiz as it is now, makes its frames, and shows them.
//
// A quiz that was changed is told of by the room's bus, and once a second the store is
// asked for the quizzes of all rooms that are followed: a publication that is lost costs
// that at most. While the store is away what is known is shown. A room costs a goroutine
// only while something is shown there.
package quizshow

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store"
)

const (
	// askEvery is how often the store is asked for running quizzes.
	askEvery = time.Second
	// askAtOnce is of how many rooms one call asks.
	askAtOnce = 1000
	// answerWithin is how long the store may take to answer before it counts as away.
	answerWithin = 2 * time.Second
	// polledFor is how long a room counts as polled.
	polledFor = 30 * time.Second
)

// Source is what a follower needs of a store.
type Source struct {
	Quizzes store.Quizzes
	Answers store.Answers
	Clock   store.Clock
}

// Game is who takes what the players do on this node.
type Game interface {
	// Note writes notes of a slot, and sees to it that they are not lost.
	Note(ctx context.Context, slot quiz.Slot, notes []quiz.Note) error
	// AnswerCounts counts the answers to a question so far, perhaps as they were a second
	// ago.
	AnswerCounts(ctx context.Context, ref quiz.Ref, n quiz.Number) ([quiz.MaxOptions]int64, error)
	// Saw takes in a quiz that was read, in whatever order. It must not block.
	Saw(q *quiz.Quiz)
}

// Config is how a follower behaves. Every field has a default.
type Config struct {
	// Logger gets what an operator should know. Default: slog's.
	Logger *slog.Logger
	// Metrics counts. Default: nowhere registered.
	Metrics *Metrics
}

// withDefaults returns the config with what is not set filled in.
func (c Config) withDefaults() Config {
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// plain is a Game that has the store do everything, and keeps nothing.
type plain struct{ store.Answers }

// Note implements Game.
func (g plain) Note(ctx context.Context, slot quiz.Slot, notes []quiz.Note) error {
	_, _, err := g.PutNotes(ctx, slot, notes)
	return err
}

// Saw implements Game.
func (plain) Saw(*quiz.Quiz) {}

// Follower is a hub's Quizzes. Make one with New, run it with Run, and end it with Close,
// after its hub. It may be used concurrently.
//
// Lock order: Follower.mu, then performance.mu, then Follower.life. The hub calls in under
// its own locks, and is called under none but performance.acting, which the hub never waits for.
type Follower struct {
	config Config
	source Source
	game   Game
	ctx    context.Context //nolint:containedctx // the life of the rooms' goroutines, not of a call
	cancel context.CancelFunc
	group  sync.WaitGroup
	asking singleflight.Group // for rooms that are not followed
	outage outage

	life   sync.Mutex // of whether something may begin
	closed bool

	mu      sync.Mutex
	rooms   map[live.RoomID]*performance
	polled  map[live.RoomID]time.Time // rooms that are not followed
	held    map[live.RoomID]func()    // to release; nil: about to be held
	glances map[live.RoomID]glance
}

// New returns a follower of no rooms.
func New(s Source, c Config) *Follower {
	ctx, cancel := context.WithCancel(context.Background())
	return &Follower{
		config: c.withDefaults(), source: s, game: plain{s.Answers}, ctx: ctx, cancel: cancel,
		rooms:   make(map[live.RoomID]*performance),
		polled:  make(map[live.RoomID]time.Time),
		held:    make(map[live.RoomID]func()),
		glances: make(map[live.RoomID]glance),
	}
}

// Use has a game take what the players do, instead of the store. It is for before there are
// any.
func (f *Follower) Use(g Game) { f.game = g }

// Close ends what is shown.
func (f *Follower) Close() {
	f.life.Lock()
	f.closed = true
	f.life.Unlock()
	f.cancel()
	f.group.Wait()
}

// start runs something until it returns, which it does when the follower is closed; not at
// all if it is.
func (f *Follower) start(run func()) bool {
	f.life.Lock()
	defer f.life.Unlock()
	if !f.closed {
		f.group.Go(run)
	}
	return !f.closed
}

// Opened implements hub.Quizzes.
func (f *Follower) Opened(ctx context.Context, s hub.Stage) {
	p := newPerformance(f, s)
	f.mu.Lock()
	if before := f.rooms[s.Room()]; before != nil {
		before.stop()
	}
	f.rooms[s.Room()] = p
	f.mu.Unlock()
	err := p.read(ctx, "")
	f.failed(readFailed, err)
	p.mu.Lock()
	p.unread = err != nil && !isNone(err)
	p.mu.Unlock()
	if p.perform(ctx, f.now()) {
		p.kick()
	}
}

// Closed implements hub.Quizzes.
func (f *Follower) Closed(s hub.Stage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.rooms[s.Room()]; p != nil && p.stage == s {
		p.stop()
		delete(f.rooms, s.Room())
	}
}

// Heard implements hub.Quizzes.
func (f *Follower) Heard(id live.RoomID, m store.QuizMark) {
	if p := f.room(id); p != nil {
		p.hear(m)
	}
}

// Polled implements hub.Quizzes.
func (f *Follower) Polled(id live.RoomID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.polled[id] = time.Now()
}

// room returns what is shown in a room, nil if it is not followed.
func (f *Follower) room(id live.RoomID) *performance {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rooms[id]
}

// now returns the instant by the store's clock.
func (f *Follower) now() live.Timestamp { return f.source.Clock.Now() }

// Quiz returns a quiz: as it was heard of last, if it is running in a room that is followed
// here, else as the store has it. store.ErrQuizNotFound, store.ErrRoomNotFound.
func (f *Follower) Quiz(ctx context.Context, ref quiz.Ref) (*quiz.Quiz, error) {
	if p := f.room(ref.Room); p != nil {
		if q := p.find(ref.Quiz); q != nil {
			return q, nil
		}
	}
	return f.fetch(ctx, ref)
}

// fetch reads a quiz.
func (f *Follower) fetch(ctx context.Context, ref quiz.Ref) (*quiz.Quiz, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	q, err := f.source.Quizzes.Quiz(ctx, ref)
	if err != nil {
		return nil, err
	}
	f.game.Saw(&q)
	return &q, nil
}

// Run asks for running quizzes until ctx is done, and has the hub follow rooms that are
// polled while there is a quiz.
func (f *Follower) Run(ctx context.Context, h *hub.Hub) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			f.releaseAll()
			return
		case now := <-tick.C:
			f.ask(ctx, h, now)
		}
	}
}

// ask asks for the running quizzes of all rooms that are followed or polled.
func (f *Follower) ask(ctx context.Context, h *hub.Hub, now time.Time) {
	for ids := range slices.Chunk(f.due(now), askAtOnce) {
		if !f.askFor(ctx, h, ids) {
			return
		}
	}
}

// due returns the rooms to ask for, and forgets what nobody asks for any more.
func (f *Follower) due(now time.Time) []live.RoomID {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.polled, func(_ live.RoomID, at time.Time) bool { return now.Sub(at) > polledFor })
	maps.DeleteFunc(f.glances, func(_ live.RoomID, g glance) bool { return g.old(now) })
	ids := make([]live.RoomID, 0, len(f.rooms)+len(f.polled))
	for id := range f.rooms {
		ids = append(ids, id)
	}
	for id := range f.polled {
		if f.rooms[id] == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// askFor asks for the running quizzes of some rooms, and says whether the store answered.
func (f *Follower) askFor(ctx context.Context, h *hub.Hub, ids []live.RoomID) bool {
	within, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	marks, err := f.source.Quizzes.RunningQuizzes(within, ids)
	if ctx.Err() != nil {
		return false
	}
	f.failed(askFailed, err)
	if err != nil {
		return false
	}
	for _, id := range ids {
		mark, running := marks[id]
		if p := f.room(id); p != nil {
			p.compare(mark, running)
		} else if running {
			f.hold(ctx, h, id)
		}
	}
	f.release()
	return true
}

// hold has a room followed that is polled.
func (f *Follower) hold(ctx context.Context, h *hub.Hub, id live.RoomID) {
	f.mu.Lock()
	if _, held := f.held[id]; held {
		f.mu.Unlock()
		return
	}
	f.held[id] = nil
	f.mu.Unlock()
	f.start(func() {
		release, err := h.Hold(ctx, id)
		f.mu.Lock()
		defer f.mu.Unlock()
		if err != nil {
			delete(f.held, id)
			return
		}
		f.held[id] = release
	})
}

// release lets go of rooms where nothing is shown any more.
func (f *Follower) release() {
	for _, release := range f.takeHeld(func(p *performance) bool { return p == nil || p.rests() }) {
		release()
	}
}

// releaseAll lets go of all rooms.
func (f *Follower) releaseAll() {
	for _, release := range f.takeHeld(func(*performance) bool { return true }) {
		release()
	}
}

// takeHeld returns what lets go of rooms, and forgets that they are held.
func (f *Follower) takeHeld(which func(*performance) bool) (releases []func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, release := range f.held {
		if release != nil && which(f.rooms[id]) {
			releases = append(releases, release)
			delete(f.held, id)
		}
	}
	return releases
}

// failed counts a failure, and logs the first of an outage of the store, and its end. That
// there is no quiz is none.
func (f *Follower) failed(what failure, err error) {
	if err != nil && (f.ctx.Err() != nil || isNone(err)) {
		return
	}
	if err != nil {
		f.config.Metrics.failures[what].Inc()
	}
	switch f.outage.note(what, err != nil) {
	case begun:
		f.config.Logger.Warn("quizzes cannot be read or counted; what is known of them is shown", "error", err, "operation", what.String())
	case over:
		f.config.Logger.Info("quizzes can be read and counted again", "operation", what.String())
	case same:
	}
}

// isNone says whether an error says that there is no quiz.
func isNone(err error) bool {
	return errors.Is(err, store.ErrQuizNotFound) || errors.Is(err, store.ErrRoomNotFound)
}

// outage is which operations fail. The zero value is ready to use.
type outage struct {
	mu      sync.Mutex
	failing [failures]bool
}

// turn is what became of an outage.
type turn uint8

const (
	same turn = iota
	begun
	over
)

// note notes that an operation has failed, or not.
func (o *outage) note(what failure, failing bool) turn {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failing[what] == failing {
		return same
	}
	o.failing[what] = failing
	if failing {
		return begun
	}
	return over
}
