// Package gift sells gifts: it keeps the catalogue at hand, takes payments many at a time,
// puts each gift's message into its room, settles what was given, and says how much that
// is.
//
// What is paid is the store's (store.Gifts): SendGifts decides each payment by the rules of
// live/gift, and when it returns they are durable. Nothing that comes after a payment, the
// message in the room or the counters before the viewers, can undo it or holds it up.
package gift

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// Rooms says how rooms are.
type Rooms interface {
	// Room returns a room, perhaps as it was a moment ago. store.ErrRoomNotFound.
	Room(ctx context.Context, id live.RoomID) (room.Room, error)
}

// Messages is who puts the messages of gifts into rooms.
type Messages interface {
	// Announce puts a gift's own message into a room's log, or says that it was shed.
	Announce(ctx context.Context, id live.RoomID, c feed.Content) (feed.Receipt, error)
}

// Viewers is who tells viewers of this node what was given.
type Viewers interface {
	// GiftRevisions returns the rooms that have viewers here, with the revision of the
	// counters that are known of each.
	GiftRevisions() map[live.RoomID]int64
	// SetGifts tells a room's viewers what was given there.
	SetGifts(id live.RoomID, c gift.Counters)
}

// Config is how a Service behaves. Every field has a default.
type Config struct {
	// SettleEvery is how often what was given is settled. Default 5 s.
	SettleEvery time.Duration
	// MaxWaiting is how many payments wait for the store at most; others are told to come
	// again. Default 10,000.
	MaxWaiting int
	// Messages gets the messages of gifts. Default: nobody.
	Messages Messages
	// Viewers are told what was given. Default: nobody.
	Viewers Viewers
	// Logger gets what an operator should know. Default: slog's.
	Logger *slog.Logger
	// Metrics counts. Default: nowhere registered.
	Metrics *Metrics
}

// The values that are chosen where nothing is said.
const (
	defaultSettleEvery = 5 * time.Second
	defaultMaxWaiting  = 10_000
)

// withDefaults returns the config with what is not set filled in.
func (c Config) withDefaults() Config {
	if c.SettleEvery == 0 {
		c.SettleEvery = defaultSettleEvery
	}
	if c.MaxWaiting == 0 {
		c.MaxWaiting = defaultMaxWaiting
	}
	if c.Messages == nil {
		c.Messages = nobody{}
	}
	if c.Viewers == nil {
		c.Viewers = nobody{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// nobody is Messages that go nowhere, and Viewers that are not there.
type nobody struct{}

// Announce implements Messages.
func (nobody) Announce(context.Context, live.RoomID, feed.Content) (feed.Receipt, error) {
	return feed.Receipt{}, nil
}

// GiftRevisions implements Viewers.
func (nobody) GiftRevisions() map[live.RoomID]int64 { return nil }

// SetGifts implements Viewers.
func (nobody) SetGifts(live.RoomID, gift.Counters) {}

// Service is the use cases of gifts. Make one with New; end it with Close. It may be used
// concurrently.
type Service struct {
	config    Config
	gifts     store.Gifts
	ledger    store.Ledger
	sanctions store.Sanctions
	rooms     Rooms
	catalogue *catalogue
	till      *till
	herald    *herald
	counting  singleflight.Group // reads of counters, by room
	hurry     chan struct{}      // viewers may be told something new
	logger    *slog.Logger
	metrics   *Metrics
}

// New returns the use cases over a store. Close it.
func New(set store.Set, r Rooms, c Config) *Service {
	c = c.withDefaults()
	s := &Service{
		config: c, gifts: set.Gifts, ledger: set.Ledger, sanctions: set.Sanctions, rooms: r,
		catalogue: &catalogue{gifts: set.Gifts}, herald: newHerald(c),
		hurry: make(chan struct{}, 1), logger: c.Logger, metrics: c.Metrics,
	}
	s.till = newTill(set.Gifts, c, s.herald.announce)
	return s
}

// Close ends what follows payments: messages that wait for their round are put into their
// rooms now. No payment may be under way. It does not end Run.
func (s *Service) Close() { s.herald.close() }

// Run keeps the catalogue at hand, settles, and tells viewers what was given, until ctx is
// done.
func (s *Service) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { s.catalogue.keep(ctx) })
	group.Go(func() { s.settle(ctx) })
	group.Go(func() { s.count(ctx) })
	group.Wait()
}
