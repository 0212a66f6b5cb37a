package redis

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/internal/redisurl"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// Config is how a Store reaches Redis. The zero value of a field is its default.
type Config struct {
	// URL is what redisurl.Parse reads.
	URL string
	// Prefix begins the name of every key and channel. It must not contain braces.
	Prefix string // "ovation:"
	// Timeout is how long an answer may take before Redis counts as away.
	Timeout time.Duration // 2 s
	// Retention is how long an ended room is kept.
	Retention time.Duration // 1 h
	// CacheBytes is how much each connection caches.
	CacheBytes int // 32 MiB
	// BufferBytes is how much each connection reads ahead, and gathers to write.
	BufferBytes int // 64 KiB
	// PutAgain is how long nodes have, when Redis may have lost answers, to put them again:
	// for so long no slot that may lack some is sealed, nor for a third of that after some
	// were put again.
	PutAgain time.Duration // 3 s
	// Replicas is how many rooms' logs are held for reading on.
	Replicas int // 128
	// NoCache turns client-side caching off, for servers without tracking.
	NoCache bool
	// OnBehind is called when limits come with a change that are of a later revision than
	// the copy of the room: the copy is to be mended. It must not block, and is called from
	// many goroutines, for every batch that shows it.
	OnBehind func(live.RoomID) // nothing
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

// askSentinels is how often Sentinels are asked who the primary is: what they say by
// themselves when it changes may be lost.
const askSentinels = 5 * time.Second

// withDefaults fills in what is not set.
func (c Config) withDefaults() Config {
	c.Prefix = cmp.Or(c.Prefix, "ovation:")
	c.Timeout = cmp.Or(c.Timeout, 2*time.Second)
	c.Retention = cmp.Or(c.Retention, time.Hour)
	c.CacheBytes = cmp.Or(c.CacheBytes, 32<<20)
	c.BufferBytes = cmp.Or(c.BufferBytes, 64<<10)
	c.PutAgain = cmp.Or(c.PutAgain, 3*time.Second)
	c.Replicas = cmp.Or(c.Replicas, 128)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// Store is the hot backend. Make one with Open.
type Store struct {
	config   Config
	client   rueidis.Client // commands
	ahead    ahead
	breakers breakers
	commits  [shares]*committer
	replicas *replicas
	bus      *bus
	maps     *mapCopies
	looks    looks
}

// Open connects to Redis. Close the store when it is no longer used.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{config: c.withDefaults(), maps: newMapCopies()}
	option, err := s.config.option()
	if err != nil {
		return nil, err
	}
	for i := range s.commits {
		s.commits[i] = newCommitter(s.commit)
	}
	if s.replicas, err = newReplicas(s, s.config.Replicas); err != nil {
		return nil, fmt.Errorf("redis: replicas: %w", err)
	}
	if s.client, err = rueidis.NewClient(option); err != nil {
		return nil, opening(err)
	}
	if s.isSentinel(ctx) {
		s.client.Close()
		return nil, ErrSentinel
	}
	if s.bus, err = newBus(s, option); err != nil {
		s.client.Close()
		return nil, opening(err)
	}
	if err := ctx.Err(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// ErrSentinel says that the address is that of a Sentinel, which keeps nothing itself.
var ErrSentinel = errors.New("redis: it is a Sentinel: say what it calls the server by ?master_set=NAME in the URL")

// isSentinel says whether a Sentinel answers where a server should. Who does not answer is
// none.
func (s *Store) isSentinel(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	info, err := s.client.Do(ctx, s.client.B().Info().Section("server").Build()).ToString()
	return err == nil && strings.Contains(info, "redis_mode:sentinel")
}

// option returns how clients connect.
func (c Config) option() (rueidis.ClientOption, error) {
	option, err := redisurl.Parse(c.URL)
	if err != nil {
		return option, fmt.Errorf("redis: the URL cannot be read: %w", err)
	}
	option.CacheSizeEachConn = c.CacheBytes
	option.DisableCache = c.NoCache
	option.ReadBufferEachConn = c.BufferBytes
	option.WriteBufferEachConn = c.BufferBytes
	option.ConnWriteTimeout = c.Timeout
	option.Dialer.Timeout = c.Timeout
	option.Sentinel.Dialer.Timeout = c.Timeout
	option.Sentinel.TopologyRefreshInterval = askSentinels
	option.AlwaysPipelining = true // else a caller who gives up takes the connection along
	return option, nil
}

// Close waits for what is being appended, and ends all connections. Nothing is heard after
// it has returned.
func (s *Store) Close() {
	for _, c := range s.commits {
		c.close()
	}
	s.bus.close()
	s.client.Close()
}

// newEpoch returns an epoch that no room had before.
func newEpoch() string { return rand.Text()[:13] }

// errClosed says that the store was closed.
var errClosed = errors.New("the store is closed")

// reach is reachKey for what concerns every room.
func (s *Store) reach(ctx context.Context, call func(context.Context) error) error {
	return s.reachKey(ctx, s.keysOf("").state(), call)
}

// reachKey calls Redis for a key, in the time that it has, and says what became of that in
// the store's words. While Redis does not answer it is not called at all, but now and then.
func (s *Store) reachKey(ctx context.Context, key string, call func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b := s.breaker(key)
	if !b.allow(time.Now()) {
		return unavailable(errAway)
	}
	bounded, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	err := call(bounded)
	answered := hasAnswered(err)
	another := isAnothers(bounded, err) // asked first: time passes
	given := !answered && over(ctx)
	b.note(time.Now(), answered, given || another)
	switch {
	case given:
		return cmp.Or(ctx.Err(), context.DeadlineExceeded)
	case answered:
		return translate(err)
	default:
		return unavailable(err)
	}
}

// hasAnswered says whether Redis has answered, be it with an error, or with what nobody here
// can read: that is no sign that it is away.
func hasAnswered(err error) bool {
	_, refused := rueidis.IsRedisErr(err)
	return err == nil || refused || rueidis.IsRedisNil(err) || rueidis.IsParseErr(err) ||
		errors.Is(err, errMalformed) || errors.Is(err, errCopy)
}

// over says whether a context has ended, even where its own timer has not noticed yet.
func over(ctx context.Context) bool {
	deadline, bounded := ctx.Deadline()
	return ctx.Err() != nil || bounded && !time.Now().Before(deadline)
}

// isAnothers says whether a call whose own context goes on has failed because another's has
// ended: whoever makes a connection, or fetches what is cached, does so for all who wait for
// it, and for no longer than they would themselves. Nothing of the call was sent, and that says
// nothing about Redis.
func isAnothers(ctx context.Context, err error) bool {
	if over(ctx) {
		return false
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		unsent(err) && errors.Is(err, os.ErrDeadlineExceeded)
}

// refusing is how Redis says that it cannot serve just now, by the first word of its errors.
var refusing = map[string]bool{
	"LOADING": true, "READONLY": true, "MASTERDOWN": true, "CLUSTERDOWN": true, "MOVED": true, "ASK": true,
	"TRYAGAIN": true, "MISCONF": true, "NOREPLICAS": true, "OOM": true, "BUSY": true, "UNBLOCKED": true,
}

// translate says in the store's words what Redis answered.
func translate(err error) error {
	if answer, ok := rueidis.IsRedisErr(err); ok && !answer.IsNil() {
		if code, _, _ := strings.Cut(answer.Error(), " "); refusing[code] {
			return unavailable(err)
		}
	}
	return err
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
