package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/store/paired"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/redis"
)

const (
	// awaitStores is how long a server that starts waits for Redis and Postgres, which may
	// start with it.
	awaitStores = 30 * time.Second
	// askStores is how often it tries.
	askStores = time.Second
	// sayAwaiting is how often it says that it waits for the same reason.
	sayAwaiting = 10 * time.Second
)

// errNotMigrated says that the tables are those of an earlier build.
var errNotMigrated = errors.New("the tables in Postgres are not those of this build: run `server migrate`, or leave out --migrate off")

// backing is where rooms are kept.
type backing struct {
	store.Set
	run   func(context.Context) // what is done by itself, until the context is done
	close func()
}

// inProcess returns the backing of a store that does nothing by itself.
func inProcess(set store.Set) backing { return backing{set, func(context.Context) {}, func() {}} }

// opener opens stores that may still be starting.
type opener struct {
	config   config.Config
	logger   *slog.Logger
	registry prometheus.Registerer
}

// openBacking opens what the configuration names.
func openBacking(
	ctx context.Context, c config.Config, logger *slog.Logger, registry prometheus.Registerer,
) (backing, error) {
	counts := paired.NewMetrics(registry) // there from the start, whatever the store
	if !c.Shared() {
		return inProcess(memory.New().Set()), nil
	}
	o := opener{c, logger, registry}
	durable, err := o.postgres(ctx)
	if err != nil {
		return backing{}, err
	}
	var behind func(live.RoomID)
	hot, err := o.redis(ctx, func(id live.RoomID) { behind(id) })
	if err != nil {
		durable.Close()
		return backing{}, err
	}
	s := paired.New(hot, durable, paired.Config{Logger: logger, Metrics: counts})
	behind = s.Behind
	run := func(ctx context.Context) {
		var group sync.WaitGroup
		group.Go(func() { s.Run(ctx) })
		group.Go(func() { o.prune(ctx, durable) })
		group.Wait()
	}
	closeBoth := func() {
		hot.Close()
		durable.Close()
	}
	return backing{s.Set(), run, closeBoth}, nil
}

// pruneEvery is about how often each node deletes what was kept for long enough.
const pruneEvery = time.Hour

// prune deletes what was kept for long enough, now and then, until the context is done.
func (o opener) prune(ctx context.Context, s *postgres.Store) {
	for {
		select {
		case <-time.After(pruneEvery/2 + rand.N(pruneEvery)): //nolint:gosec // nodes that were started together are to differ
		case <-ctx.Done():
			return
		}
		done, err := s.Prune(ctx)
		if err != nil && ctx.Err() == nil {
			o.logger.WarnContext(ctx, "what was kept for long enough cannot be deleted", "error", err)
			continue
		}
		o.logger.InfoContext(ctx, "deleted what was kept for long enough",
			"messages", done.Messages, "sanctions", done.Sanctions, "rooms", done.Rooms)
	}
}

// await tries to open something until that succeeds, fails for another reason than that
// it cannot be reached now, or takes too long.
func (o opener) await(ctx context.Context, what, flag string, open func(context.Context) error) error {
	begun := time.Now()
	said, sayAgain := "", begun
	for {
		err := open(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("stopped before %s answered: %w", what, ctx.Err())
		case !errors.Is(err, store.ErrUnavailable):
			return fmt.Errorf("%s cannot be used: %w", flag, err)
		case time.Since(begun) > awaitStores:
			return fmt.Errorf("%s could not be used for %v: check %s, and that it runs: %w", what, awaitStores, flag, err)
		}
		if now := time.Now(); err.Error() != said || now.After(sayAgain) {
			said, sayAgain = err.Error(), now.Add(sayAwaiting)
			o.logger.WarnContext(ctx, "waiting for a store to answer",
				"store", what, "waited", now.Sub(begun).Round(time.Second), "at_most", awaitStores, "error", err)
		}
		select {
		case <-time.After(askStores):
		case <-ctx.Done():
		}
	}
}

// postgres opens Postgres, with the tables that this build needs.
func (o opener) postgres(ctx context.Context) (s *postgres.Store, err error) {
	if s, err = o.tables(ctx); err != nil {
		return nil, err
	}
	if o.config.Migrate == "off" {
		err = checkVersion(ctx, s)
	} else {
		err = o.migrate(ctx, s)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// tables opens Postgres, whatever tables it has.
func (o opener) tables(ctx context.Context) (s *postgres.Store, err error) {
	c := o.config
	err = o.await(ctx, "Postgres", "--postgres-url", func(ctx context.Context) (err error) {
		s, err = postgres.Open(ctx, postgres.Config{
			URL: string(c.PostgresURL), MigrateURL: string(c.PostgresMigrateURL), MaxConns: c.PostgresMaxConns,
			ExecMode: postgres.ExecMode(c.PostgresExecMode), HistoryRetention: c.HistoryRetention, RoomRetention: c.RoomRetention,
			Logger: o.logger,
		})
		return err
	})
	return s, err
}

// checkVersion checks that the tables are those of this build.
func checkVersion(ctx context.Context, s *postgres.Store) error {
	v, err := s.Version(ctx)
	if err == nil && v.Applied < v.Wanted {
		err = fmt.Errorf("%w: they are of version %d, it needs %d", errNotMigrated, v.Applied, v.Wanted)
	}
	return err
}

// migrate makes the tables those of this build.
func (o opener) migrate(ctx context.Context, s *postgres.Store) error {
	done, err := s.Migrate(ctx)
	for _, m := range done {
		o.logger.InfoContext(ctx, "migrated Postgres", "version", m.Version, "migration", m.Name)
	}
	return err
}

// sendsApart is how far apart a node's batches of messages are, unless much waits: to be woken for
// each of a few hundred a second, by its caller, by Redis and by what is published, costs more than
// all else that is done for it; and rounds are several times as far apart.
const sendsApart = 20 * time.Millisecond

// redis opens Redis, which says of rooms that are behind.
func (o opener) redis(ctx context.Context, behind func(live.RoomID)) (s *redis.Store, err error) {
	c := redis.Config{
		URL: string(o.config.RedisURL), Prefix: o.config.RedisPrefix, Timeout: o.config.RedisTimeout,
		CacheBytes: o.config.RedisCacheBytes, NoCache: o.config.RedisCache == "off",
		Apart: sendsApart, OnBehind: behind, Logger: o.logger, Metrics: redis.NewMetrics(o.registry),
	}
	err = o.await(ctx, "Redis", "--redis-url", func(ctx context.Context) (err error) {
		s, err = redis.Open(ctx, c)
		if errors.Is(err, redis.ErrNoTracking) && o.config.RedisCache == "auto" {
			o.logger.WarnContext(ctx, "Redis cannot say when copies are out of date (CLIENT TRACKING): "+
				"nothing that it holds is cached, and it is asked more often", "error", err)
			c.NoCache = true
			s, err = redis.Open(ctx, c)
		}
		if errors.Is(err, redis.ErrNoTracking) {
			return fmt.Errorf("--redis-cache is on, set it to auto or off: %w", err)
		}
		return err
	})
	return s, err
}

// Migrate makes the tables in Postgres those of this build, and returns what there was to
// say of it.
func Migrate(ctx context.Context, c config.Config, logger *slog.Logger) (string, error) {
	o := opener{c, logger, nil}
	s, err := o.tables(ctx)
	if err != nil {
		return "", err
	}
	defer s.Close()
	if err := o.migrate(ctx, s); err != nil {
		return "", err
	}
	v, err := s.Version(ctx)
	return fmt.Sprintf("The tables in Postgres are of version %d.", v.Applied), err
}
