// Package events lets other systems have what happened in the rooms: by streams, each of one
// consumer, and by webhooks, which whichever node owns one sends to. What happened, who
// reads it, and how far each is, is the store's (store.Events, store.Consumers,
// store.Webhooks).
package events

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// What callers are told.
var (
	// ErrCursor: a cursor is not one that was handed out.
	ErrCursor = errors.New("events: cursor is not valid")
	// ErrDraining: the node goes, and its streams end.
	ErrDraining = errors.New("events: the node is draining")
)

// FieldError says what is wrong with a field of a request.
type FieldError struct{ Field, Reason string }

// Error implements error.
func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// Config is how a Service behaves. Every field has a default.
type Config struct {
	// Node names this node among those that send to webhooks. Default: random.
	Node store.NodeID
	// Retention is how long events are kept. Default: 7 days.
	Retention time.Duration
	// DeadLetters is how many are kept of a webhook. Default: 10,000.
	DeadLetters int
	// Addresses says where webhooks may be. Default: AnyButLocal.
	Addresses Addresses
	// SignOfLife is the longest silence on a stream. Default, and at most: 20 s.
	SignOfLife time.Duration
	// Logger gets what an operator should know. Default: slog's.
	Logger *slog.Logger
	// Metrics counts. Default: nowhere registered.
	Metrics *Metrics
}

const (
	defaultRetention = 7 * 24 * time.Hour
	maxSilence       = 20 * time.Second
	// defaultDeadLetters is more than anybody reads, and as much as a webhook holds at most.
	defaultDeadLetters = 10_000
)

// withDefaults returns the config with what is not set filled in.
func (c Config) withDefaults() Config {
	c.Node = cmp.Or(c.Node, store.NodeID(rand.Text()))
	c.Retention = cmp.Or(c.Retention, defaultRetention)
	c.DeadLetters = cmp.Or(c.DeadLetters, defaultDeadLetters)
	c.SignOfLife = min(cmp.Or(c.SignOfLife, maxSilence), maxSilence)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// Service is the use cases of events. Make one with New, and let it Run. It may be used
// concurrently.
type Service struct {
	config    Config
	events    store.Events
	consumers store.Consumers
	webhooks  store.Webhooks
	watch     *watch
	post      *poster
	logger    *slog.Logger
	metrics   *Metrics
	hurry     chan struct{} // a webhook was changed
	news      chan struct{} // there is another consumer, or one less
	drain     chan struct{} // closed when streams are to end
	drained   sync.Once

	mu      sync.Mutex
	streams map[string]*Stream // by consumer, of this node
}

// New returns the use cases over a store.
func New(set store.Set, c Config) *Service {
	c = c.withDefaults()
	return &Service{
		config: c, events: set.Events, consumers: set.Consumers, webhooks: set.Webhooks,
		watch: newWatch(set.Events), post: newPoster(c.Addresses), logger: c.Logger, metrics: c.Metrics,
		hurry: make(chan struct{}, 1), news: make(chan struct{}, 1), drain: make(chan struct{}), streams: make(map[string]*Stream),
	}
}

// Run does what is done by itself, until the context is done: it looks for new events, sends
// to webhooks, forgets old events, and measures. Then it gives the webhooks back.
func (s *Service) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { s.watch.run(ctx) })
	group.Go(func() { s.dispatch(ctx) })
	group.Go(func() { s.prune(ctx) })
	group.Go(func() { s.pruneLetters(ctx) })
	group.Go(func() { s.measure(ctx) })
	group.Wait()
	s.post.close()
}

// Drain ends the streams, with ErrDraining.
func (s *Service) Drain() { s.drained.Do(func() { close(s.drain) }) }

// may returns nil if the caller may have events: a backend of every room, as they are of
// every room.
func may(p auth.Principal) error {
	if p.Role != live.RoleBackend {
		return auth.ErrRoleForbidden
	}
	return p.In(auth.AnyRoom)
}

// cursors is what cursors are tokens of.
const cursors page.List = "events"

// Cursor returns the cursor of the place after an event.
func Cursor(at store.EventPosition) string { return cursors.Token(strconv.FormatInt(int64(at), 36)) }

// position returns the place that a cursor stands for; of none: 0.
func position(cursor string) (store.EventPosition, error) {
	if cursor == "" {
		return 0, nil
	}
	text, err := cursors.After(cursor)
	if err != nil {
		return 0, ErrCursor
	}
	at, err := strconv.ParseInt(text, 36, 64)
	if err != nil || at < 0 || Cursor(store.EventPosition(at)) != cursor {
		return 0, ErrCursor
	}
	return store.EventPosition(at), nil
}

// byDefault is the kinds that are meant where none is named: all but those of messages.
var byDefault = []store.EventKind{
	store.VisitClosed, store.GiftSettled, store.GoalReached, store.RoomCreated, store.RoomEnded, store.QuizFinished,
	store.SanctionApplied, store.SanctionLifted,
}

// asked returns a filter with its kinds named.
func asked(f store.EventFilter) store.EventFilter {
	if len(f.Kinds) == 0 {
		f.Kinds = byDefault
	}
	return f
}

// Acknowledge says that a consumer is done with what is before a cursor. Errors of auth,
// ErrCursor, store.ErrEventPosition, store.ErrConsumerNotFound.
func (s *Service) Acknowledge(ctx context.Context, p auth.Principal, name, cursor string) (store.EventConsumer, error) {
	if err := may(p); err != nil {
		return store.EventConsumer{}, err
	}
	at, err := position(cursor)
	if err != nil {
		return store.EventConsumer{}, err
	}
	c, err := s.consumers.AcknowledgeEvents(ctx, name, at)
	if err == nil {
		s.acknowledged(c)
		s.awake()
	}
	return c, err
}

// acknowledged tells the consumer's stream, if it is here.
func (s *Service) acknowledged(c store.EventConsumer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stream := s.streams[c.Name]; stream != nil {
		ring(stream.acks)
	}
}

// List returns a page of consumers, by name, and the token of the next. Errors of auth,
// page.ErrToken.
func (s *Service) List(
	ctx context.Context, p auth.Principal, size int, token string,
) ([]store.EventConsumer, string, error) {
	const list page.List = "event consumers"
	if err := may(p); err != nil {
		return nil, "", err
	}
	after, err := list.After(token)
	if err != nil {
		return nil, "", err
	}
	found, err := s.consumers.EventConsumers(ctx, after, size+1)
	found, next := page.Cut(list, found, size, func(c store.EventConsumer) string { return c.Name })
	return found, next, err
}

// Delete forgets a consumer. Errors of auth.
func (s *Service) Delete(ctx context.Context, p auth.Principal, name string) error {
	if err := may(p); err != nil {
		return err
	}
	err := s.consumers.DeleteConsumer(ctx, name)
	s.awake()
	ring(s.news)
	return err
}

// awake has the node look at the webhooks at once.
func (s *Service) awake() { ring(s.hurry) }

// ring has whoever waits for a channel of one look.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}
