package services

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The size of a cluster: the first are primaries at first, each of the rest replicates one.
const (
	primaries = 3
	members   = 2 * primaries
	slots     = 16384
)

// Cluster is a Redis Cluster of a test's own, three primaries with a replica each. Its methods
// are for one goroutine at a time.
type Cluster struct {
	// Members are its servers. Which of them are primaries changes.
	Members []*Redis
	ids     []string // what the members call themselves
}

// NewCluster runs a Redis Cluster until the test ends, with settings for each server.
func NewCluster(tb testing.TB, args ...string) *Cluster {
	tb.Helper()
	c := new(Cluster)
	for range members {
		c.Members = append(c.Members, NewRedis(tb, c.settings(tb, args)...))
		c.ids = append(c.ids, c.Members[len(c.ids)].text(tb, "CLUSTER", "MYID"))
	}
	c.divide(tb)
	c.meet(tb)
	for i, replica := range c.Members[primaries:] {
		replica.Do(tb, "CLUSTER", "REPLICATE", c.ids[i])
	}
	c.Await(tb)
	return c
}

// settings of a member. A primary that does not answer for three seconds has failed: one that
// is only slow should not.
func (*Cluster) settings(tb testing.TB, args []string) []string {
	tb.Helper()
	return append([]string{
		"--cluster-enabled", "yes", "--cluster-node-timeout", "3000", "--cluster-port", strconv.Itoa(FreePort(tb)),
		"--cluster-replica-validity-factor", "0", "--cluster-migration-barrier", "1", "--repl-diskless-sync-delay", "0",
	}, args...)
}

// divide gives each primary its slots, and another epoch, so that none contends with another.
func (c *Cluster) divide(tb testing.TB) {
	tb.Helper()
	for i, primary := range c.Members[:primaries] {
		first, next := i*slots/primaries, (i+1)*slots/primaries
		primary.Do(tb, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(next-1))
		primary.Do(tb, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
	}
}

// meet makes the members known to each other.
func (c *Cluster) meet(tb testing.TB) {
	tb.Helper()
	for _, member := range c.Members[1:] {
		bus := member.Do(tb, "CONFIG", "GET", "cluster-port").(map[string]any)["cluster-port"].(string)
		c.Members[0].Do(tb, "CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(member.port), bus)
	}
	await(tb, "the members know each other", func() bool {
		return !slices.ContainsFunc(c.Members, func(r *Redis) bool { return len(r.view(tb)) != members })
	})
}

// Await waits until every member that runs says that all slots are served, and until each
// primary's replica has what it has.
func (c *Cluster) Await(tb testing.TB) {
	tb.Helper()
	await(tb, "the cluster serves all slots, and has replicas", func() bool {
		return !slices.ContainsFunc(c.Members, func(r *Redis) bool { return !r.settled(tb) })
	})
}

// URL returns the cluster's address as clients take it.
func (c *Cluster) URL() string {
	others := make([]string, 0, members-1)
	for _, member := range c.Members[1:] {
		others = append(others, "addr="+member.Addr())
	}
	return c.Members[0].URL() + "?" + strings.Join(others, "&")
}

// Slot returns the slot of a key.
func (c *Cluster) Slot(tb testing.TB, key string) int {
	tb.Helper()
	for _, member := range c.Members {
		if member.running != nil {
			return int(member.Do(tb, "CLUSTER", "KEYSLOT", key).(int64))
		}
	}
	tb.Fatal("no member runs")
	return 0
}

// Primary returns which of the members serves a slot. It waits for one where none does.
func (c *Cluster) Primary(tb testing.TB, slot int) (found int) {
	tb.Helper()
	await(tb, fmt.Sprintf("a primary serves slot %d", slot), func() bool {
		found = slices.IndexFunc(c.Members, func(r *Redis) bool { return r.serves(tb, slot) })
		return found >= 0
	})
	return found
}

// failoverLimit is longer than what a replica gives an attempt to take over. One fails where
// the others have not heard yet of what changed before.
const failoverLimit = 6 * time.Second

// Failover hands what the primary of a slot serves over to a replica of it, in good order,
// and returns which that is.
func (c *Cluster) Failover(tb testing.TB, slot int) int {
	tb.Helper()
	old := c.Primary(tb, slot)
	next := slices.IndexFunc(c.Members, func(r *Redis) bool { return r.replicates(tb, c.ids[old]) })
	if next < 0 {
		tb.Fatalf("the primary of slot %d has no replica", slot)
	}
	var asked time.Time
	await(tb, "the replica is the primary, and the primary knows", func() bool {
		if c.Members[next].serves(tb, slot) {
			return !c.Members[old].serves(tb, slot)
		}
		if time.Since(asked) > failoverLimit {
			asked = time.Now()
			_, _ = c.Members[next].do("CLUSTER", "FAILOVER") // it may have become the primary just now
		}
		return false
	})
	return next
}

// Kill ends the primary of a slot at once, and returns which that was. Its replica takes over
// by itself, and it becomes that one's replica when it is started again.
func (c *Cluster) Kill(tb testing.TB, slot int) int {
	tb.Helper()
	old := c.Primary(tb, slot)
	c.Members[old].Kill()
	return old
}

// MigrateSlot moves a slot with all its keys to another primary, as resharding does, while it
// is served, and returns which that is.
func (c *Cluster) MigrateSlot(tb testing.TB, slot int) int {
	tb.Helper()
	from, number := c.Primary(tb, slot), strconv.Itoa(slot)
	to := slices.IndexFunc(c.Members, func(r *Redis) bool {
		return r != c.Members[from] && r.running != nil && r.self(tb).is("master") && len(r.self(tb).ranges) > 0
	})
	if to < 0 {
		tb.Fatal("there is no other primary")
	}
	c.Members[to].Do(tb, "CLUSTER", "SETSLOT", number, "IMPORTING", c.ids[from])
	c.Members[from].Do(tb, "CLUSTER", "SETSLOT", number, "MIGRATING", c.ids[to])
	for {
		keys := c.Members[from].Do(tb, "CLUSTER", "GETKEYSINSLOT", number, "100").([]any)
		if len(keys) == 0 {
			break
		}
		args := []string{"MIGRATE", "127.0.0.1", strconv.Itoa(c.Members[to].port), "", "0", "60000", "KEYS"}
		for _, key := range keys {
			args = append(args, key.(string))
		}
		c.Members[from].Do(tb, args...)
	}
	// The one that takes it first: the slot is never without a server.
	c.Members[to].Do(tb, "CLUSTER", "SETSLOT", number, "NODE", c.ids[to])
	c.Members[from].Do(tb, "CLUSTER", "SETSLOT", number, "NODE", c.ids[to])
	await(tb, "the slot has moved", func() bool { return c.Members[to].serves(tb, slot) })
	return to
}

// await polls until something holds.
func await(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	for begun := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > patience {
			tb.Fatalf("still not: %s", what)
		}
	}
}
