package services

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What the Sentinels call what they watch, how many there are, and how many must agree that
// it is away.
const (
	masterSet = "ovation"
	sentinels = 3
	quorum    = 2
)

// Sentinel is a Redis with a replica, and three Sentinels that replace one by the other, of
// a test's own. Its methods are for one goroutine at a time.
type Sentinel struct {
	// Members are the servers. Which of them is the primary changes.
	Members []*Redis
	// Sentinels watch over them.
	Sentinels []*Redis
}

// NewSentinel runs a Redis, a replica and three Sentinels until the test ends, with settings
// for each server.
func NewSentinel(tb testing.TB, args ...string) *Sentinel {
	tb.Helper()
	args = append([]string{"--repl-diskless-sync-delay", "0"}, args...)
	primary := NewRedis(tb, args...)
	host, port, _ := strings.Cut(primary.Addr(), ":")
	s := &Sentinel{Members: []*Redis{primary, NewRedis(tb, append(args, "--replicaof", host+" "+port)...)}}
	for range sentinels {
		r, err := try(func() (*Redis, error) { return startSentinel(primary.port) })
		check(tb, err)
		tb.Cleanup(r.remove)
		s.Sentinels = append(s.Sentinels, r)
	}
	s.Await(tb)
	return s
}

// startSentinel runs a Sentinel that watches over a primary. One that does not answer for
// three seconds has failed: one that is only slow should not.
func startSentinel(primary int) (*Redis, error) {
	return launchRedis("+monitor master", func(port int, folder string) ([]string, error) {
		file := filepath.Join(folder, "sentinel.conf") // it keeps in there what it learns
		text := fmt.Sprintf(`port %d
bind 127.0.0.1
dir %s
sentinel monitor %[3]s 127.0.0.1 %d %d
sentinel down-after-milliseconds %[3]s 3000
sentinel failover-timeout %[3]s 6000
`, port, folder, masterSet, primary, quorum)
		return []string{file, "--sentinel"}, os.WriteFile(file, []byte(text), 0o600)
	})
}

// URL returns the address as clients take it: that of the Sentinels.
func (s *Sentinel) URL() string {
	named := []string{"master_set=" + masterSet}
	for _, other := range s.Sentinels[1:] {
		named = append(named, "addr="+other.Addr())
	}
	return s.Sentinels[0].URL() + "?" + strings.Join(named, "&")
}

// Await waits until every Sentinel knows the others and the primary, and each replica that
// runs has all that the primary had when this was called.
func (s *Sentinel) Await(tb testing.TB) {
	tb.Helper()
	await(tb, "the Sentinels know each other, the primary and its replicas", func() bool {
		return !slices.ContainsFunc(s.Sentinels, func(r *Redis) bool { return !s.watches(r) })
	})
	primary := s.Members[s.Primary(tb)]
	written := primary.replication()["master_repl_offset"]
	await(tb, "the replicas have what the primary has", func() bool {
		return !slices.ContainsFunc(s.Members, func(r *Redis) bool {
			return r != primary && r.running != nil && !r.follows(written)
		})
	})
}

// replication returns what the server says of its part in replication; nothing where it does
// not answer, as one whose part changes just now.
func (r *Redis) replication() map[string]string {
	said := make(map[string]string)
	text, _ := r.do("INFO", "replication")
	all, _ := text.(string)
	for line := range strings.Lines(all) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		said[name] = value
	}
	return said
}

// follows tells whether a server is a replica, and has so much of what its primary has.
func (r *Redis) follows(written string) bool {
	said := r.replication()
	has, _ := strconv.Atoi(said["master_repl_offset"]) // what Redis writes is a number
	wanted, _ := strconv.Atoi(written)
	return said["master_link_status"] == "up" && has >= wanted
}

// watches tells whether a Sentinel does not run, or knows whom it has to and could replace
// the primary.
func (s *Sentinel) watches(r *Redis) bool {
	if r.running == nil {
		return true
	}
	if _, err := r.do("SENTINEL", "CKQUORUM", masterSet); err != nil {
		return false
	}
	answer, _ := r.do("SENTINEL", "MASTER", masterSet)
	known, _ := answer.(map[string]any)
	return known["num-other-sentinels"] == fmt.Sprint(sentinels-1) && known["num-slaves"] == fmt.Sprint(len(s.Members)-1) &&
		known["flags"] == "master"
}

// Primary returns which of the members is the primary, by the word of most Sentinels and
// its own. It waits for one where there is none.
func (s *Sentinel) Primary(tb testing.TB) (found int) {
	tb.Helper()
	await(tb, "there is a primary", func() (ok bool) {
		found, ok = s.primary()
		return ok
	})
	return found
}

func (s *Sentinel) primary() (at int, found bool) {
	votes := make([]int, len(s.Members))
	for _, r := range s.Sentinels {
		answer, _ := r.do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterSet)
		named, _ := answer.([]any)
		for i, member := range s.Members {
			if len(named) == 2 && named[1] == fmt.Sprint(member.port) {
				votes[i]++
			}
		}
	}
	at = slices.Index(votes, slices.Max(votes))
	r := s.Members[at]
	return at, votes[at] >= quorum && r.running != nil && r.replication()["role"] == "master"
}

// Kill ends the primary at once, and returns which that was. The replica takes its place,
// and it becomes that one's replica when it is started again.
func (s *Sentinel) Kill(tb testing.TB) int {
	tb.Helper()
	old := s.Primary(tb)
	s.Members[old].Kill()
	return old
}

// Failover has the replica take the primary's place in good order, and returns which that
// is.
func (s *Sentinel) Failover(tb testing.TB) int {
	tb.Helper()
	old := s.Primary(tb)
	s.Sentinels[0].Do(tb, "SENTINEL", "FAILOVER", masterSet)
	var next int
	await(tb, "another is the primary", func() bool {
		at, found := s.primary()
		next = at
		return found && at != old
	})
	return next
}
