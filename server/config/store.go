package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Store is where rooms are kept: in this process alone, or in Redis and Postgres, which
// any number of nodes share.
type Store struct {
	RedisURL        Secret        `name:"redis-url" placeholder:"URL" help:"Redis 7 or later, as redis://user:password@host:6379 or rediss://...; ?addr=host:port for each further one of a cluster, ?master_set=name for Sentinel. Needs --postgres-url. Without both, rooms are kept in this process alone."`
	RedisPrefix     string        `name:"redis-prefix" default:"ovation:" placeholder:"TEXT" help:"What the names of all keys and channels begin with; the same on every node (default ${default})."`
	RedisCache      string        `name:"redis-cache" default:"auto" enum:"auto,on,off" placeholder:"HOW" help:"Whether to keep copies that Redis says when to drop: auto (if Redis can), on (it must) or off (default ${default})."`
	RedisCacheBytes int           `name:"redis-cache-bytes" default:"33554432" placeholder:"BYTES" help:"Memory for such copies, for each connection (default ${default})."`
	RedisTimeout    time.Duration `name:"redis-timeout" default:"2s" placeholder:"DURATION" help:"Longest wait for an answer before Redis counts as away, 100ms to 1m (default ${default})."`

	PostgresURL        Secret `name:"postgres-url" placeholder:"URL" help:"Postgres 14 or later, as postgres://user:password@host:5432/database. Needs --redis-url."`
	PostgresExecMode   string `name:"postgres-exec-mode" default:"cache_statement" enum:"cache_statement,exec,simple_protocol" placeholder:"MODE" help:"How statements are sent: cache_statement, or behind a pool such as PgBouncer in transaction mode exec or simple_protocol (default ${default})."`
	PostgresMigrateURL Secret `name:"postgres-migrate-url" placeholder:"URL" help:"Where migrations connect to, past such a pool (default: --postgres-url)."`
	PostgresMaxConns   int    `name:"postgres-max-conns" default:"16" placeholder:"N" help:"Most connections of this node to Postgres (default ${default})."`

	Migrate string `name:"migrate" default:"at-start" enum:"at-start,off" placeholder:"WHEN" help:"When tables are made or changed: at-start, whichever node is first, or off: by the command migrate (default ${default})."`

	// MigrateOnly says that nothing is done but to make tables: Redis is not needed.
	MigrateOnly bool `kong:"-"`

	HistoryRetention time.Duration `name:"history-retention" default:"2160h" placeholder:"DURATION" help:"How long messages are kept for ListHistory, 1h or more; 0: for ever (default ${default})."`
	RoomRetention    time.Duration `name:"room-retention" default:"0" placeholder:"DURATION" help:"How long ended rooms are kept in Postgres, with all that is known of them, 24h or more; 0: for ever (default ${default})."`
}

// Shared says whether rooms are kept where other nodes keep them too.
func (s Store) Shared() bool { return s.RedisURL != "" }

const (
	// minHistoryRetention is the shortest time for which messages are kept, if it is not
	// for ever: they are read while a room is live too.
	minHistoryRetention = time.Hour
	// minRoomRetention is the same for ended rooms: much longer than Redis keeps them.
	minRoomRetention = 24 * time.Hour
)

func (s Store) validate() error {
	return errors.Join(
		s.validateURLs(),
		validatePrefix(s.RedisPrefix),
		between("--redis-cache-bytes", s.RedisCacheBytes, 1<<20, 1<<34),
		between("--redis-timeout", s.RedisTimeout, 100*time.Millisecond, time.Minute),
		between("--postgres-max-conns", s.PostgresMaxConns, 2, 1000),
		validateRetention("--history-retention", s.HistoryRetention, minHistoryRetention),
		validateRetention("--room-retention", s.RoomRetention, minRoomRetention),
	)
}

// validateURLs checks that there are both, or neither, and of what kind they are. What is
// wrong is said without them: they hold passwords.
func (s Store) validateURLs() error {
	faults := []error{
		validateScheme("--redis-url", s.RedisURL, "redis", "rediss", "unix"),
		validateScheme("--postgres-url", s.PostgresURL, "postgres", "postgresql"),
		validateScheme("--postgres-migrate-url", s.PostgresMigrateURL, "postgres", "postgresql"),
	}
	switch {
	case s.RedisURL != "" && s.PostgresURL == "":
		faults = append(faults, errors.New("--redis-url is given without --postgres-url: Redis has what happens in rooms, Postgres what must not be lost; set both, or neither"))
	case s.PostgresURL != "" && s.RedisURL == "" && !s.MigrateOnly:
		faults = append(faults, errors.New("--postgres-url is given without --redis-url: Redis has what happens in rooms, Postgres what must not be lost; set both, or neither"))
	}
	return errors.Join(faults...)
}

// validateScheme checks that an address is a URL of one of these schemes, if it is set.
func validateScheme(flag string, address Secret, schemes ...string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(string(address))
	if err != nil || !slices.Contains(schemes, u.Scheme) {
		return fmt.Errorf("%s is no URL that begins with %s://", flag, strings.Join(schemes, ":// or "))
	}
	return nil
}

// validatePrefix checks that a prefix leaves the hash tags of keys as they are.
func validatePrefix(prefix string) error {
	if strings.ContainsAny(prefix, "{} \r\n") || prefix == "" || len(prefix) > 64 {
		return fmt.Errorf("--redis-prefix %q must have from 1 to 64 bytes, and no braces or spaces", prefix)
	}
	return nil
}

func validateRetention(flag string, d, least time.Duration) error {
	if d != 0 && d < least {
		return fmt.Errorf("%s is %v, must be 0 or at least %v", flag, d, least)
	}
	return nil
}
