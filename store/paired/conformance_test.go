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
	giveBack func() // lets other tests have the schema; nobody has the store open by then
}

// newBackends returns a namespace in the Redis at an address, and in the Postgres that
// the package shares.
func newBackends(tb testing.TB, redisURL string) backends {
	tb.Helper()
	name := strings.ToLower(rand.Text()[:13])
	schema, giveBack := schemas.Borrow(tb)
	return backends{
		redis: redis.Config{
			URL: withParameter(redisURL, "client_name="+name), Prefix: name + ":", Timeout: slow, PutAgain: time.Nanosecond,
		},
		postgres: inSchema(tb, schema),
		giveBack: giveBack,
	}
}

// schemas are those that tests have one after the other.
var schemas = services.NewSchemas(func(tb testing.TB, name string) {
	tb.Helper()
	p, err := postgres.Open(tb.Context(), inSchema(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	defer p.Close()
	migrate(tb, p)
})

// inSchema returns the configuration of a store in a schema.
func inSchema(tb testing.TB, name string) postgres.Config {
	tb.Helper()
	return postgres.Config{
		URL: services.SharedPostgres(tb) + "&application_name=" + name, Schema: name, Timeout: slow, MaxConns: 4,
	}
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
	migrate(tb, p)
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

// migrate makes the tables where there are none.
func migrate(tb testing.TB, p *postgres.Store) {
	tb.Helper()
	v, err := p.Version(tb.Context())
	if err == nil && v.Applied < v.Wanted {
		_, err = p.Migrate(tb.Context())
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// close returns what closes a node and has the next test use its schema.
func (b backends) close(n *node) func() {
	return func() {
		n.stop()
		b.giveBack()
	}
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
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '"+b.postgres.Schema+"'")
	}
}

// begun is when clocks of tests begin.
var begun = live.At(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))

// open opens a store whose clock the suite moves.
func open(tb testing.TB) storetest.Backend {
	tb.Helper()
	clock := storetest.NewClock(begun)
	b := newBackends(tb, services.SharedRedis(tb)).withClock(clock)
	n := b.open(tb)
	return storetest.Backend{Set: n.Set(), Clock: clock, Checks: 10, Close: b.close(n)}
}

// openReal opens a store on the servers' clocks.
func openReal(tb testing.TB) storetest.Backend {
	tb.Helper()
	b := newBackends(tb, services.SharedRedis(tb))
	n := b.open(tb)
	return storetest.Backend{Set: n.Set(), Checks: fewer, Close: b.close(n), Break: b.breaking(tb)}
}

// fewer is how often a property is checked that another run checks too.
const fewer = 5

// The whole suite, under the race detector. How else the two may be arranged is in
// arrangements_test.go.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open, storetest.Exclude{
		Test: "words/WordLimitChangesNothing", Reason: "it takes long under the detector: see TestStoreOnTheServersClocks",
	})
}

func BenchmarkStore(b *testing.B) { storetest.Benchmark(b, openReal) }
