package paired_test

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store/paired"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/redis"
	"github.com/ovation-live/ovation/store/storetest"
)

func TestMain(m *testing.M) { services.Main(m) }

// slow is how long an answer may take here: machines may have much else to do, and
// nothing waits for it.
const slow = time.Minute

// backends is where a test has its rooms, and no other test has any.
type backends struct {
	redis    redis.Config
	postgres postgres.Config
}

// newBackends returns a namespace in the Redis at an address, and in the Postgres that
// the package shares.
func newBackends(tb testing.TB, redisURL string) backends {
	tb.Helper()
	name := strings.ToLower(rand.Text()[:13])
	b := backends{
		redis: redis.Config{URL: withParameter(redisURL, "client_name="+name), Prefix: name + ":", Timeout: slow, PutAgain: time.Nanosecond},
		postgres: postgres.Config{
			URL: services.SharedPostgres(tb) + "&application_name=" + name, Schema: "test_" + name, Timeout: slow, MaxConns: 4,
		},
	}
	execute(tb, b.postgres.URL, "CREATE SCHEMA "+b.postgres.Schema)
	tb.Cleanup(func() { execute(tb, b.postgres.URL, "DROP SCHEMA "+b.postgres.Schema+" CASCADE") })
	return b
}

// withParameter returns an address with one more parameter.
func withParameter(address, parameter string) string {
	if strings.Contains(address, "?") {
		return address + "&" + parameter
	}
	return address + "?" + parameter
}

// withClock lets both backends take their instants from a clock.
func (b backends) withClock(clock *storetest.Clock) backends {
	b.redis.Clock, b.postgres.Clock = clock.Now, clock.Now
	return b
}

// execute executes a statement over a connection of its own.
func execute(tb testing.TB, url, statement string) {
	tb.Helper()
	services.Query(tb, url, statement)
}

// node is a store as one server process has it.
type node struct {
	*paired.Store
	hot     *hot
	durable *durable
	counts  *prometheus.Registry
	stop    func() // lets it flush, and closes it
}

// open opens a store over backends, and lets it run until the test is over.
func (b backends) open(tb testing.TB) *node {
	tb.Helper()
	n := &node{counts: prometheus.NewRegistry()}
	b.redis.OnBehind = func(id live.RoomID) { n.Behind(id) }
	p, err := postgres.Open(tb.Context(), b.postgres)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err = p.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	r, err := redis.Open(tb.Context(), b.redis)
	if err != nil {
		tb.Fatal(err)
	}
	n.hot, n.durable = &hot{Hot: r}, &durable{Durable: p}
	n.Store = paired.New(n.hot, n.durable, paired.Config{Metrics: paired.NewMetrics(n.counts)})
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	over := make(chan struct{})
	go func() {
		defer close(over)
		n.Run(ctx)
	}()
	n.stop = sync.OnceFunc(func() {
		cancel()
		<-over
		r.Close()
		p.Close()
	})
	tb.Cleanup(n.stop)
	return n
}

// breaking returns what cuts the connections of stores over the backends, to both.
func (b backends) breaking(tb testing.TB) func() {
	tb.Helper()
	address, _, _ := strings.Cut(strings.TrimPrefix(b.redis.URL, "redis://"), "?")
	name := strings.TrimSuffix(b.redis.Prefix, ":")
	return func() {
		client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, DisableCache: true})
		if err != nil {
			tb.Error(err)
			return
		}
		defer client.Close()
		ctx := context.WithoutCancel(tb.Context())
		list, err := client.Do(ctx, client.B().ClientList().Build()).ToString()
		if err != nil {
			tb.Error(err)
		}
		for line := range strings.Lines(list) {
			if id, ok := strings.CutPrefix(strings.Fields(line)[0], "id="); ok && strings.Contains(line, " name="+name+" ") {
				_ = client.Do(ctx, client.B().Arbitrary("CLIENT", "KILL", "ID", id).Build()).Error() // it may have gone
			}
		}
		execute(tb, b.postgres.URL+"-breaker",
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"+name+"'")
	}
}

// begun is when clocks of tests begin.
var begun = live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))

// checks is how often a property is checked: by the suite's three runs here, together about
// as often as anywhere.
const checks = 30

// open opens a store whose clock the suite moves.
func open(tb testing.TB) storetest.Backend {
	tb.Helper()
	clock := storetest.NewClock(begun)
	n := newBackends(tb, services.SharedRedis(tb)).withClock(clock).open(tb)
	return storetest.Backend{Set: n.Set(), Clock: clock, Checks: checks, Close: n.stop}
}

// openReal opens a store on the servers' clocks.
func openReal(tb testing.TB) storetest.Backend {
	tb.Helper()
	b := newBackends(tb, services.SharedRedis(tb))
	n := b.open(tb)
	return storetest.Backend{Set: n.Set(), Checks: checks, Close: n.stop, Break: b.breaking(tb)}
}

// long is why some tests are left out of all but one run.
const long = "it takes long, and is the same however the backends are reached"

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

func TestStoreOnTheServersClocks(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openReal,
		storetest.Exclude{Test: "words/WordsAreLists", Reason: long},
		storetest.Exclude{Test: "words/WordLimitChangesNothing", Reason: long},
		storetest.Exclude{Test: "sanctions/SanctionsOfThePastAreKept", Reason: long})
}

// What Redis has a part in, on one that is a cluster.
func TestStoreOnACluster(t *testing.T) {
	t.Parallel()
	cluster := services.NewCluster(t)
	roles := []string{
		"rooms", "log", "attributes", "presence", "bus", "follow", "history", "nodes", "log_races", "rooms_races",
		"attributes_races", "presence_races", "interrupted", "quizzes", "answers", "answers_races",
		"reports", "reports_races",
	}
	storetest.RunRoles(t, func(tb testing.TB) storetest.Backend {
		tb.Helper()
		n := newBackends(tb, cluster.URL()).open(tb)
		return storetest.Backend{Set: n.Set(), Checks: checks, Close: n.stop}
	}, roles)
}

// What Redis has a part in, on one that Sentinels name.
func TestStoreUnderSentinels(t *testing.T) {
	t.Parallel()
	sentinel := services.NewSentinel(t)
	storetest.RunRoles(t, func(tb testing.TB) storetest.Backend {
		tb.Helper()
		n := newBackends(tb, sentinel.URL()).open(tb)
		return storetest.Backend{Set: n.Set(), Checks: checks, Close: n.stop}
	}, []string{"log", "bus", "history", "nodes"})
}

// What Postgres has a part in, through a pool of its connections, as the handbook recommends
// it: statements are not prepared, and migrations go past it.
func TestStoreBehindPgBouncer(t *testing.T) {
	t.Parallel()
	storetest.RunRoles(t, func(tb testing.TB) storetest.Backend {
		tb.Helper()
		b := newBackends(tb, services.SharedRedis(tb))
		database := services.NewDatabase(tb) // the pool passes no search_path on
		b.postgres.URL, b.postgres.MigrateURL = services.Pooled(tb, database), database
		b.postgres.Schema, b.postgres.ExecMode = "", postgres.Exec
		n := b.open(tb)
		return storetest.Backend{Set: n.Set(), Checks: checks / 3, Close: n.stop}
	}, []string{"rooms", "sanctions", "history"},
		storetest.Exclude{Test: "sanctions/SanctionsAreAModel", Reason: long},
		storetest.Exclude{Test: "sanctions/SanctionsOfThePastAreKept", Reason: long})
}

// openMortal opens a store whose Redis is its own, and starts again now with all that it
// knew, now without the latest of it.
func openMortal(tb testing.TB) storetest.Backend {
	tb.Helper()
	r := services.NewRedis(tb)
	b := newBackends(tb, r.URL())
	b.redis.Timeout = 2 * time.Second
	n, lives := b.open(tb), 0
	restart := func() {
		if lives++; lives%2 == 1 {
			r.Do(tb, "SAVE")
		}
		r.Kill()
		r.Start(tb)
	}
	return storetest.Backend{Set: n.Set(), Checks: checks, Close: n.stop, Restart: restart}
}

// What happens in rooms, through the lives of their logs.
func TestStoreThatStartsAgain(t *testing.T) {
	t.Parallel()
	storetest.RunRoles(t, openMortal, []string{"follow"})
}

func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, openReal) }
