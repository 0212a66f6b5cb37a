// Package quiz asks rooms questions, takes everyone's answers, and settles who wins.
//
// A quiz itself is the store's (store.Quizzes), and every change of it a pure function of
// live/quiz. What players do while a question takes answers goes into slots
// (store.Answers), of which this node's intakes put many at a time; an answer is
// acknowledged when the store has it. What is due when a question is over is done by
// whichever node claims it (Run).
package quiz

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

// Rooms says how rooms are.
type Rooms interface {
	// Room returns a room, perhaps as it was a moment ago. store.ErrRoomNotFound.
	Room(ctx context.Context, id live.RoomID) (room.Room, error)
}

// Frames is who shows the frames of quizzes on this node.
type Frames interface {
	// Acknowledge says that frames have reached a session, if it is served here.
	Acknowledge(id live.RoomID, who room.Session, frames []string)
}

// nobody is Frames that shows none.
type nobody struct{}

// Acknowledge implements Frames.
func (nobody) Acknowledge(live.RoomID, room.Session, []string) {}

// Config is how a Service behaves. Every field has a default.
type Config struct {
	// Node names this node among those that claim tasks. Default: "node".
	Node store.NodeID
	// NewID makes ids that nobody can guess. Default: random text.
	NewID func() string
	// TicketKey signs the tickets of answers; every node has the same. Default: a random
	// one, so that only this node knows its tickets.
	TicketKey []byte
	// MaxWaiting is how many answers wait for the store at most; others are told to come
	// again. Default 10,000.
	MaxWaiting int
	// Pace is how far apart calls of the store begin that put what players do, many together
	// where there is much. Default: each begins at once.
	Pace time.Duration
	// Volatile says that the store may lose what it has acknowledged while a question takes
	// answers: this node keeps what it has put, and puts it again.
	Volatile bool
	// Frames is told of acknowledgements. Default: nobody.
	Frames Frames
	// Logger gets what an operator should know. Default: slog's.
	Logger *slog.Logger
	// Metrics counts. Default: nowhere registered.
	Metrics *Metrics
}

// Service is the use cases of quizzes. Make one with New; end it with Close. It may be used
// concurrently.
type Service struct {
	config    Config
	quizzes   store.Quizzes
	answers   store.Answers
	sanctions store.Sanctions
	presence  store.Presence
	clock     store.Clock
	rooms     Rooms
	views     *views
	parts     *parts
	counts    *counts
	tickets   tickets
	logger    *slog.Logger
	metrics   *Metrics

	waiting atomic.Int64 // answers that wait for the store
	intakes intakes
	pace    pacing // of their calls
	lives   lives
	revived *revived
	hurry   chan struct{} // there may be tasks that are due
	workers int

	ctx    context.Context //nolint:containedctx // the life of reads that several callers wait for
	cancel context.CancelFunc
	reads  sync.WaitGroup
}

// New returns the use cases over a store. Close it.
func New(set store.Set, r Rooms, c Config) *Service {
	c = c.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Service{
		config: c, quizzes: set.Quizzes, answers: set.Answers, sanctions: set.Sanctions, presence: set.Presence, clock: set.Clock, rooms: r,
		tickets: newTickets(c.TicketKey), logger: c.Logger, metrics: c.Metrics, revived: newRevived(),
		hurry: make(chan struct{}, 1), workers: max(2, 2*runtime.GOMAXPROCS(0)), ctx: ctx, cancel: cancel,
	}
	s.pace.interval = c.Pace
	s.views = newViews(s)
	s.parts = newParts(s)
	s.counts = newCounts(s)
	return s
}

// Close ends what several callers wait for. It does not end Run.
func (s *Service) Close() {
	s.cancel()
	s.reads.Wait()
}

// now returns the instant by the clock that everything in quizzes counts by.
func (s *Service) now() live.Timestamp { return s.clock.Now() }

// open returns nil if a room is there and has not ended.
func (s *Service) open(ctx context.Context, id live.RoomID) error {
	r, err := s.rooms.Room(ctx, id)
	if err == nil && r.State == room.Ended {
		err = &store.RoomError{Room: id, Err: store.ErrRoomEnded}
	}
	return err
}

// host returns nil if the caller may lead quizzes in a room.
func host(p auth.Principal, id live.RoomID) error { return p.As(id, live.RoleHost, live.RoleBackend) }

// change changes a quiz, and this node's view of it. Instants are those of the clock by
// which answers are received, whatever else the store has.
func (s *Service) change(
	ctx context.Context, ref quiz.Ref, change func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error),
) (quiz.Quiz, error) {
	q, err := s.quizzes.ChangeQuiz(ctx, ref, func(q quiz.Quiz, _ live.Timestamp) (store.QuizChange, error) {
		return change(q, s.now())
	})
	if err != nil {
		return quiz.Quiz{}, err
	}
	s.views.put(&q)
	s.awake()
	return q, nil
}

// awake has the evaluator look for tasks at once.
func (s *Service) awake() {
	select {
	case s.hurry <- struct{}{}:
	default:
	}
}
