package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// Config is how a Store reaches Redis. The zero value of a field is its default.
type Config struct {
	// URL is redis://, rediss:// or unix://, with rueidis' parameters: addr for more
	// addresses of a cluster, master_set for Sentinel.
	URL string
	// Prefix begins the name of every key and channel. It must not contain braces.
	Prefix string // "ovation:"
	// Timeout is how long an answer may take before Redis counts as away.
	Timeout time.Duration // 2 s
	// Retention is how long an ended room is kept.
	Retention time.Duration // 1 h
	// CacheBytes is how much each connection caches.
	CacheBytes int // 32 MiB
	// NoCache turns client-side caching off, for servers without tracking.
	NoCache bool
	// Logger is told what operators should know.
	Logger *slog.Logger // discards
	// Metrics are those to count by.
	Metrics *Metrics // registered with nothing
	// Clock is where scripts take their instants from, for tests; nil: the server's.
	Clock func() live.Timestamp
}

// copyTTL bounds how long a cached copy of a room is believed, should an invalidation be
// lost.
const copyTTL = time.Second

// withDefaults fills in what is not set.
func (c Config) withDefaults() Config {
	set(&c.Prefix, "ovation:")
	set(&c.Timeout, 2*time.Second)
	set(&c.Retention, time.Hour)
	set(&c.CacheBytes, 32<<20)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Store is the hot backend. Make one with Open.
type Store struct {
	config Config
	client rueidis.Client // commands
}

// Open connects to Redis. Close the store when it is no longer used.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{config: c.withDefaults()}
	option, err := rueidis.ParseURL(c.URL)
	if err != nil {
		return nil, fmt.Errorf("redis: the URL cannot be read: %w", err)
	}
	option.CacheSizeEachConn = s.config.CacheBytes
	option.DisableCache = s.config.NoCache
	option.ConnWriteTimeout = s.config.Timeout
	if s.client, err = rueidis.NewClient(option); err != nil {
		return nil, fmt.Errorf("%w: redis: %w", store.ErrUnavailable, err)
	}
	return s, ctx.Err()
}

// Close ends all connections.
func (s *Store) Close() { s.client.Close() }

// newEpoch returns an epoch that no room had before.
func newEpoch() string { return rand.Text()[:13] }

// reach calls Redis, in the time that it has, and says what became of that in the
// store's words.
func (s *Store) reach(ctx context.Context, call func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	err := call(bounded)
	switch {
	case err == nil, rueidis.IsRedisNil(err):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return unavailable(err)
	}
}

// unavailable says that Redis cannot be reached, or that it refuses to work: to callers
// that is the same.
func unavailable(err error) error {
	if errors.Is(err, store.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: redis: %w", store.ErrUnavailable, err)
}

// notFound says that a room is not there.
func notFound(id live.RoomID) error { return &store.RoomError{Room: id, Err: store.ErrRoomNotFound} }

// ended says that a room has ended.
func ended(id live.RoomID) error { return &store.RoomError{Room: id, Err: store.ErrRoomEnded} }
