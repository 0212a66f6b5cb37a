package cluster_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/cluster"
	"github.com/ovation-live/ovation/store"
)

func TestNodesAnnounceThemselves(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		begun := live.At(time.Now())
		a := r.start("http://a", func(c *cluster.Config) { c.ID = "node-a" })
		r.start("http://b", func(c *cluster.Config) { c.ID = "node-b" })
		r.create("r")
		r.crowd("r", 0, 3, a)
		r.pass(3 * time.Second)
		want := []store.Node{
			{ID: "node-a", Endpoint: "http://a", Viewers: 3, Started: begun},
			{ID: "node-b", Endpoint: "http://b", Started: begun},
		}
		if got, err := r.store.Nodes.Nodes(r.ctx); err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v, %v", got, err)
		}
		if got := a.value(`nodes{state="open"}`); got != 2 {
			t.Errorf("%v nodes are known", got)
		}
		if got := a.Endpoints(); !slices.Equal(got, []string{"http://a", "http://b"}) {
			t.Errorf("endpoints %q", got)
		}
	})
}

func TestNodesWithoutNamesGetTheirOwn(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		r.start("http://a")
		r.start("http://b")
		r.pass(time.Second)
		got, err := r.store.Nodes.Nodes(r.ctx)
		if err != nil || len(got) != 2 || got[0].ID == got[1].ID {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// A node that stops is gone at once; one that dies, or is away, when its lease is over.
func TestNodesGo(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		a, b, c := r.start("http://a"), r.start("http://b"), r.start("http://c")
		r.pass(2 * time.Second)
		b.stop()
		r.pass(time.Second)
		if got := a.Endpoints(); !slices.Equal(got, []string{"http://a", "http://c"}) {
			t.Errorf("one has stopped: %q", got)
		}
		c.away.Store(true)
		r.pass(3 * time.Second)
		if got := a.Endpoints(); !slices.Equal(got, []string{"http://a", "http://c"}) {
			t.Errorf("one is silent for 3 s: %q", got)
		}
		r.pass(5 * time.Second)
		if got := a.Endpoints(); !slices.Equal(got, []string{"http://a"}) {
			t.Errorf("one is silent for 8 s: %q", got)
		}
		if got := c.Endpoints(); !slices.Equal(got, []string{"http://a", "http://c"}) {
			t.Errorf("it knows of %q", got)
		}
		if n := strings.Count(c.logs.String(), "level=WARN"); n != 2 || c.value(`failures_total{task="read"}`) < 5 {
			t.Errorf("%d warnings:\n%s", n, c.logs)
		}
		c.away.Store(false)
		r.pass(3 * time.Second)
		if got := a.Endpoints(); !slices.Equal(got, []string{"http://a", "http://c"}) {
			t.Errorf("it is back: %q", got)
		}
		if !strings.Contains(c.logs.String(), "in touch with other nodes again") {
			t.Errorf("logged:\n%s", c.logs)
		}
	})
}

// endpoints asks a node for a room's viewers, and counts where it sends them.
func (n *node) endpoints(id live.RoomID, sessions int) map[string]int {
	count := make(map[string]int)
	for i := range sessions {
		count[n.Endpoint(id, sessions, userNumber(id, i))]++
	}
	return count
}

func TestEveryNodeNamesTheSameEndpoint(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		alone := r.start("http://a")
		r.pass(2 * time.Second)
		if got := alone.endpoints("r", 1000); got[""] != 1000 {
			t.Errorf("with one node: %v", got)
		}
		nodes := []*node{alone, r.start("http://b"), r.start("http://c"), r.start("http://d")}
		r.pass(2 * time.Second)
		for i := range 50 {
			id := live.RoomID(rune('a' + i))
			for _, sessions := range []int{1, 100, 150, 390} {
				user := userNumber(id, i)
				named := make(map[string]int)
				for _, n := range nodes {
					named[n.Endpoint(id, sessions, user)]++
				}
				if len(named) != 1 || named[""] != 0 {
					t.Errorf("%s of %d: %v are named", id, sessions, named)
				}
			}
		}
		if got := alone.endpoints("r", 100); len(got) != 1 {
			t.Errorf("a small room is on %v", got)
		}
		got := alone.endpoints("r", 400)
		for _, endpoint := range []string{"http://a", "http://b", "http://c", "http://d"} {
			if got[endpoint] < 60 || got[endpoint] > 140 {
				t.Errorf("a room of 400 is on %v", got)
			}
		}
	})
}

// Who does not say where they are neither sends nor gets anybody.
func TestNodesWithoutEndpoints(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		mute, a := r.start(""), r.start("http://a")
		r.start("http://b")
		r.pass(2 * time.Second)
		if got := mute.endpoints("r", 300); got[""] != 300 || mute.Endpoints() != nil {
			t.Errorf("it sends viewers to %v", got)
		}
		if got := a.endpoints("r", 300); got["http://a"]+got["http://b"] != 300 || got["http://a"] == 0 || got["http://b"] == 0 {
			t.Errorf("others send viewers to %v", got)
		}
		r.create("r")
		r.crowd("r", 0, 50, mute)
		r.pass(time.Minute)
		if all, _ := r.moved(); all != 0 {
			t.Errorf("%d viewers were moved from it", all)
		}
	})
}

func TestNobodyIsSentToWhoDrains(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		a, b, c := r.start("http://a"), r.start("http://b"), r.start("http://c")
		r.pass(2 * time.Second)
		b.Drain(r.ctx)
		if got := b.endpoints("r", 300); got["http://b"] != 0 || got[""] != 0 {
			t.Errorf("it sends viewers to %v", got)
		}
		r.pass(time.Second)
		if got := a.endpoints("r", 300); got["http://b"] != 0 || got["http://c"] == 0 {
			t.Errorf("others send viewers to %v", got)
		}
		if a.value(`nodes{state="open"}`) != 2 || a.value(`nodes{state="draining"}`) != 1 {
			t.Error("not counted")
		}
		a.Drain(r.ctx)
		c.Drain(r.ctx)
		r.pass(time.Second)
		for _, n := range []*node{a, b, c} {
			if got := n.endpoints("r", 300); got[""] != 300 {
				t.Errorf("all drain, and viewers are sent to %v", got)
			}
		}
	})
}

// Two nodes under one id, or behind one address, are somebody's mistake; a node that is
// restarted is not.
func TestMistakesAreSaid(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		named := func(c *cluster.Config) { c.ID = "node-1" }
		first := r.start("http://a", named)
		r.pass(time.Second / 2)
		r.start("http://b", named)
		r.pass(10 * time.Second)
		if n := strings.Count(first.logs.String(), "--node-id"); n != 1 {
			t.Errorf("warned %d times:\n%s", n, first.logs)
		}
		neighbours := []*node{r.start("http://c"), r.start("http://c")}
		r.pass(time.Minute)
		for _, n := range neighbours {
			if got := strings.Count(n.logs.String(), "--advertise-url"); got != 1 {
				t.Errorf("warned %d times:\n%s", got, n.logs)
			}
		}
	})
}

func TestARestartIsNoMistake(t *testing.T) {
	scenario(t, func(t *testing.T, r *region) {
		r.start("http://b")
		dies := r.start("http://a")
		r.pass(3 * time.Second)
		dies.away.Store(true) // as if it had been killed
		again := r.start("http://a")
		r.pass(time.Minute)
		if got := again.logs.String(); strings.Contains(got, "WARN") {
			t.Errorf("logged:\n%s", got)
		}
	})
}
