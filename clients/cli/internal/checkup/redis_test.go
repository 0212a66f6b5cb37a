package checkup_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/checkup"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/internal/testkit"
)

// redisAt checks a Redis.
func redisAt(t *testing.T, url string) findings {
	t.Helper()
	part, err := checkup.Redis(url, "ovation:")
	return examine(t, part, err)
}

func TestSoundRedis(t *testing.T) {
	t.Parallel()
	found := redisAt(t, services.NewRedis(t, "--appendonly", "yes").URL())
	found.allBut(t)
	for check, word := range map[string]string{
		"version": "version ", "protocol": "RESP3", "persistence": "append-only", "pubsub": "heard", "clock": "this machine's",
	} {
		found.want(t, check, checkup.OK, word)
	}
	if _, ok := found["slots"]; ok {
		t.Error("one that is no cluster was asked for its slots")
	}
}

func TestRedisThatLosesThings(t *testing.T) {
	t.Parallel()
	found := redisAt(t, services.NewRedis(t, "--maxmemory-policy", "allkeys-lru", "--maxmemory", "2mb").URL())
	found.want(t, "eviction", checkup.Fail, "allkeys-lru", "CONFIG SET maxmemory-policy noeviction")
	found.want(t, "persistence", checkup.Warn, "nothing is kept on disk", "CONFIG SET appendonly yes")
	found.allBut(t, "eviction", "persistence", "memory")

	snapshots := redisAt(t, services.NewRedis(t, "--save", "3600 1").URL())
	snapshots.want(t, "persistence", checkup.Warn, "snapshots alone (save 3600 1)")

	lazy := redisAt(t, services.NewRedis(t, "--appendonly", "yes", "--appendfsync", "no").URL())
	lazy.want(t, "persistence", checkup.Warn, "CONFIG SET appendfsync everysec")
}

func TestRedisThatIsFull(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t, "--appendonly", "yes", "--maxmemory", "4mb", "--maxclients", "8")
	for range 20 {
		server.Do(t, "APPEND", "ballast", strings.Repeat("x", 128<<10))
	}
	server.Do(t, "CONFIG", "SET", "maxclients", "1")
	found := redisAt(t, server.URL())
	found.want(t, "memory", checkup.Warn, "raise maxmemory")
	found.want(t, "connections", checkup.Warn, "CONFIG SET maxclients")
}

// What a user may not do is said with how to let them.
func TestRedisWithRights(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t, "--appendonly", "yes")
	at := func(rights ...string) findings {
		server.Do(t, append([]string{"ACL", "SETUSER", "node", "reset", "on", ">secret", "+@all"}, rights...)...)
		return redisAt(t, strings.Replace(server.URL(), "redis://", "redis://node:secret@", 1))
	}
	at("~ovation:*", "&ovation:*").allBut(t)
	tracking := at("~ovation:*", "&ovation:*", "-client|tracking")
	tracking.want(t, "tracking", checkup.Warn, "NOPERM", "+client|tracking", "uncached")
	tracking.allBut(t, "tracking")
	deaf := at("~ovation:*", "&else:*")
	deaf.want(t, "pubsub", checkup.Fail, "NOPERM", "&ovation:*")
	deaf.allBut(t, "pubsub")
	at("~ovation:*", "&ovation:*", "-spublish").want(t, "pubsub", checkup.Fail, "+spublish")
	at("~else:*", "&ovation:*").want(t, "scripts", checkup.Fail, "~ovation:*")
	unsaid := at("~ovation:*", "&ovation:*", "-config", "-time")
	unsaid.want(t, "clock", checkup.Fail, "TIME")
	unsaid.want(t, "persistence", checkup.OK, "append-only file")
	at("~ovation:*", "&ovation:*", "-info").alone(t, "NOPERM", "+info")
}

func TestRedisThatCannotBeReached(t *testing.T) {
	t.Parallel()
	redisAt(t, "redis://127.0.0.1:1").alone(t, "connection refused", "start it")
	locked := services.NewRedis(t, "--requirepass", "hush")
	redisAt(t, locked.URL()).alone(t, "NOAUTH", "redis://USER:PASSWORD@")
	wrong := redisAt(t, strings.Replace(locked.URL(), "redis://", "redis://default:wrong@", 1))
	wrong.alone(t, "WRONGPASS")
	if f := wrong["reach"]; strings.Contains(f.At+f.Found+f.Remedy, "wrong@") {
		t.Errorf("a password is told: %+v", f)
	}
	part, err := checkup.Redis(strings.Replace(locked.URL(), "redis://", "rediss://", 1), "")
	examineWithin(t, 200*time.Millisecond, part, err).alone(t, "TLS") // each waits for the other
}

// What hangs holds nobody up.
func TestRedisThatHangs(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t)
	server.Pause(t)
	defer server.Resume(t)
	part, err := checkup.Redis(server.URL(), "ovation:")
	examineWithin(t, 100*time.Millisecond, part, err).alone(t)
}

func TestRedisWithReplica(t *testing.T) {
	t.Parallel()
	primary := services.NewRedis(t, "--appendonly", "yes", "--repl-diskless-sync-delay", "0")
	host, port, _ := strings.Cut(primary.Addr(), ":")
	replica := services.NewRedis(t, "--replicaof", host+" "+port)
	testkit.Eventually(t, "the replica follows", func() bool {
		return strings.Contains(primary.Do(t, "INFO", "replication").(string), "state=online")
	})
	redisAt(t, primary.URL()).want(t, "replicas", checkup.Warn, "1 replica,", "CONFIG SET min-replicas-to-write 1")
	primary.Do(t, "CONFIG", "SET", "min-replicas-to-write", "1")
	redisAt(t, primary.URL()).want(t, "replicas", checkup.OK)
	redisAt(t, replica.URL()).alone(t, "it is a replica")
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	cluster := services.NewCluster(t)
	found := redisAt(t, cluster.URL())
	found.want(t, "reach", checkup.OK, "3 primaries", "cluster")
	found.want(t, "slots", checkup.OK, "16384")
	found.want(t, "pubsub", checkup.OK)
	for name := range found {
		if strings.HasPrefix(name, "replicas") {
			found.want(t, name, checkup.Warn, "1 replica,")
		}
	}
}

func TestRedisURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "127.0.0.1:6379", "http://localhost", "redis://u:hush@host:6379/x"} {
		_, err := checkup.Redis(url, "")
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", url, err)
		}
	}
	part, err := checkup.Redis("redis://u:hush@host:6379?addr=other:6380", "")
	if err != nil || part.Name() != "redis host:6379,other:6380" {
		t.Errorf("%v, %v", part, err)
	}
}
