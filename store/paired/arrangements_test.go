//go:build !race

package paired_test

import (
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/storetest"
)

// TestStore is the suite on one Redis and one Postgres, under the race detector. Here it is on
// what else there may be: the same code of ours over other servers, whose answers may differ
// and whose races it has been through. So these run without the detector, in a step of their
// own of `make test`, and no more of the suite than what the arrangement has a part in.

// elsewhere is why some tests are left out of these.
const elsewhere = "it takes long, and is the same however the backends are reached"

// On the clocks of the servers, which do not stand still and are two, and over connections
// that break: all of it.
func TestStoreOnTheServersClocks(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openReal,
		storetest.Exclude{Test: "words/WordsAreLists", Reason: elsewhere},
		storetest.Exclude{Test: "sanctions/SanctionsOfThePastAreKept", Reason: elsewhere})
}

// On a cluster: whatever has a script in Redis, for its keys must be of one slot, and whatever
// is published, for the channel must be of that too. Sanctions, words, events and the books
// send no others than rooms do.
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
		b := newBackends(tb, cluster.URL())
		n := b.open(tb)
		return storetest.Backend{Set: n.Set(), Checks: fewer, Close: b.close(n)}
	}, roles)
}

// Under Sentinels: they change how the one server is found and subscribed to, which is
// the same for every script. What is there when it is another: see store/redis, test/failure.
func TestStoreUnderSentinels(t *testing.T) {
	t.Parallel()
	sentinel := services.NewSentinel(t)
	storetest.RunRoles(t, func(tb testing.TB) storetest.Backend {
		tb.Helper()
		b := newBackends(tb, sentinel.URL())
		n := b.open(tb)
		return storetest.Backend{Set: n.Set(), Checks: fewer, Close: b.close(n)}
	}, []string{"log", "bus", "history", "nodes"})
}

// Behind PgBouncer, as the handbook recommends it (statements are not prepared, and migrations
// go past it): what is done in transactions of several statements, and in batches. Redis has
// no part in it.
func TestStoreBehindPgBouncer(t *testing.T) {
	t.Parallel()
	storetest.RunRoles(t, func(tb testing.TB) storetest.Backend {
		tb.Helper()
		b := newBackends(tb, services.SharedRedis(tb))
		database := services.NewDatabase(tb) // the pool passes no search_path on
		b.postgres.URL, b.postgres.MigrateURL = services.Pooled(tb, database), database
		b.postgres.Schema, b.postgres.ExecMode = "", postgres.Exec
		n := b.open(tb)
		return storetest.Backend{Set: n.Set(), Checks: fewer, Close: n.stop}
	}, []string{"rooms", "sanctions", "history", "consumers", "webhooks", "gifts", "gifts_races"},
		storetest.Exclude{Test: "sanctions/SanctionsAreAModel", Reason: elsewhere},
		storetest.Exclude{Test: "sanctions/SanctionsOfThePastAreKept", Reason: elsewhere})
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
	return storetest.Backend{Set: n.Set(), Checks: fewer, Close: b.close(n), Restart: restart}
}

// What happens in rooms, through the lives of their logs.
func TestStoreThatStartsAgain(t *testing.T) {
	t.Parallel()
	storetest.RunRoles(t, openMortal, []string{"follow"})
}

// What the store records by itself.
func TestStoreThatRecords(t *testing.T) {
	t.Parallel()
	storetest.RunRoles(t, func(tb testing.TB) storetest.Backend {
		tb.Helper()
		b := newBackends(tb, services.SharedRedis(tb))
		b.postgres.Payloads = storetest.Payloads{}
		n := b.open(tb)
		return storetest.Backend{Set: n.Set(), Records: true, Close: n.stop}
	}, []string{"recording"})
}
