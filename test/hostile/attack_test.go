package hostile

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// attack is something done to a server, and what it may cost.
type attack struct {
	name string
	env  []string // of the server
	most int      // MiB of resident memory that it may take at its peak, beyond what was there
	do   func(t *testing.T, s *server)
}

// The server has given back what an attack took when it has no more than so many
// goroutines, and MiB of heap, beyond what it had. Users, addresses, tokens and sessions are
// remembered for a while, which is part of it.
const (
	mayKeepGoroutines = 100
	mayKeepHeap       = 32
)

// run attacks a server of its own. Meanwhile a room is used as rooms are: nothing of it may be
// lost. Afterwards the server must be what it was. Attacks are not parallel: each is
// measured alone.
func (a attack) run(t *testing.T) {
	t.Helper()
	needLinux(t)
	s := launch(t, a.env...)
	room := s.openSteady(t)
	idle := s.holding(t)
	before := s.usage(t)
	s.forgetPeak(t)
	begun := time.Now()
	if !t.Run("attack", func(t *testing.T) { a.do(t, s) }) { // its connections are closed when it is over
		t.FailNow()
	}
	took := time.Since(begun)
	after := s.usage(t)
	sent, late := room.close(t)
	eventually(t, "what was taken is given back", func() bool {
		now := s.holding(t)
		return now.goroutines <= idle.goroutines+mayKeepGoroutines && now.heap <= idle.heap+mayKeepHeap
	})
	left := s.usage(t)
	t.Logf("| %s | %.1f | %.1f | %d | %d | %d | %d | %d ms |", a.name, took.Seconds(), (after.cpu - before.cpu).Seconds(),
		before.resident, after.peak, left.resident, sent, late.Milliseconds())
	if grown := after.peak - before.resident; grown > a.most {
		t.Errorf("resident memory grew by %d MiB, more than %d", grown, a.most)
	}
}

// usage is what a process uses; memory is in MiB.
type usage struct {
	cpu            time.Duration
	resident, peak int
}

// tick is the unit in which Linux counts the time of processes for its readers.
const tick = 10 * time.Millisecond

// usage returns what the server uses.
func (s *server) usage(t *testing.T) usage {
	t.Helper()
	_, stat, _ := strings.Cut(s.proc(t, "stat"), ") ") // its name is in brackets
	fields := strings.Fields(stat)
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		t.Fatal(err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		t.Fatal(err)
	}
	status := s.proc(t, "status")
	return usage{time.Duration(user+system) * tick, mebibytes(t, status, "VmRSS"), mebibytes(t, status, "VmHWM")}
}

// mebibytes returns a line of /proc/PID/status.
func mebibytes(t *testing.T, status, name string) int {
	t.Helper()
	found := regexp.MustCompile(name + `:\s+(\d+) kB`).FindStringSubmatch(status)
	if found == nil {
		t.Fatalf("no %s in\n%s", name, status)
	}
	kibibytes, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return kibibytes >> 10
}

// forgetPeak has the kernel begin anew with the peak of resident memory. Where it does not,
// that is the peak since the start: no lower.
func (s *server) forgetPeak(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.pid), []byte("5"), 0o600); err != nil {
		t.Logf("the peak is that since the start: %v", err)
	}
}

// holding is what a server holds on to, when its garbage is collected.
type holding struct{ goroutines, heap int }

func (s *server) holding(t *testing.T) holding {
	t.Helper()
	s.operate(t, "/debug/pprof/heap?gc=1")
	return holding{
		goroutines: int(s.metric(t, "go_goroutines")),
		heap:       int(s.metric(t, "go_memstats_heap_alloc_bytes")) >> 20,
	}
}
